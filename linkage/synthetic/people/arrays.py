"""Whole blocks of people at once: the kinds of array they are kept in, and how some of them are chosen."""

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Texts = npt.NDArray[np.object_]
Weights = npt.NDArray[np.float64]


def objects(texts: list[str]) -> Texts:
    """An array of Python strings."""
    array = np.empty(len(texts), dtype=object)
    array[:] = texts
    return array


def some(rng: np.random.Generator, among: Flags, share: float, tendency: npt.ArrayLike = 1.0) -> Flags:
    """Marks `share` of those `among`, the likelier the greater their tendency; nobody whose tendency is 0.

    Exponential races (Efraimidis and Spirakis 2006): the share is exact to one person whatever the tendencies are.
    """
    weights = np.where(among, tendency, 0.0)
    with np.errstate(divide="ignore"):
        arrival = rng.exponential(size=len(among)) / weights
    first = np.argsort(arrival, kind="stable")[: round(share * np.count_nonzero(among))]
    chosen = np.zeros(len(among), dtype=bool)
    chosen[first] = True
    return chosen & (weights > 0)
