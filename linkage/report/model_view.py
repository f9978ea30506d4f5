"""The card of a model: what it was trained on, what each agreement is worth, and what changed since the last one."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from linkage.report import quality_charts
from linkage.report.grid import Grid, Line
from linkage.report.section import Section

COUNTS = {
    "profiles": "Different records",
    "pairs": "Pairs that may be compared",
    "agreed_by_prior_rules": "Pairs that agree on a near-certain rule",
    "random_pairs": "Random pairs, from which chance agreement is learned",
}


def sections(
    model: Mapping[str, Any], said: Mapping[str, str], changes: Sequence[tuple[str, str, float | None, float | None]]
) -> Iterator[Section]:
    """`model`: its numbers, as saved; `said`: who accepted it, when, why; `changes` (comparison, level, before, now).

    Bits before and now; None where a model has no such level.
    """
    facts = dict(said) | {
        "Linkage schema": f"version {model['encodings_version']}",
        "Splink": model["splink_version"],
        "Share of the pairs that are one person": f"{model['prior']:.3g}",
    }
    facts |= {words: f"{model['training'][name]:,}" for name, words in COUNTS.items() if name in model["training"]}
    about = Grid("The model", "What", (), ("Value",), tuple(Line(name, (value,)) for name, value in facts.items()))
    yield Section("model", "What it is", "Numbers about a population: no name, no token and no key.", grids=(about,))
    yield weights_section(model["comparisons"])
    if changes:
        yield changed_section(changes)
    yield training_section(model["rounds"], model["notes"])


def weights_section(comparisons: Mapping[str, Sequence[Mapping[str, Any]]]) -> Section:
    """m and u of each level, drawn as the evidence they make."""
    lines = tuple(
        Line(f"{name.replace('_', ' ')}: {w['label']}", (f"{w['m']:.3g}", f"{w['u']:.3g}", origin(w)))
        for name, weights in comparisons.items()
        for w in weights
    )
    about = (
        "m: how often two records of one person agree so; u: how often two strangers do. A bit, log2 (m / u), doubles "
        "the odds that two records are one person."
    )
    drawing = quality_charts.weights_of(comparisons)  # type: ignore[arg-type]  # it asks for label, m and u
    grid = Grid("Every level", "Level", (), ("m", "u", "from"), lines)
    return Section("weights", "What agreeing is worth", about, ((drawing, "Bits for and against."),), (grid,))


def origin(weight: Mapping[str, Any]) -> str:
    """Where the two numbers of a level come from."""
    return weight["m_from"] if weight["m_from"] == weight["u_from"] else f"m {weight['m_from']}; u {weight['u_from']}"


def changed_section(changes: Sequence[tuple[str, str, float | None, float | None]]) -> Section:
    """What each level is worth beside the model that was in use, the largest difference first."""
    lines = tuple(
        Line(f"{comparison.replace('_', ' ')}: {level}", (bits(before), bits(now)))
        for comparison, level, before, now in changes
    )
    about = "In bits, the largest difference first. A bit or two on a rare level is chance; on a common one ask why."
    grid = Grid("Beside the model accepted before", "Level", (), ("before", "now"), lines)
    return Section("changed", "What changed", about, grids=(grid,))


def bits(worth: float | None) -> str:
    """Bits with their sign."""
    return "none" if worth is None else f"{worth:+.2f}"


def training_section(rounds: Mapping[str, int], notes: Sequence[str]) -> Section:
    """How soon training stood still, and what stood in for it where it had nothing to say."""
    blocks = tuple(Line(f"within equal {block}", (f"{n:,}",)) for block, n in rounds.items())
    grids = [Grid("Rounds until expectation maximisation stood still", "Pairs", (), ("Rounds",), blocks)]
    if notes:
        grids.append(Grid("Notes", "What was left out or assumed", (), (), tuple(Line(note, ()) for note in notes)))
    return Section("training", "How it was trained", "Without labels.", grids=tuple(grids))
