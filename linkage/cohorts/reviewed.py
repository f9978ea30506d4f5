"""What a review must know of people's attributes: whom it leaves out, and which subgroup they are of."""

from collections.abc import Iterable, Mapping

from duckdb import DuckDBPyConnection

from linkage.cohorts.sql import Relation, any_of, gathered, literal
from linkage.contracts.cohort import NOT_KNOWN
from linkage.contracts.dataset import Dataset


def marked(datasets: Mapping[str, Dataset]) -> dict[str, dict[str, str]]:
    """{dataset: {column: the word that protects somebody}}."""
    found = {n: {c.name: c.codes[c.protects] for c in one.columns if c.protects} for n, one in datasets.items()}
    return {name: columns for name, columns in found.items() if columns}


def protected(
    con: DuckDBPyConnection,
    attributes: Mapping[str, Relation],
    people: Relation,
    markers: Mapping[str, Mapping[str, str]],
) -> Relation:
    """(dataset, record_id): every record, at the loosest threshold, of a person whom any record marks as protected."""
    rows = [
        attributes[name]
        .filter(" or ".join(f"{column} in {any_of([word])}" for column, word in columns.items()))
        .project(f"{literal(name)} as dataset, record_id")
        for name, columns in markers.items()
    ]
    marks = gathered(con, rows) if rows else people.project("dataset, record_id").limit(0)  # noqa: F841  in the query
    return con.sql(
        """
        select dataset, record_id from people
        where person_id_low in (select person_id_low from people join marks using (dataset, record_id))
        """
    )


def subgroups(
    con: DuckDBPyConnection, attributes: Mapping[str, Relation], people: Relation, column: str, telling: Iterable[str]
) -> Relation:
    """(dataset, record_id, subgroup): one row per record; what most records of its person say in `column`."""
    rows = [
        attributes[name].project(f"{literal(name)} as dataset, record_id, {column} as subgroup") for name in telling
    ]
    said = gathered(con, rows)  # noqa: F841  the query reads it by name
    return con.sql(
        f"""
        with counted as (
            select person_id_medium, subgroup, count(*) as n from people join said using (dataset, record_id)
            where subgroup is not null group by all
        ),
        most as (
            from counted qualify row_number() over (partition by person_id_medium order by n desc, subgroup) = 1
        )
        select dataset, record_id, coalesce(subgroup, {literal(NOT_KNOWN)}) as subgroup
        from people left join most using (person_id_medium)
        """
    )
