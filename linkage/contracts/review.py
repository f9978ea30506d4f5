"""schemas/review.yaml: what is drawn for people to look at, and how much of it."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import Field

from linkage.contracts.dataset import Dataset
from linkage.contracts.reading import Declaration, Whole, read
from linkage.errors import ContractError


class Number(Declaration):
    """A number of things to draw, and why it is that one."""

    value: Whole = Field(ge=0)
    reason: str = Field(min_length=20)


class Subgroup(Declaration):
    """A coded column by which pairs are drawn as well, and why that one: of people nobody wants to lose."""

    column: str
    reason: str = Field(min_length=20)


class Review(Declaration):
    """How a sample for review is drawn.

    `pairs_per_stratum`: of each band of match probability, pair of sources and subgroup. `doubted_chains`: chains that
    something speaks against. `largest_people`: people with most records. `links_of_each`: of a chain or person, the
    weakest links that hold it together; if these are right, the others are.
    """

    pairs_per_stratum: Number
    doubted_chains: Number
    largest_people: Number
    links_of_each: Number
    subgroup: Subgroup | None = None


def read_review(schemas: Path, datasets: Mapping[str, Dataset]) -> Review:
    """What is declared. Raises ContractError."""
    path = schemas / "review.yaml"
    review = read(Review, path)
    if review.subgroup and not telling(review.subgroup.column, datasets):
        raise ContractError(f"{path}: subgroup: no contract has a coded attribute {review.subgroup.column!r}.")
    return review


def telling(column: str, datasets: Mapping[str, Dataset]) -> list[str]:
    """The datasets that have a coded attribute of that name."""
    return [n for n, one in datasets.items() if column in one.attributes and one.attributes[column].codes]
