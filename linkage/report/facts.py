"""What the pages are made from: the shapes of the small JSON files that stages write about a run. Counts, no values."""

from typing import Any, Literal, NotRequired, TypedDict

from linkage.report.truth_facts import Agreement, BesideTruth, DifferenceBesideTruth, EventsBesideTruth


class Intake(TypedDict):
    """One extract: rows_in = rows_out + out_of_scope + quarantined; `missing`, `invalid_identifiers`: {column: n}."""

    dataset: str
    title: str
    rows_in: int
    rows_out: int
    out_of_scope: int
    quarantined: dict[str, int]
    invalid_identifiers: dict[str, int]
    missing: dict[str, int]


class Check(TypedDict):
    """One expectation; `observed` and `expected` are counts or shares in words. `figure`: of a figure of the run,
    which: it may have an amber and a red line.
    """

    title: str
    severity: Literal["critical", "warning"]
    passed: bool
    observed: str
    expected: str
    what_to_do: str
    figure: NotRequired[str]


class Gate(TypedDict):
    """One gate's judgement of one thing."""

    gate: str
    name: str
    title: NotRequired[str]
    passed: bool
    checks: list[Check]


class Level(TypedDict):
    """One level of a comparison: its share among pairs of one person (m) and of two (u); None where not trained."""

    label: str
    m: float | None
    u: float | None


class ClusterSize(TypedDict):
    """How many people have that many records."""

    size: int
    clusters: int


class WeightCount(TypedDict):
    """Pairs with a match weight (bits) from `weight_from` to the next."""

    weight_from: float
    pairs: int


class DoubtsOfAReason(TypedDict):
    """The same of one reason; a chain may have several."""

    reason: str
    chains: int
    taken_apart: int
    people: int


class Doubts(TypedDict):
    """Chains that something spoke against, those of them that were taken apart, and into how many people."""

    chains: int
    taken_apart: int
    people: int
    by_reason: list[DoubtsOfAReason]


class Linkage(TypedDict):
    """`pairs`: {view: scored pairs}; `clusters`: {threshold: people}; `model`: {view: {comparison: levels}};
    `decisions`: {same or different: how many were obeyed}.
    """

    records: int
    profiles: int
    pairs: dict[str, int]
    clusters: dict[str, int]
    cluster_sizes: list[ClusterSize]
    model: dict[str, dict[str, list[Level]]]
    weights: list[WeightCount]
    doubts: NotRequired[Doubts]
    decisions: NotRequired[dict[str, int]]


class LinkRate(TypedDict):
    """Share (0 to 1) of a group's cohort entries with a record in `dataset`; `ratio` to the reference group's, from
    `lower` to `upper`.
    """

    cohort: str
    dataset: str
    breakdown: str
    category: str
    threshold: str
    anchor_records: int
    linked: int
    rate: float | None
    ratio: float | None
    lower: float | None
    upper: float | None


class Accuracy(TypedDict):
    """Against the truth. `scope`: overall, between datasets, within datasets, dataset pair, or a subgroup column;
    `part`: which. Shares are 0 to 1; the cluster ones are None where clusters are not of that scope.
    """

    scope: str
    part: str
    threshold: str
    precision: float | None
    recall: float | None
    f1: float | None
    pairs_true: int
    pairs_found: int
    precision_interval: NotRequired[list[float] | None]
    recall_interval: NotRequired[list[float] | None]
    cluster_precision: NotRequired[float | None]
    cluster_recall: NotRequired[float | None]
    cluster_f1: NotRequired[float | None]


class Contradiction(TypedDict):
    """How many pairs of records of one person cannot be one person, by reason and threshold."""

    reason: str
    threshold: str
    pairs: int


class SexConflict(TypedDict):
    """How many women of a cohort have a record in a dataset with another known sex."""

    cohort: str
    dataset: str
    threshold: str
    women: int
    conflicts: int


class Control(TypedDict):
    """The positive control of an attack, drawn from a `seed` and a public list of so many `names`. Shares (0 to 1) of
    surnames: recovered; found by one who is told the prefixes, and the soundex codes as well; wanted, so that it
    `proves` anything.
    """

    seed: int
    names: int
    records: float
    recovered: float
    told_prefix: float
    told_both: float
    wanted: float
    proves: bool


class Reidentified(TypedDict):
    """Shares (0 to 1) of records: re-identified, having the commonest value (None where no truth is known), believed,
    and the mean confidence.
    """

    knowledge: str
    field: str
    records: int
    right: float | None
    by_chance: float | None
    told: float
    sure: float
    right_of_sure: float | None
    expected: float


class Attack(TypedDict):
    """An attack on the tokens of this run."""

    records: int
    people: int
    public_people: int
    public_from: str
    control: Control
    rows: list[Reidentified]


class TableDisclosure(TypedDict):
    """How many cells of one published table are shown, and how many suppressed."""

    table_id: str
    published: int
    suppressed: int
    empty: int


class Suppression(TypedDict):
    """What suppression lost, by weights, and the least that any safe choice of cells loses."""

    lost: float
    least: float


class Stopped(TypedDict):
    """A release that disclosure control, or the audit, did not let out, and `why`."""

    release: str
    why: str


class TableAudit(TypedDict):
    """What the audit says of one table: `verdict` pass, review or fail; `at_risk`: suppressed counts that must stay
    uncertain; `narrowest`: the least width proved of one; `reasons`: why it does not pass, a cell each.
    """

    table_id: str
    verdict: Literal["pass", "review", "fail"]
    at_risk: int
    narrowest: int | None
    reasons: list[str]


class BlockingRule(TypedDict):
    """A rule's pairs, those no other rule makes, and the share (0 to 1) it finds of near-certain ones."""

    rule: str
    pairs: int
    alone: int
    near_certain: int
    found: int
    recall: float | None


class Blocking(TypedDict):
    """The rules of one view. `sealed`: {pairs: {rule: how many}, keys_left_out}; None of a view without them."""

    profiles: int
    pairs: int
    pairs_per_record: float
    rules: list[BlockingRule]
    recall: float | None
    near_certain: int
    sealed: dict[str, Any] | None


class Expected(TypedDict):
    """Expected precision and recall (0 to 1) of a pair of sources; `sources` is '' for all of a view.

    `held`: how many pairs of them the run accepted last joined.
    """

    view: str
    sources: str
    linked: int
    right: float
    chained: int
    missed: float
    precision: float | None
    recall: float | None
    found: float | None
    held: NotRequired[int]


class ExpectedGroup(TypedDict):
    """A group of cohort entries: linked to a dataset, the probability that rightly, and that of those not linked."""

    cohort: str
    dataset: str
    breakdown: str
    category: str
    entries: int
    linked: int
    right: float
    missed: float
    near_certain: int
    otherwise: int
    unlinkable: int


class Unlinkable(TypedDict):
    """How many records of a dataset say too little to be linked to anything."""

    dataset: str
    records: int
    unlinkable: int


class Accepted(TypedDict):
    """The run accepted last: by whom, when, why, and how its pairs scored."""

    by: str
    on: str
    why: str
    weights: list[WeightCount]


class Quality(TypedDict):
    """What the gate on the linkage judged, and the run it was held against; None where none was accepted."""

    facts: dict[str, float]
    accepted: Accepted | None


class Share(TypedDict):
    """A share of 0 to 1 with its 95 % interval; None where nothing was looked up."""

    value: float | None
    lower: float | None
    upper: float | None
    looked_up: int


class Reviewed(TypedDict):
    """What a review found of pairs of two sources, or of a subgroup."""

    sources: NotRequired[str]
    subgroup: NotRequired[str]
    precision: Share
    recall: Share


class Review(TypedDict):
    """What a review found of all compared pairs, and of parts of them. `drawn`: the day of its sample;
    `linked_since`: was another linkage made after that? `caveat`: what it establishes, and what it cannot.
    """

    sample: str
    drawn: str
    linked_since: bool
    caveat: str
    precision: Share
    recall: Share
    by_sources: NotRequired[list[Reviewed]]
    by_subgroup: NotRequired[list[Reviewed]]


Band = TypedDict("Band", {"from": float, "pairs": int, "expected": float, "true": float})


class Facts(TypedDict, total=False):
    """Everything known about a run; a section of the report appears when its facts are there.

    `registers`: the datasets in which only women with an event have a record, so that a low link rate may mean that
    nothing happened.
    """

    intake: list[Intake]
    gates: list[Gate]
    linkage: Linkage
    blocking: dict[str, Blocking]
    expected: list[Expected]
    expected_groups: list[ExpectedGroup]
    unlinkable: list[Unlinkable]
    quality: Quality
    review: Review
    calibration: list[Band]
    link_rates: list[LinkRate]
    registers: list[str]
    accuracy: list[Accuracy]
    beside_truth: list[BesideTruth]
    events_beside_truth: list[EventsBesideTruth]
    agreement: list[Agreement]
    differences: list[DifferenceBesideTruth]
    attack: Attack
    contradictions: list[Contradiction]
    sex_conflicts: list[SexConflict]
    disclosure: list[TableDisclosure]
    stopped: Stopped
    suppression: Suppression
    audit: list[TableAudit]
