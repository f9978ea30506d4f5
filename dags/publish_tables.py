"""Count outcomes and publish what may be published. When: as soon as there is a new person index."""

from typing import Any

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import Param, dag, task

from linkage.orchestration.parts import PERSON_INDEX, RETRY, stage

DOC = """
### Publish tables

Women's outcomes, counted by cohort; small numbers suppressed in all tables together, the rest rounded; the published
files read again by an audit that tries to work the suppressed numbers out.

* **Waits for** the asset `person_index`, and then for a person: *approve* asks under **Required Actions**. Nobody is
  asked where the data are invented; the release then says so on every page.
* **Makes** `outputs/<release>/`, and an entry in the ledger of releases, with which every later one is protected. Start
  it by hand to choose the release's name; take back a draft that nobody saw: `linkage releases withdraw --unseen`.
* **Stops** at the gates *linkage* (women are being lost, or too much has changed since the run accepted last) and
  *tables*, and where a cell, alone or beside an earlier release, would give a woman away. The quality report is
  written anew all the same, and says why.
"""
ASK = """
The tables are counted and wait to be controlled and published as `{{ params.release }}`.

1. Read the quality report of this workspace. May this run be used? Your name is logged beside each amber line.
2. Approve to publish. Reject and nothing leaves the platform.
"""


@dag(
    dag_display_name="3 · Publish tables",
    schedule=PERSON_INDEX,
    catchup=False,
    max_active_runs=1,
    tags=["3 publish", "analysis platform", "release desk"],
    params={"release": Param("draft", type="string", pattern="^[a-z0-9][a-z0-9_.-]*$", title="Name of the release")},
    doc_md=DOC,
    default_args=RETRY,
)
def publish_tables() -> None:
    """tabulate → report → approve, or waive → publish → report, now with the release or with what stopped it."""

    @task
    def tabulate() -> dict[str, object]:
        """Members of the cohorts, their outcomes, unrounded counts."""
        return stage("tabulate")

    @task.branch
    def who_approves() -> str:
        """A person, unless there is nobody in the data to protect."""
        from linkage import facts
        from linkage.settings import Settings

        return "waive" if facts.invented(Settings.from_environment()) else "approve"

    @task
    def waive() -> str:
        """Invented data need no approval."""
        return "waived (invented data)"

    @task(trigger_rule="none_failed_min_one_success")
    def publish(decision: dict[str, Any] | None, params: dict[str, Any] | None = None) -> dict[str, object]:
        """Control, gate tables, write, audit. Without a decision it publishes invented data only."""
        approval = f"approved by {decision['responded_by_user']['name']}" if decision else None
        return stage("publish", (params or {})["release"], approval)

    @task
    def report() -> str:
        """The one quality report."""
        return stage("report")

    @task(trigger_rule="none_failed")
    def ended() -> None:
        """Ends the run as publishing ended: a report that could be written does not make a success of a stop."""

    approve = ApprovalOperator(task_id="approve", subject="Publish these tables?", body=ASK, doc_md="A person decides.")
    published = publish(approve.output)
    for_approval = report.override(task_id="report_for_approval")()
    reported = report.override(trigger_rule="all_done")()
    tabulate() >> for_approval >> who_approves() >> [approve, waive()] >> published >> reported
    [published, reported] >> ended()


publish_tables()
