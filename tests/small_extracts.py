"""Small extracts, written row by row, and what leaves the department of them."""

from pathlib import Path

import duckdb

from linkage.stages import Settings

HEADER = (
    "offence_id,defendant_id,pnc_id,forenames,surname,alias_surnames,date_of_birth,sex,postcode,"
    "offence_group,offence_date,outcome_date,disposal,breach,previous_offences"
)
ANN = "a1,d1,81/34U,Ann Marie,O'Neill,Smith-Jones;Brown,01/02/1990,F,SW1A 1AA,04,01/01/2023,01/02/2023,FIN,N,0"


def court(settings: Settings, *rows: str, header: str = HEADER, encoding: str = "utf-8") -> Path:
    """A court extract with these rows."""
    file = settings.workspace.parent / "court.csv"
    file.write_bytes("\n".join([header, *rows, ""]).encode(encoding))
    return file


def encoded(settings: Settings, view: str = "names", dataset: str = "court") -> list[dict]:
    """The encoded rows of a view, as dictionaries."""
    path = settings.files.matching.encoded(view, dataset)
    return duckdb.sql(f"from '{path}'").to_arrow_table().to_pylist()


def attributes(settings: Settings, dataset: str = "court") -> list[dict]:
    """The attribute rows, as dictionaries."""
    return duckdb.sql(f"from '{settings.files.cohorts.attributes(dataset)}'").to_arrow_table().to_pylist()


def unlike(number: int) -> str:
    """A row that shares hardly anything with the others."""
    day, name = 1 + number % 28, "".join("abcdefghij"[int(digit)] for digit in str(number))
    born = f"{day:02}/02/{1950 + number % 50}"
    return f"a{number},d{number},,Ann{name},Smith{name},,{born},F,,04,01/01/2023,01/02/2023,FIN,N,0"


PAYE = "employment_id|nino|forename|surname|date_of_birth|sex|postcode|start_date|end_date|hours|first_paid|last_paid"


def employed(number: int) -> str:
    """A PAYE row that shares hardly anything with the others."""
    name = "".join("abcdefghij"[int(digit)] for digit in str(number))
    born = f"{1 + number % 28:02}-02-{1950 + number % 50}"
    return f"e{number}|ZZ{100000 + number}A|Ann{name}|Smith{name}|{born}|FEMALE||01-01-2020||A|31-01-2020|31-12-2025"
