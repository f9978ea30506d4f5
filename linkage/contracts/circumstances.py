"""schemas/circumstances.yaml: where it is written that a woman was in custody, or died, and what can then not be true.

On a day in custody a woman cannot be at work, at home or in community treatment, so an outcome may leave her out of its
denominator and count her in a column of her own.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field

from linkage.contracts.choices import Where, column_mistakes, unknown_dataset, where_mistakes
from linkage.contracts.dataset import Dataset
from linkage.contracts.reading import Declaration, read
from linkage.errors import ContractError

Circumstance = Literal["in_custody", "died"]


class Custody(Declaration):
    """Spells in custody: `start` is the first day inside, `end` the first day at liberty; no end means still inside."""

    dataset: str
    start: str
    end: str

    def mistakes(self, dataset: Dataset) -> Iterator[str]:
        """What the contract does not bear out."""
        yield from column_mistakes("start", self.start, "date", dataset)
        yield from column_mistakes("end", self.end, "date", dataset)


class Dated(Declaration):
    """Records of a dataset that `where` chooses, with the day something happened: a death, or a sign of life."""

    dataset: str
    date: str
    where: Where = Field(default_factory=dict)

    def mistakes(self, dataset: Dataset) -> Iterator[str]:
        """What the contract does not bear out."""
        yield from column_mistakes("date", self.date, "date", dataset)
        yield from where_mistakes("where", self.where, dataset)


class Circumstances(Declaration):
    """`alive`: records that cannot be dated after a death, so a person who has both is two people, or a mistake."""

    in_custody: Custody
    died: tuple[Dated, ...] = Field(min_length=1)
    alive: tuple[Dated, ...] = ()

    def datasets(self, circumstances: tuple[Circumstance, ...]) -> set[str]:
        """The datasets that must be read to know these circumstances."""
        custody = {self.in_custody.dataset} if "in_custody" in circumstances else set()
        return custody | ({death.dataset for death in self.died} if "died" in circumstances else set())

    @property
    def places(self) -> list[tuple[str, Custody | Dated]]:
        """Each declaration with its place in the file."""
        found: list[tuple[str, Custody | Dated]] = [("in_custody", self.in_custody)]
        found += [(f"died.{n}", death) for n, death in enumerate(self.died)]
        return found + [(f"alive.{n}", sign) for n, sign in enumerate(self.alive)]

    def mistakes(self, datasets: Mapping[str, Dataset]) -> Iterator[str]:
        """What the contracts do not bear out."""
        for place, declared in self.places:
            wrong = list(unknown_dataset(declared.dataset, datasets))
            wrong = wrong or list(declared.mistakes(datasets[declared.dataset]))
            yield from (f"{place}: {line}" for line in wrong)

    @property
    def told_by(self) -> set[str]:
        """Every dataset that is read to know them."""
        return {declared.dataset for _, declared in self.places}


def read_circumstances(schemas: Path, datasets: Mapping[str, Dataset]) -> Circumstances | None:
    """The declared circumstances; None where none are declared. Raises ContractError.

    A workspace that only links may hold some of the datasets; what is said of others is left alone.
    """
    path = schemas / "circumstances.yaml"
    if not path.exists():
        return None
    circumstances = read(Circumstances, path)
    here = [(place, declared) for place, declared in circumstances.places if declared.dataset in datasets]
    wrong = [f"{path}: {place}: {line}" for place, one in here for line in one.mistakes(datasets[one.dataset])]
    if wrong:
        raise ContractError("\n".join(wrong))
    return circumstances
