"""From scored pairs to people in three steps, each of one zone, which meet in files of record ids.

`chain` joins whatever scores would join. `contradict` looks at attributes and says which of these records cannot be
one person: pairs of record ids and a reason. `stages.settle` knows scores, decisions and reasons, and makes people.
"""

from typing import Any

import duckdb

from linkage import decisions, facts
from linkage.errors import LinkError
from linkage.linking import Seen, arrived, attributes_of, matched, scored_pairs, views, whole
from linkage.settings import Settings
from linkage.workspace import write_parquet

Relation = duckdb.DuckDBPyRelation


def crosswalks_of(settings: Settings, con: duckdb.DuckDBPyConnection) -> dict[str, dict[str, Relation]]:
    """{view: {dataset: (view_id, record_id)}} of every view. Raises LinkError where a dataset is missing."""
    from linkage.matching.profiles import compared

    return {
        view: {
            name: arrived(con, settings.files.matching.crosswalk(view, name), name)
            for name in compared(settings.encodings, settings.datasets, view)
        }
        for view in views(settings)
    }


def compared_in(settings: Settings) -> dict[str, dict[str, bool]]:
    """{view: {dataset: was it compared in an earlier view?}}, in order."""
    from linkage.matching.profiles import compared

    return {view: compared(settings.encodings, settings.datasets, view) for view in views(settings)}


def tell_clustering(settings: Settings, view: str, seen: Seen, model: Any) -> None:
    """What the clustering must know of the rows of a view beside their pairs, and no token: links/numbers and alike."""
    from linkage.matching.numbers import alike, numbers

    files, encodings = settings.files.matching, settings.encodings
    held = numbers(seen.profiles, encodings.views[view], model, encodings.clusters.one_each)
    with duckdb.connect() as con:
        write_parquet(con.from_arrow(held), files.numbers(view), seen.mark)
        write_parquet(con.from_arrow(alike(seen.profiles)), files.alike(view), seen.mark)


def chain(settings: Settings) -> dict[str, int]:
    """Scored pairs of every view → edges and chains: what scores alone, one to one, would make one person."""
    from linkage.matching import person_index

    files = settings.files
    files.forget_people()
    facts.forget(settings, facts.OF_LINKAGE + facts.AFTER_LINKAGE)
    with duckdb.connect() as con:
        crosswalks = crosswalks_of(settings, con)
        pairs = {view: scored_pairs(con, files.matching.pairs(view), view) for view in crosswalks}
        alike = {view: scored_pairs(con, files.matching.alike(view), view) for view in crosswalks}
        scored = person_index.edges(con, pairs, crosswalks, alike)
        edges = matched(settings, con, scored, person_index.records(crosswalks))
        write_parquet(edges, files.matching.edges)
        edges = con.read_parquet(str(files.matching.edges))
        chains = person_index.clusters(person_index.records(crosswalks), edges, compared_in(settings))
        write_parquet(con.from_arrow(chains), files.matching.chains)
        return {"records": chains.num_rows, "pairs": edges.shape[0]}


def contradict(settings: Settings) -> dict[str, int]:
    """Chains and attributes → pairs of records that cannot be one person, by record id, with a reason."""
    from linkage.cohorts.contradictions import impossible

    declared, files = settings.circumstances, settings.files
    telling = declared.told_by & {*settings.datasets} if declared else set()
    with duckdb.connect() as con:
        attributes = attributes_of(settings, con, sorted(telling), files.cohorts.attributes)
        chains = chained(settings, con).project("dataset, record_id, cluster_low as person_id_low")
        found = impossible(con, declared, attributes, chains)
        write_parquet(found, files.cohorts.impossible)
        return {"pairs": con.read_parquet(str(files.cohorts.impossible)).shape[0]}


def what_is_known(
    settings: Settings, con: duckdb.DuckDBPyConnection, chains: Relation, edges: Relation
) -> tuple[Any, Relation]:
    """What is known of pairs of records beside their scores; and (the pair …, reason), each that speaks against one.

    Raises LinkError where `contradict` was not run or decisions contradict each other, PrivacyError where some were
    lost.
    """
    from linkage.matching import doubts, numbers, person_index

    files, limits = settings.files, settings.encodings.clusters
    if not files.cohorts.impossible.exists():
        raise LinkError("Nobody has looked yet for records that cannot be one person. Run: linkage link")
    decisions.check(settings)
    decided = con.from_arrow(decisions.as_table(decisions.standing(settings)))
    kept = {view: scored_pairs(con, files.matching.numbers(view), view) for view in views(settings)}
    held = numbers.held(con, kept, crosswalks_of(settings, con))
    differing = con.from_arrow(numbers.differing(con, held, chains, edges, limits.largest))
    impossible = whole(con, files.cohorts.impossible, "linkage link").project(
        f"dataset_l, record_id_l, dataset_r, record_id_r, {limits.contradiction_bits}::double as bits, reason"
    )
    against = differing.union(impossible)
    apart = decided.filter("not same").project(f"* exclude (same), null::double as bits, '{doubts.DECIDED}' as reason")
    known = person_index.Known(decided.to_arrow_table(), against.project("* exclude (reason)").to_arrow_table(), limits)
    return known, against.union(apart).project("* exclude (bits)")


def chained(settings: Settings, con: duckdb.DuckDBPyConnection) -> Relation:
    """The chains. Raises LinkError where there are none yet."""
    if not settings.files.matching.chains.exists():
        raise LinkError("No chain of links has been made yet. Run: linkage link")
    return whole(con, settings.files.matching.chains, "linkage link")
