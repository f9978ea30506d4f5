"""Find the records of one person. When: as soon as every dataset has been encoded anew."""

from typing import Any

from airflow.sdk import AssetAll, dag, task

from linkage.orchestration.parts import PERSON_INDEX, RETRY, datasets, encoded, stage

ONE_VIEW: dict[str, Any] = {"map_index_template": "{{ view }}", "max_active_tis_per_dagrun": 1}
DOC = """
### Link people

Compares encodings, never names. Each view (a way to see a record: full names, initials only) has a model of its own;
a later view attaches records to the people an earlier one found.

Sealed blocking comes first: *block* sees fragments of names under a pseudonym of their own and no row, *unseal* sees
pairs and pseudonyms and no fragment, *score* sees rows and pairs. Each deletes what it was given and logs that, so no
task ever holds both. Where tasks have machines of their own, give each of the three its own.

Scores alone may chain two people together. So *chain* joins whatever they would join; *contradict* sees what happened
to these records, and hands back pairs of record ids that cannot be one person; *settle* makes the people of both, and
of what was decided in review, which no run overrules.

* **Waits for** `encoded/…` of every dataset.
* **Makes** the asset `person_index`: one row per record, a person id at each of three thresholds.
* **Stops** at the gate *person index*, where the links cannot be believed.
"""


@dag(
    dag_display_name="2 · Link people",
    schedule=AssetAll(*map(encoded, datasets())),
    catchup=False,
    max_active_runs=1,
    tags=["2 link", "linkage unit"],
    doc_md=DOC,
    default_args=RETRY,
)
def link_people() -> None:
    """Sealed blocking and scoring view by view, one at a time; then the people."""

    @task
    def views() -> list[str]:
        """The views that some dataset is compared in."""
        return stage("views")

    @task(**ONE_VIEW, doc_md="Rule keys → pairs of blocking pseudonyms. The keys are deleted.")
    def block(view: str) -> dict[str, object]:
        return stage("block", view)

    @task(**ONE_VIEW, doc_md="Pairs of blocking pseudonyms → pairs of rows. The pseudonyms are deleted.")
    def unseal(view: str) -> dict[str, object]:
        return stage("unseal", view)

    @task(**ONE_VIEW, doc_md="Train the view's model without labels, and score its pairs.")
    def score(view: str) -> dict[str, object]:
        return stage("score", view)

    @task
    def chain() -> dict[str, object]:
        """Scored pairs of every view → what scores alone would make one person."""
        return stage("chain")

    @task
    def contradict() -> dict[str, object]:
        """Chains and attributes → pairs of record ids that cannot be one person."""
        return stage("contradict")

    @task(outlets=[PERSON_INDEX])
    def settle() -> dict[str, object]:
        """Links, contradictions and decisions → person index; through the gate person index."""
        return stage("settle")

    each = views()
    scored = block.expand(view=each) >> unseal.expand(view=each) >> score.expand(view=each)
    scored >> chain() >> contradict() >> settle()


link_people()
