"""The women's outcomes linkage pipeline, in reading order.

`contracts`         what is declared in schemas/
`pseudonymisation`  sees names and keys; gives encodings and attributes
`blocking`          sees fragments of names under a pseudonym of their own; gives pairs to compare
`matching`          sees encodings; gives the person index
`cohorts`           sees person ids and facts; gives counts
`release`           sees counts; gives published tables

Each of the five zones imports `contracts`, `errors` and itself, and could be run by another organisation. They meet in
files, and only `stages` knows where the files are (`workspace`), with what belongs to it: `keyring` (the life of keys),
`ledger` (the log of it), `sealing` (sealed blocking), `models` (weights that outlive an epoch). `quality` runs
expectations, `report` draws pages, `evaluation` compares links with a truth, `synthetic` invents people,
`orchestration` runs the DAGs without a server.
"""
