"""Sees names and keys; gives encodings and attributes, which share only a keyed record id.

Read in this order: `keys`, `standardise`, `tokens`, `extract`, `intake`, `pseudonymise`, `sealing`. This zone and
`contracts` run alone in a department, without Splink or Airflow.
"""
