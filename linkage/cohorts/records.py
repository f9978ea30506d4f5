"""The departments' records, joined to people as one threshold links them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from duckdb import DuckDBPyConnection

from linkage.cohorts.sql import Relation, kept, literal
from linkage.contracts.analysis import Threshold
from linkage.errors import LinkError


@dataclass(frozen=True)
class Records:
    """All attributes and the person index, on one connection, seen at one threshold.

    `attributes`: {dataset: (record_id, attributes …)}. `person_index`: (dataset, record_id, person_id_high,
    person_id_medium, person_id_low), one row per record.
    """

    con: DuckDBPyConnection
    attributes: Mapping[str, Relation]
    person_index: Relation
    threshold: Threshold

    def of(self, dataset: str) -> Relation:
        """(person_id, record_id, attributes …): one row per record of the dataset, with the person it belongs to."""
        return with_persons(self.con, self.attributes[dataset], self.person_index, dataset, self.threshold)

    def of_these(self, dataset: str, people: Relation) -> Relation:
        """The same, of `people` (person_id) alone."""
        records = self.of(dataset)  # noqa: F841  the query reads it by name
        return self.con.sql("select records.* from records where records.person_id in (select person_id from people)")

    def people_in(self, datasets: Iterable[str]) -> dict[str, Relation]:
        """{dataset: (person_id)}: one row per person with a record there, kept in memory."""
        return {name: kept(self.con, self.of(name).project("person_id").distinct()) for name in datasets}


def with_persons(
    con: DuckDBPyConnection, records: Relation, person_index: Relation, dataset: str, threshold: Threshold
) -> Relation:
    """(person_id, record_id, attributes …): one row per record that the person index knows."""
    return con.sql(
        f"""
        select person_index.person_id_{threshold} as person_id, records.*
        from records
        join person_index
          on person_index.record_id = records.record_id and person_index.dataset = {literal(dataset)}
        """
    )


def require_persons(con: DuckDBPyConnection, attributes: Mapping[str, Relation], person_index: Relation) -> None:
    """Raises LinkError when a record has no person: every table would silently leave it out."""
    for dataset, records in attributes.items():
        if missing := without_person(con, records, person_index, dataset):
            raise LinkError(
                f"{missing:,} records of {dataset} are not in the person index: it was made from other extracts. "
                "Run link again."
            )


def without_person(con: DuckDBPyConnection, records: Relation, person_index: Relation, dataset: str) -> int:
    """How many records the person index does not know."""
    query = f"""
        select count(*) as missing
        from records
        left join person_index
          on person_index.record_id = records.record_id and person_index.dataset = {literal(dataset)}
        where person_index.record_id is null
        """
    [(missing,)] = con.sql(query).fetchall()
    return int(missing)
