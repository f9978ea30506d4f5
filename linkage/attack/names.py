"""Which name is which token: how often it is met, in which role, with whom, and with which initial."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from linkage.attack.likelihood import beliefs, company, fit
from linkage.attack.sample import Floats, Sample, commonest, counted, crossed

FIELDS = ("surname", "forename")
# A column of every row that holds the initial of a name, where such a column can be joined to the row.
INITIALS = {"surname": "surname_initial", "forename": "forename_initial"}
FEWEST, ROUNDS, TEMPERATURE, SPREAD = 3, 4, 3.0, 1.5
# Between the fewest people a token must have and the fewest a public name must: rarer names are looked up too.
RARER = 0.4


@dataclass(frozen=True)
class Tokens:
    """The tokens of one field: `places` of each in every array; `roles`: people who bear it as each kind of name."""

    places: pd.Series
    roles: Floats


@dataclass(frozen=True)
class Names:
    """Forenames and surnames of a sample, and who bears both."""

    fields: dict[str, Tokens]
    together: csr_matrix
    people: int


def names_of(sample: Sample, fewest: float) -> Names:
    """The names of a sample that at least `fewest` people bear."""
    listed = sample.pairs("surnames") if sample.has("surnames") else None
    fields = {}
    for field in FIELDS:
        places = commonest(sample.pairs(field), field, fewest)
        roles = [counted(sample.pairs(role), role, places) for role in FIELDS]
        also = np.zeros(len(places)) if listed is None else counted(listed, "surnames", places)
        fields[field] = Tokens(places, np.stack([*roles, np.maximum(also - roles[0], 0)]))
    borne = [fields[field].places for field in FIELDS]
    return Names(fields, crossed(sample.pairs(*FIELDS), "surname", "forename", borne[0], borne[1]), sample.people)


def guess_names(target: Sample, public: Sample, meaning: pd.Series, told: pd.Series) -> pd.DataFrame:
    """(field, token, value, confidence): one row per name token that at least three people bear.

    `meaning`: {token of `public`: the name}. `told`: {token of `target`: the name}, of people the intruder knows.
    """
    ratio = target.people / public.people
    ours, theirs = names_of(target, FEWEST), names_of(public, max(1.0, FEWEST / ratio * RARER))
    if any(len(names.fields[field].places) == 0 for names in (ours, theirs) for field in FIELDS):
        return pd.DataFrame(columns=["field", "token", "value", "confidence"])
    alone = {field: by_itself(field, ours, theirs, ratio) for field in FIELDS}
    for field in FIELDS:
        alone[field] += by_initial(field, target, public, ours, theirs, meaning, ratio)
        alone[field] = as_told(alone[field], ours.fields[field], theirs.fields[field], meaning, told)
    believed = {field: beliefs(alone[field], TEMPERATURE) for field in FIELDS}
    known = theirs.together.toarray()
    for turn in range(ROUNDS):
        doubt = TEMPERATURE - 0.4 * turn
        met = company(ours.together, known, believed["forename"])
        believed["surname"] = beliefs(alone["surname"] + met, doubt)
        met = company(ours.together.T.tocsr(), known.T, believed["surname"])
        believed["forename"] = beliefs(alone["forename"] + met, doubt)
    parts = [best(f, believed[f], ours.fields[f], theirs.fields[f], meaning) for f in FIELDS]
    return pd.concat(parts, ignore_index=True)


def by_itself(field: str, ours: Names, theirs: Names, ratio: float) -> Floats:
    """How well the numbers of people who bear a name, in each role, fit."""
    pairs = zip(ours.fields[field].roles, theirs.fields[field].roles, strict=True)
    return np.sum([fit(seen, known, ratio, SPREAD) for seen, known in pairs], axis=0)


def by_initial(
    field: str, target: Sample, public: Sample, ours: Names, theirs: Names, meaning: pd.Series, ratio: float
) -> Floats:
    """How well the initials that go with a token fit the first letter of a name; 0 where rows hold no initials.

    There are few letters, so their own frequencies give them away.
    """
    shape = (len(ours.fields[field].places), len(theirs.fields[field].places))
    column = INITIALS[field]
    if not target.has(field, column):
        return np.zeros(shape)
    first = pd.Series(meaning.reindex(theirs.fields[field].places.index).to_numpy()).str[0]
    people = public.pairs(field)[field].map(meaning).str[0].value_counts()
    initials = commonest(target.pairs(column), column, 1)
    seen = counted(target.pairs(column), column, initials)
    letter = beliefs(fit(seen, people.to_numpy().astype(float), seen.sum() / people.sum(), SPREAD))
    met = crossed(target.pairs(field, column), field, column, ours.fields[field].places, initials) @ letter
    share = np.log(met / np.maximum(met.sum(1, keepdims=True), 1) + 1e-3)
    share[met.sum(1) == 0] = 0.0
    return np.asarray(share[:, people.index.get_indexer(pd.Index(first))])


def as_told(log: Floats, ours: Tokens, theirs: Tokens, meaning: pd.Series, told: pd.Series) -> Floats:
    """The likelihoods, with no doubt left about tokens of people the intruder knows."""
    values = pd.Series(theirs.places.to_numpy(), index=meaning.reindex(theirs.places.index).to_numpy())
    found = told[told.index.isin(ours.places.index) & told.isin(values.index)]
    rows, columns = ours.places[found.index].to_numpy(), values[found.to_numpy()].to_numpy()
    sure = log.copy()
    sure[rows] -= 1e4
    sure[rows, columns] += 2e4
    return sure


def best(field: str, believed: Floats, ours: Tokens, theirs: Tokens, meaning: pd.Series) -> pd.DataFrame:
    """The likeliest name of each token."""
    at = believed.argmax(axis=1)
    return pd.DataFrame({
        "field": field,
        "token": ours.places.index.to_numpy(),
        "value": meaning.reindex(theirs.places.index).to_numpy()[at],
        "confidence": np.minimum(believed.max(axis=1), 1.0),
    })  # fmt: skip
