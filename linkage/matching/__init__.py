"""Finds the records of one person by comparing tokens. Sees encodings, and no attribute.

Reading order: profiles (identical rows become one), model (what an agreement is worth), score (pairs), person_index
(people).
"""
