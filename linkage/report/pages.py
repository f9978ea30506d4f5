"""Templates into one HTML text: style inside, no script, no outside file, so a page opens anywhere and calls nobody."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jinja2
from markupsafe import Markup

from linkage.contracts.analysis import Description
from linkage.contracts.compared import About
from linkage.contracts.disclosure import Disclosure
from linkage.contracts.link_quality import LinkQuality
from linkage.report import comparison_view, model_view, quality_view, release_view, standardised_view
from linkage.report.facts import Facts
from linkage.report.wording import SYMBOLS, TOO_FEW_PAIRS

TEMPLATES = Path(__file__).parent / "templates"
SUBJECTS = {
    "reoffending": "Reoffending",
    "employment": "Employment and benefits",
    "housing": "Housing and homelessness",
    "health": "Health",
    "several": "Joined up",
}


class Masthead(NamedTuple):
    """What stands at the top and foot of a page. `approval`: who let it out, or why nobody had to.

    `population`: which invented population it is about, with its version; '' where the data are real.
    """

    release: str
    title: str
    invented: bool
    approval: str
    population: str = ""


def release_page(
    masthead: Masthead,
    rows: Sequence[dict[str, Any]],
    descriptions: Sequence[Description],
    disclosure: Disclosure,
    abouts: Sequence[About] = (),
    compared: Sequence[Sequence[dict[str, Any]]] = ((), ()),
    reasons: Sequence[str] = (),
) -> str:
    """The page of a release. `rows`: as published, in reading order; `descriptions`: of its tables, in page order
    within each subject; `abouts`: of its comparisons, whose differences and balance `compared` holds; `reasons`: why
    the errors of links are taken to be what they are.
    """
    of = {about.table_id: [row for row in rows if row["table_id"] == about.table_id] for about in descriptions}
    by_subject = {
        subject: [
            standardised_view.with_rates(release_view.section(of[about.table_id], about), of[about.table_id], about)
            for about in descriptions
            if about.subject == subject
        ]
        for subject in SUBJECTS
    }
    comparisons = [comparison_view.section(about, rows, *compared) for about in abouts]
    listed = by_subject | {"several": [*by_subject["several"], *comparisons]}
    origins = release_view.origins(rows)
    few = f"{SYMBOLS['[u]']}: fewer than {disclosure.unreliable_below.value}, as rounded"
    return page(
        "release.html.j2",
        masthead=masthead,
        contents=[(SUBJECTS[subject], listed[subject]) for subject in SUBJECTS if listed[subject]],
        sections=[section for sections in by_subject.values() for section in sections],
        comparisons=comparisons,
        symbols=SYMBOLS | {"[u]": few} | (TOO_FEW_PAIRS if comparisons else {}),
        disclosure=disclosure,
        origins=origins,
        reasons=reasons,
        standardised=any(row["standardised_by"] for row in rows),
        by_time=any(row["person_years"] is not None for row in rows),
    )


def quality_report(masthead: Masthead, facts: Facts, limits: LinkQuality | None) -> str:
    """The quality report of a run: internal, since its counts are not disclosure controlled.

    `limits`: from where on a link rate is flagged; none where no cohort is declared.
    """
    report = quality_view.report(facts, limits)
    return page("quality.html.j2", masthead=masthead, report=report, symbols={}, disclosure=None)


def model_card(
    masthead: Masthead,
    model: Mapping[str, Any],
    said: Mapping[str, str],
    changes: Sequence[tuple[str, str, float | None, float | None]],
) -> str:
    """The card of a model: `model_view.sections` says what is given."""
    return page("model.html.j2", masthead=masthead, sections=tuple(model_view.sections(model, said, changes)))


def page(template: str, **said: Any) -> str:
    """One filled template. Everything said is escaped, but for drawings, which are ours."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["drawing"] = Markup
    return environment.get_template(template).render(style=Markup((TEMPLATES / "style.css").read_text("utf-8")), **said)
