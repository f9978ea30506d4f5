"""Turns sealed rule keys into pairs of records to compare. Sees fragments of names, and neither a row nor a token.

Two steps that share no file but the pairs: `candidates` sees rule keys under a pseudonym of their own, `opened` sees
those pairs and which pseudonym stands for which row. Who scores the rows is given opened pairs, and never a fragment.
"""
