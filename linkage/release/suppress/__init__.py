"""Which cells to hide so that no small one can be worked out: as few as can be, in all tables of a release together.

Read in this order: `problem` (counts, sums, what may be hidden), `attacker` (a reader who subtracts), `cuts` (what each
safe pattern holds), `bound` (the least that must be lost), `pattern` and `search` (a small safe pattern), `insiders` (a
woman who knows her own count), `exact` (closing the gap), `solve` (all of it).
"""
