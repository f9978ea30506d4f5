"""The attack on our own tokens: what somebody inside the matching zone could find out about the people behind them.

The intruder holds the tokens, knows the scheme (schemas/encodings.yaml) and people of the same country who are not
among those attacked: he encodes them under a key of his own, and so has tokens with their meaning. He has not the key.
In reading order: `sample` · `likelihood` · `names` · `dates` · `digits` · `control` · `attack` · `score`. Nothing here
sees an extract of those attacked. Attacks only ever get better: a share re-identified is a lower bound, and an attack
that misses its positive control proves nothing.
"""
