"""Sees counts, and decides what may leave.

Read in this order: `columns` (what a published row holds), `suppression` (which cells must not be seen), `control`
(unrounded counts in, publishable rows out), `publish` (the files), `audit` (the files, judged by code of its own).
"""
