"""The data dictionary that comes with the extracts: one page that needs nothing beside it.

What an extract holds is said by its contract; what is wrong in it, and how often, by the habits of its department and
the calibration.
"""

import datetime
from collections.abc import Iterable, Iterator, Mapping
from html import escape
from importlib.resources import files

from linkage.contracts.dataset import Column, Dataset
from linkage.synthetic.calibration import Calibration
from linkage.synthetic.departments.court import COURT
from linkage.synthetic.departments.dwp import DWP
from linkage.synthetic.departments.hclic import HCLIC
from linkage.synthetic.departments.mistakes import LABELS, Source
from linkage.synthetic.departments.ndtms import NDTMS
from linkage.synthetic.departments.numbers import GIVEN_TWICE
from linkage.synthetic.departments.paye import PAYE
from linkage.synthetic.departments.prison import PRISON
from linkage.synthetic.departments.probation import PROBATION

SOURCES = {source.name: source for source in (COURT, DWP, HCLIC, NDTMS, PAYE, PRISON, PROBATION)}
BY_EVERYBODY = (
    "typo_forename", "typo_surname", "short_forename", "transliteration", "names_swapped", "double_barrel_flipped",
    "double_barrel_halved", "double_barrel_spaced", "dob_first_of_january", "dob_1900", "dob_day_month_swapped",
    "dob_digit", "postcode_old",
    "postcode_missing", "postcode_typo", "sex_wrong", "sex_unclear", "row_unusable",
)  # fmt: skip
PARTED_BY = {",": "comma", "|": "vertical bar", ";": "semicolon", "\t": "tab"}
A_DAY = datetime.date(2025, 12, 31)
IN_WORDS = {
    "postcode_pseudo": "three fifths of entries of no fixed abode",
    "second_number": "half of the entries of those who have two",
    "merged_number": "all entries of those who have one",
}
PAGE = """<!doctype html>
<html lang="en-GB">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Data dictionary (invented data)</title>
<style>
{style}
td {{ white-space: normal; }}
</style>
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
<div class="banner" role="note">INVENTED DATA: these people do not exist</div>
<header>
<h1>Data dictionary</h1>
<p>What each department delivers about invented people, in what form, and what it gets wrong. Population version
{version}; history from {window.history_from}, records to {window.data_to}, last delivery {window.delivered}.</p>
<nav aria-label="Extracts"><ul>
{links}
</ul></nav>
</header>
<main id="content">
{sections}
</main>
<footer><p>Rates of mistakes are those of an average record of the source. A record's own are higher or lower with its
person, the source and the moment: mistakes come together.</p></footer>
</body>
</html>
"""


def dictionary(datasets: Mapping[str, Dataset], aims: Calibration) -> str:
    """The page. `datasets`: as delivered (delivery.in_form); those that nobody here invents are left out."""
    known = {name: dataset for name, dataset in sorted(datasets.items()) if name in SOURCES}
    links = "\n".join(f'<li><a href="#{name}">{escape(one.title)}</a></li>' for name, one in known.items())
    sections = "\n".join(section(dataset, SOURCES[name], aims) for name, dataset in known.items())
    style = (files("linkage.report") / "templates" / "style.css").read_text("utf-8")
    return PAGE.format(style=style, version=escape(aims.version), window=aims.window, links=links, sections=sections)


def section(dataset: Dataset, source: Source, aims: Calibration) -> str:
    """What is said about one extract."""
    facts = {
        "One row": dataset.row,
        "File": f"{dataset.path}: {form(dataset)}",
        "Delivered by": dataset.controller,
        "Covers": f"{dataset.geography}; {dataset.coverage.replace('_', ' ')}",
        "Entered": lag(source, aims),
    }
    said = "".join(f"<dt>{name}</dt><dd>{escape(text)}</dd>\n" for name, text in facts.items())
    columns = table("Columns", ("column", "type", "holds", "codes"), map(column_row, dataset.columns))
    wrong = table("What is wrong in it", ("label", "what", "rate"), mistake_rows(dataset, source, aims))
    title = f'<h2 id="{dataset.name}-title">{escape(dataset.title)}</h2>'
    return (
        f'<section id="{dataset.name}" aria-labelledby="{dataset.name}-title">\n{title}\n'
        f"<dl>\n{said}</dl>\n{columns}\n{wrong}\n</section>"
    )


def form(dataset: Dataset) -> str:
    """The form of the file in words."""
    if dataset.format == "parquet":
        return "Parquet, typed"
    parted = PARTED_BY.get(dataset.delimiter, dataset.delimiter)
    return f"lines of text ({dataset.encoding}), columns parted by a {parted}; the first line names them"


def lag(source: Source, aims: Calibration) -> str:
    """When an event is in the department's system."""
    many = f"{aims[f'entry_days_{source.name}']:.0f} days"
    return f"{many} after the end of its quarter" if source.name == "hclic" else f"{many} after the event (median)"


def column_row(column: Column) -> tuple[str, ...]:
    """A column in words."""
    kind = f"date, as {A_DAY.strftime(column.date_format)}" if column.type == "date" else column.type
    holds = column.about + (f"; identifier: {column.identifier}" if column.identifier else "")
    codes = "; ".join(code if code == label else f"{code} = {label}" for code, label in column.codes.items())
    return column.name, kind + (", required" if column.required else ""), holds, codes


def mistake_rows(dataset: Dataset, source: Source, aims: Calibration) -> Iterator[tuple[str, ...]]:
    """The mistakes the extract can have, with their rates, in the order of LABELS."""
    rates = mistakes(dataset, source, aims)
    yield from ((label, words, rates[label]) for label, words in LABELS.items() if label in rates)


def mistakes(dataset: Dataset, source: Source, aims: Calibration) -> dict[str, str]:
    """{label: the rate of an average record in words}."""
    asked = [*BY_EVERYBODY, *(label for label in source.figures if label not in BY_EVERYBODY)]
    found = {label: percent(aims[source.figure(label)] * source.care) for label in asked}
    found["transliteration"] += " of names that have one"
    found["row_unusable"] = percent(aims["row_unusable"])
    found["older_surname"] = f"{percent(source.older_name * aims['older_surname'])} are asked for an older name"
    found["alias_used"] = f"{percent(source.alias)} of those who have one"
    found["postcode_pseudo"] = IN_WORDS["postcode_pseudo"]
    found["address_withheld"] = f"{percent(aims['protection_known'])} of those who are protected"
    if set(GIVEN_TWICE) & set(dataset.identifiers):
        found |= {label: IN_WORDS[label] for label in ("second_number", "merged_number")}
    return found | source.habits


def percent(share: float) -> str:
    """A share in per cent, with as many places as it needs."""
    return f"{share:.1%}" if share >= 0.01 else f"{share:.2%}"


def table(caption: str, heads: Iterable[str], rows: Iterable[tuple[str, ...]]) -> str:
    """A table of words that scrolls by itself where it is too wide."""
    head = "".join(f'<th scope="col" class="words">{escape(name)}</th>' for name in heads)
    body = "\n".join(
        f'<tr><th scope="row">{escape(first)}</th>'
        + "".join(f'<td class="words">{escape(text)}</td>' for text in rest)
        + "</tr>"
        for first, *rest in rows
    )
    return (
        f'<div class="wide" role="region" aria-label="{escape(caption)}" tabindex="0"><table>'
        f"<caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody></table></div>"
    )
