"""Judges what is about to leave, in code that shares nothing with the suppressor.

`files`, `sums`, `codes`: do the published files, numbers of events in them, and what is said of their codes, keep the
rules? `notes`, `seen`, `across`, `entries`: what a reader of them knows, of each outcome, from one about another, and
of who came again. `reader`: what he can prove, and the tables that show he cannot prove more. `certificate`: those
tables, to be checked by addition. `judge`: pass or not.
"""
