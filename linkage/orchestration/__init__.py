"""Airflow around the stages.

Read in this order: `parts` (what the DAG files share), `environment`, `run`, `server`, `standalone`.
"""
