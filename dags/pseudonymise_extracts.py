"""One DAG per file in schemas/datasets: a new dataset brings its DAG with it. When: whenever an extract has arrived."""

from airflow.sdk import DAG, dag, task

from linkage.orchestration.parts import RETRY, datasets, encoded, stage

DOC = """
### Pseudonymise the extract `{dataset}`

Reads the department's delivery, turns identifiers into keyed tokens, and parts tokens from attributes. Rows that cannot
be used go to quarantine with a reason and stay with the department.

* **Waits for** nobody: start it when the extract has been delivered.
* **Makes** the asset `encoded/{dataset}`. When every dataset has made its own, `link_people` starts.
* **Stops** at the gates *extract* and *tokens*: the message says what to do, the quality report shows the counts.
* **If it fails**: exit code 10 edit the contract, 11 ask the department, 12 stop and ask the data protection officer.
"""


def pseudonymise_dag(dataset: str) -> DAG:
    """The DAG of one dataset."""

    @dag(
        dag_id=f"pseudonymise_{dataset}",
        dag_display_name=f"1 · Pseudonymise {dataset}",
        schedule=None,
        catchup=False,
        max_active_runs=1,
        tags=["1 pseudonymise", "department"],
        doc_md=DOC.format(dataset=dataset),
        default_args=RETRY,
    )
    def pseudonymise_extract() -> None:
        @task(outlets=[encoded(dataset)])
        def pseudonymise() -> dict[str, object]:
            """Extract → tokens, attributes, quarantine; through the gates extract and tokens."""
            return stage("pseudonymise", dataset)

        pseudonymise()

    return pseudonymise_extract()


for name in datasets():
    globals()[f"pseudonymise_{name}"] = pseudonymise_dag(name)
