"""schemas/ as frozen models that refuse what they do not know; all mistakes of all files in one message.

`reading` how a file is read · `dataset` one contract per extract, and the scope · `encodings` the linkage schema · the
others declare what is counted (`period`, `cohort`, `outcome`, `table` …) and what may be published (`disclosure`).
"""
