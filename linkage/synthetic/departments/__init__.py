"""What each department writes down about it, in its own native mess, and what it delivers on a day.

In reading order: `mistakes` (what clerks get wrong, when, until when) · `slips` (what a slip makes of one text) ·
`writing` and `numbers` (a person written down) · `columns` (what the extracts share) · one module per department ·
`delivery` (the files) · `dictionary` (what comes with them).
"""
