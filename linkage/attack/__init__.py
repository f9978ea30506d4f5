"""The attack on our own tokens: what somebody inside the matching zone could find out about the people behind them.

The intruder holds the tokens of every view, knows the scheme (schemas/encodings.yaml), and has lists of people of the
same country who are not among those attacked. He has not the key. In reading order: `sample` (which rows share a
value) · `public` · `likelihood` · `frequency` · `names` · `dates` · `digits` · `attack` · `score` · `rules` ·
`surnames` · `control`. Nothing here sees an extract of those attacked. Attacks only ever get better: a share
re-identified is a lower bound, and an attack that misses its positive control proves nothing.
"""
