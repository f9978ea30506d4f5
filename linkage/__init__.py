"""The women's outcomes linkage pipeline, in reading order.

`contracts`         what is declared in schemas/
`pseudonymisation`  sees names and keys; gives encodings and attributes
`matching`          sees encodings; gives the person index
`cohorts`           sees person ids and facts; gives counts
`release`           sees counts; gives published tables

Each of the four zones imports `contracts`, `errors` and itself, and could be run by another organisation. They meet in
files, and only `stages` knows where the files are (`workspace`). `quality` runs expectations, `report` draws pages,
`evaluation` compares links with a truth, `synthetic` invents people, `airflow` runs the DAGs without a server.
"""
