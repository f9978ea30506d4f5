"""Judges what is about to leave, in code that shares nothing with the suppressor.

`files`: do the published files keep the rules? `notes`, `seen`, `across`: what a reader of them knows, of each outcome
and from one about another. `reader`: what he can prove, and the tables that show he cannot prove more. `certificate`:
those tables, to be checked by addition. `judge`: pass or not.
"""
