"""Seven drawn women: what the records of seven extracts say of them, and who they are."""

import datetime
from collections.abc import Callable

import duckdb
from drawings import drawn
from duckdb import DuckDBPyRelation

Draw = Callable[[str], DuckDBPyRelation]

PRISON = """
| record_id | sex | birth_month | ethnicity | region     | police_force_area | other_surnames | reception_date | reception_type | release_date | release_type         | sentence_days | no_fixed_abode | treatment_need | discharge_accommodation      | main_offence_group |
| 101       | F   | 1990-05-01  | White     | London     | Metropolitan Police | none           | 2022-09-01   | sentenced      | 2022-11-01   | conditional release  | 120           | yes            | yes            | settled                      | Theft offences     |
| 102       | F   | 1990-05-01  | White     | London     | Metropolitan Police | none           | 2022-12-01   | sentenced      | 2022-12-20   | automatic release    | 40            | yes            | yes            | rough sleeping               | Theft offences     |
| 103       | F   | 1990-05-01  | White     | London     | Metropolitan Police | none           | 2023-02-01   | sentenced      | 2023-02-10   | conditional release  | 400           | yes            | no             | unknown                      | Theft offences     |
| 111       | F   | 2004-11-01  | Asian     | Wales      | Gwent             | none           | 2022-10-10     | sentenced      | 2022-11-15   | home detention curfew | 1461         | no             | yes            | other housed                 | Theft offences     |
| 121       | F   | 1970-01-01  | -         | North West | Cumbria           | none           | 2022-10-10     | sentenced      | 2023-10-01   | automatic release    | 182           | no             | yes            | homeless, not rough sleeping | Theft offences     |
| 131       | F   | 1980-01-01  | White     | London     | Metropolitan Police | none           | 2022-10-10   | remand         | 2022-11-10   | unsentenced release  | -             | no             | no             | -                            | Theft offences     |
| 132       | F   | 1980-01-01  | White     | London     | Metropolitan Police | none           | 2022-10-10   | sentenced      | 2022-11-10   | deported             | 90            | no             | no             | -                            | Theft offences     |
| 141       | not known | 1980-01-01 | White | London    | Metropolitan Police | none           | 2022-10-10    | sentenced      | 2022-11-10   | automatic release    | 90            | no             | no             | -                            | Theft offences     |
"""  # noqa: E501
PROBATION = """
| record_id | sex | birth_month | ethnicity | region | police_force_area   | other_surnames | mental_health_need | domestic_abuse | disposal        | start_date | requirement         | treatment_need | review_date | accommodation_status | date_of_death | main_offence_group | previous_offences |
| 201       | F   | 1990-05-01  | White     | London | Metropolitan Police | none           | yes                | no             | licence         | 2022-11-01 | none                | no             | 2022-12-01  | settled              | -             | Drug offences      | 7                 |
| 221       | M   | 1970-01-01  | White     | London | Metropolitan Police | none           | no                 | yes            | community order | 2023-05-01 | drug rehabilitation | yes            | 2023-06-01  | settled              | 2023-12-01    | Drug offences      | 7                 |
| 251       | F   | 1995-03-01  | Mixed     | -      | -                   | none           | -                  | -              | community order | 2023-04-01 | drug rehabilitation | yes            | 2023-06-01  | rough sleeping       | -             | Drug offences      | 7                 |
| 252       | F   | 1995-03-01  | Mixed     | London | Metropolitan Police | none           | no                 | no             | community order | 2023-04-01 | none                | no             | 2023-05-01  | unknown              | -             | Drug offences      | 7                 |
"""  # noqa: E501
COURT = """
| record_id | sex | birth_month | offence_group  | offence_date | outcome_date | disposal | breach | previous_offences |
| 301       | F   | 1990-05-01  | Theft offences | 2023-01-15   | 2023-02-01   | fine     | no     | 0                 |
| 361       | F   | 1995-03-01  | Theft offences | 2022-12-20   | 2022-12-20   | caution  | no     | 0                 |
| 362       | F   | 1995-03-01  | Theft offences | 2022-12-01   | 2022-12-20   | caution  | no     | 0                 |
| 363       | F   | 1995-03-01  | Theft offences | 2023-02-01   | 2023-04-01   | other    | no     | 2                 |
"""
PAYE = """
| record_id | sex | start_date | end_date   | hours | first_paid | last_paid  |
| 401       | F   | 2022-12-01 | -          | -     | 2022-12-30 | 2025-12-31 |
| 421       | F   | 2023-12-15 | 2025-12-01 | -     | 2023-12-29 | 2025-12-31 |
"""
NDTMS = """
| record_id | sex | triage_date | treatment_start | discharge_date | discharge_reason |
| 501       | F   | 2022-11-01  | 2022-11-10      | 2022-12-20     | completed        |
"""
DWP = """
| record_id | sex | benefit                       | start_date | end_date   |
| 601       | F   | Universal Credit              | 2022-11-01 | 2023-03-31 |
| 611       | F   | Personal Independence Payment | 2020-01-01 | -          |
"""
HCLIC = """
| record_id | sex | application_date | duty   | duty_start | duty_end   | end_reason                         |
| 701       | F   | 2022-10-20       | relief | 2022-11-25 | 2023-01-20 | accommodation secured for 6 months |
| 711       | F   | 2022-11-20       | relief | 2022-11-25 | -          | -                                  |
"""
PERSONS = """
| dataset   | record_id | person_id_high | person_id_medium | person_id_low |
| prison    | 101       | 1              | 1                | 1             |
| prison    | 102       | 1              | 1                | 1             |
| prison    | 103       | 1              | 1                | 1             |
| prison    | 111       | 2              | 2                | 2             |
| prison    | 121       | 3              | 3                | 3             |
| prison    | 131       | 4              | 4                | 4             |
| prison    | 132       | 4              | 4                | 4             |
| prison    | 141       | 5              | 5                | 5             |
| probation | 201       | 1              | 1                | 1             |
| probation | 221       | 31             | 3                | 3             |
| probation | 251       | 6              | 6                | 6             |
| probation | 252       | 6              | 6                | 6             |
| court     | 301       | 1              | 1                | 1             |
| court     | 361       | 6              | 6                | 6             |
| court     | 362       | 6              | 6                | 6             |
| court     | 363       | 6              | 6                | 6             |
| paye      | 401       | 7              | 1                | 1             |
| paye      | 421       | 32             | 32               | 3             |
| ndtms     | 501       | 1              | 1                | 1             |
| dwp       | 601       | 1              | 1                | 1             |
| dwp       | 611       | 2              | 2                | 2             |
| hclic     | 701       | 1              | 1                | 1             |
| hclic     | 711       | 2              | 2                | 2             |
"""


def attributes(con: duckdb.DuckDBPyConnection) -> dict[str, DuckDBPyRelation]:
    """What seven extracts say of them."""
    drawings = {"prison": PRISON, "probation": PROBATION, "court": COURT, "paye": PAYE, "ndtms": NDTMS}
    drawings |= {"dwp": DWP, "hclic": HCLIC}
    return {name: con.from_arrow(drawn(drawing)) for name, drawing in drawings.items()}


def person_index(con: duckdb.DuckDBPyConnection) -> DuckDBPyRelation:
    """Who they are at each threshold."""
    return con.from_arrow(drawn(PERSONS))


def rows(relation: DuckDBPyRelation, *columns: str) -> list[tuple[object, ...]]:
    """The rows, of these columns."""
    return (relation.select(*columns) if columns else relation).fetchall()


def day(text: str) -> datetime.date:
    """An ISO date."""
    return datetime.date.fromisoformat(text)
