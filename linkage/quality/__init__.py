"""Gates: what types cannot say about a table (completeness, volumes, shares), judged by Great Expectations.

Read in this order: `suites` (what is declared in expectations/, and what follows from a contract by itself), `facts`
(the counts and shares a suite may judge), `gate` (run a suite; a verdict without a value in it).
"""
