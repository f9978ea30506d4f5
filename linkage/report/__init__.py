"""The one renderer: published rows and facts in, pages out that stand alone, with no script and no outside file.

Read in this order: `facts` (what pages are made from), `release_view` and `quality_view` (what a page says), `wording`
(how it prints a published figure), `charts` and `quality_charts` (static SVG), `pages` (templates into one HTML text).
"""
