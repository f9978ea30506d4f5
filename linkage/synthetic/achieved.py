"""What the invented records show, target by target: SQL over the truth and the extracts.

A target of calibration.yaml is met when the records come within the larger of a tenth of it and two standard errors.
What is measured, of each target, stands in measures.py.
"""

import math
from pathlib import Path
from typing import NamedTuple

import duckdb
import numpy as np
import numpy.typing as npt

from linkage.contracts.dataset import Dataset
from linkage.errors import ContractError
from linkage.synthetic.calibration import Calibration, read_calibration
from linkage.synthetic.measures import ADJUSTED_FOR, EFFECTS, ODDS, RATIOS, REOFFENDED, Ratio
from linkage.synthetic.truth.files import FILES

NEAR = 0.10
Figures = npt.NDArray[np.float64]


class Estimate(NamedTuple):
    """A figure as the records show it, with its standard error; `many`: the rows or people it was measured on."""

    got: float
    error: float
    many: int


class Measured(NamedTuple):
    """One target beside what was achieved."""

    name: str
    theme: str
    aim: float
    got: float
    error: float
    many: int

    @property
    def met(self) -> bool:
        """Is it within the larger of a tenth and two standard errors?"""
        return abs(self.got - self.aim) <= max(NEAR * abs(self.aim), 2 * self.error)


def achieved(extracts: Path, truth: Path, datasets: dict[str, Dataset]) -> list[Measured]:
    """Every target beside what these records show. `extracts`: delivered as Parquet.

    Raises ContractError naming a target nobody measures, and a measure of no target.
    """
    with duckdb.connect() as con:
        prepare(con, extracts, truth, datasets)
        return measured(con)


def measured(con: duckdb.DuckDBPyConnection) -> list[Measured]:
    """The same, of the tables that `prepare` made."""
    aims = read_calibration()
    check_all_measured(aims)
    found = {name: ratio(con, one) for of_theme in RATIOS.values() for name, one in of_theme.items()}
    found |= regressed(con)
    return [
        Measured(name, theme, aims.targets[name].value, *found[name])
        for theme, names in themes().items()
        for name in names
    ]


def themes() -> dict[str, list[str]]:
    """{theme: the targets measured under it}."""
    return {theme: list(of_theme) for theme, of_theme in RATIOS.items()} | {"odds of reoffending": [*ODDS, *EFFECTS]}


def check_all_measured(aims: Calibration) -> None:
    """Raises ContractError where targets and measures are not the same names."""
    measured = {name for names in themes().values() for name in names}
    wrong = [f"targets.{name} is measured by nothing" for name in sorted(aims.targets.keys() - measured)]
    wrong += [f"{name} is measured and no target" for name in sorted(measured - aims.targets.keys())]
    if wrong:
        raise ContractError(f"calibration.yaml: {'; '.join(wrong)}. See linkage/synthetic/measures.py.")


def prepare(con: duckdb.DuckDBPyConnection, extracts: Path, truth: Path, datasets: dict[str, Dataset]) -> None:
    """The tables that measures ask: the truth, the extracts, and what is worked out once for all of them."""
    for name in FILES:
        con.execute(f"create table {name} as from read_csv('{truth}/{name}.csv', header = true, sample_size = -1)")
    for name, dataset in datasets.items():
        delivered = (extracts / dataset.path).with_suffix(".parquet")
        con.execute(
            f"create view {name} as select d.*, person from '{delivered}' d "
            f"join records r on r.dataset = '{name}' and r.record_id = d.{dataset.record_key}"
        )
    con.execute(f"create table coverage as from read_csv('{extracts}/hclic_coverage.csv', header = true)")
    for name, value in read_calibration().window.model_dump().items():
        con.execute(f"set variable {name} = date '{value}'")
    con.execute(Path(__file__).with_name("achieved.sql").read_text(encoding="utf-8"))


# The identifier that a mistake is in, by its label; null where it is in something else.
IDENTIFIER = """case
    when error like 'dob_%' then 'date of birth' when error like 'postcode_%' then 'postcode'
    when error like 'sex_%' then 'sex' when error = 'initials_wrong' then 'initials'
    when error in ('second_number', 'merged_number') then 'person number'
    when regexp_matches(error, '^(pnc|nomis|crn|nino|nhs)_') then upper(split_part(error, '_', 1))
    when error in ('typo_forename', 'short_forename') then 'forename' when error = 'names_swapped' then 'names'
    when error in ('typo_surname', 'transliteration', 'older_surname', 'alias_used', 'double_barrel_flipped',
                   'double_barrel_halved', 'double_barrel_spaced') then 'surname'
end"""


def ratio(con: duckdb.DuckDBPyConnection, asked: Ratio) -> Estimate:
    """y / x over all rows; the error is that of a ratio over people, since one person's rows are alike.

    (Cochran, Sampling techniques, 1977, section 2.11: the linearised variance of a ratio.)
    """
    [(got, error, many)] = con.execute(
        f"""
        with each as (
            select person, sum(({asked.y})::double) as y, sum(({asked.x})::double) as x
            from {asked.rows} group by person
        ), whole as (select sum(y) / sum(x) as r, sum(x) as x from each)
        select any_value(whole.r), sqrt(sum((each.y - whole.r * each.x) ** 2)) / any_value(whole.x), count(*)
        from each, whole
        """
    ).fetchall()
    if got is None:
        return Estimate(math.nan, math.nan, 0)
    return Estimate(float(got), float(error), int(many))


def regressed(con: duckdb.DuckDBPyConnection) -> dict[str, Estimate]:
    """The odds ratios, and the effects in percentage points, of a logistic regression over women's follow-ups."""
    columns = {**ODDS, **{of.what: of.what for of in EFFECTS.values()}, **{one: one for one in ADJUSTED_FOR}}
    asked = ", ".join(f"({sql})::double" for sql in ["true", *columns.values(), REOFFENDED])
    table = np.column_stack(list(con.execute(f"select {asked} from followed").fetchnumpy().values()))
    x, y = table[:, :-1], table[:, -1]
    found, covariance = logistic(x, y)
    place = {name: 1 + number for number, name in enumerate(columns)}
    estimates: dict[str, Estimate] = {}
    for name in ODDS:
        odds = float(np.exp(found[place[name]]))
        estimates[name] = Estimate(odds, odds * float(np.sqrt(covariance[place[name], place[name]])), len(y))
    for name, effect in EFFECTS.items():
        [among] = con.execute(f"select ({effect.among})::int from followed").fetchnumpy().values()
        estimates[name] = average_effect(x[among == 1], found, covariance, place[effect.what])
    return estimates


def logistic(x: Figures, y: Figures) -> tuple[Figures, Figures]:
    """(log odds, their covariance) by Newton's method. Raises ContractError where it does not settle."""
    found = np.zeros(x.shape[1])
    for _ in range(50):
        chance = 1 / (1 + np.exp(-x @ found))
        information = x.T @ (x * (chance * (1 - chance))[:, None])
        try:
            step = np.linalg.solve(information, x.T @ (y - chance))
        except np.linalg.LinAlgError:
            break
        found = found + step
        if np.abs(step).max() < 1e-9:
            return found, np.asarray(np.linalg.inv(information), dtype=float)
    raise ContractError("The regression of reoffending does not settle: there are too few people for its columns.")


def average_effect(x: Figures, found: Figures, covariance: Figures, place: int) -> Estimate:
    """By how much the chance of these people rises when one column goes from 0 to 1, on average; error by its slope."""
    chances, slopes = [], []
    for value in (0.0, 1.0):
        at = x.copy()
        at[:, place] = value
        chance = 1 / (1 + np.exp(-at @ found))
        chances.append(chance.mean())
        slopes.append((at * (chance * (1 - chance))[:, None]).mean(axis=0))
    slope = slopes[1] - slopes[0]
    return Estimate(float(chances[1] - chances[0]), float(np.sqrt(slope @ covariance @ slope)), len(x))


def wrong_by_group(con: duckdb.DuckDBPyConnection) -> dict[tuple[str, str, str], float]:
    """{(dataset, identifier, ethnic group): the share of its records with a mistake in that identifier}."""
    rows = con.execute(
        f"""
        with wrong as (
            select dataset, {IDENTIFIER} as identifier, ethnicity, count(distinct record_id) as many
            from errors join records using (dataset, record_id) where {IDENTIFIER} is not null group by all
        ), whole as (select dataset, ethnicity, count(*) as many from records group by all)
        select dataset, identifier, ethnicity, wrong.many / whole.many
        from wrong join whole using (dataset, ethnicity) order by all
        """
    ).fetchall()
    return {(dataset, identifier, group): rate for dataset, identifier, group, rate in rows}


def renamed(con: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], float]:
    """{(dataset, dataset): the share of women in both whose records there, one drawn from each, bear two surnames}."""
    rows = con.execute(
        """
        with one as (
            select dataset, person, min_by(lawful_surname, record_id) as number
            from names join records using (dataset, record_id) group by all
        ), called as (
            select dataset, person, [surname_0, surname_1, surname_2][number + 1] as surname
            from one join people using (person) where sex = 'F'
        )
        select l.dataset, r.dataset, avg((l.surname <> r.surname)::int)
        from called l join called r on l.person = r.person and l.dataset < r.dataset
        group by all order by all
        """
    ).fetchall()
    return {(first, second): share for first, second, share in rows}


def sharing(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """How many women there are, and how many share with somebody: surname and postcode, initials and day of birth."""
    surname, postcode = latest("surname", "renamed"), latest("postcode", "moved")
    [(women, home, birth)] = con.execute(
        f"""
        with now as (select sex, forename, born, {surname} as surname, {postcode} as postcode from people),
        met as (
            select
                sex, count(*) over (partition by surname, postcode) > 1 as home,
                count(*) over (partition by forename[1], surname[1], born) > 1 as birth
            from now
        )
        select count(*), count(*) filter (home), count(*) filter (birth) from met where sex = 'F'
        """
    ).fetchall()
    return {"women": women, "surname and postcode": home, "initials and date of birth": birth}


def latest(what: str, changed: str) -> str:
    """SQL of the last of a person's three surnames or postcodes."""
    whens = " ".join(f"when {changed}_{n} is not null then {what}_{n}" for n in (2, 1))
    return f"case {whens} else {what}_0 end"
