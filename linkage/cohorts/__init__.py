"""Sees person ids and facts, no name and no token: who is in a cohort, what became of her, and how many they are.

In reading order: `members` (who, and when), `outcomes` (what became of her), `tabulate` (counts), `behind` and
`frequency` (of how many women these are, and how many events), `link_quality` (how well each group was linked) and
`contradictions` (records that cannot be one person).
"""
