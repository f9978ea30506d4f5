"""Which name is which class of rows: how many people are in it, with whom, and with which initials.

A class is a set of rows that share a name, as tokens tell (see sample.py). Where tokens hold names only together with
something else a name falls into many classes, and what helps then is what else is known of a row.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from linkage.attack.frequency import Guess, Told, in_rows, told_of
from linkage.attack.likelihood import beliefs, company, fit
from linkage.attack.public import Public
from linkage.attack.sample import Floats, Sample, borne, commonest, counted, crossed

NAMES = ("surname", "forename")
OTHER = {"surname": "forename", "forename": "surname"}
FEWEST, ROUNDS, TEMPERATURE, SPREAD = 3, 4, 3.0, 1.5
# Between the fewest people a class must have and the fewest a public name must: rarer names are looked up too.
RARER = 0.4
MOST_FULL_NAMES, FEWEST_NAMESAKES = 1500, 2
# Letters count as rebuilt when so many of the people are in the classes of which there are no more than letters.
REBUILT, MOST_LETTERS = 0.2, 26
NO_LETTER = 2e-2
PROFILE, PROFILE_SPREAD, LETTER_SPREAD, A_HINT = 12, 3.0, 6.0, 4.0
READINGS, WORTH_READING = 1, 0.02
SURE = 1e4

Letters = Mapping[str, pd.DataFrame]


def guess_names(sample: Sample, public: Public, told: Told) -> dict[str, list[Guess]]:
    """{surname, forename: one table per way to guess}: (value, confidence), by the index of the sample's rows.

    `told`: {field: values of records that the intruder knows, by their index}.
    """
    letters = letters_of(sample, public, told, {})
    in_company = by_company(sample, public, letters, told)
    for _ in range(READINGS):
        if not believed_enough(in_company):
            break
        letters = letters_of(sample, public, told, in_company)
        in_company = by_company(sample, public, letters, told)
    ways = (by_letters(public, letters), by_full_name(sample, public, letters), in_company)
    return {field: [way[field] for way in ways if field in way] for field in NAMES}


def believed_enough(guesses: Mapping[str, Guess]) -> bool:
    """Are the guesses of names worth reading letters by?"""
    return any(guess["confidence"].mean() > WORTH_READING for guess in guesses.values())


def letters_of(sample: Sample, public: Public, told: Told, hints: Mapping[str, Guess]) -> Letters:
    """{field: (letters …)}: how sure we are of the first letter of each row's name; no columns where none is rebuilt.

    There are few letters. How common they are gives them away, and the commonest names with them, and which letters
    of forenames they come with. `hints`: names already guessed without them.
    """
    classes = {field: sample.classes(f"{field}_letter") for field in NAMES}
    ours = {field: letter_classes(sample, field, classes[field]) for field in NAMES}
    known = public.borne(*NAMES)
    theirs = {field: commonest(known[field].str[0], 1) for field in NAMES}
    if any(len(places) == 0 for places in ours.values()):
        return {field: pd.DataFrame(index=sample.rows.index) for field in NAMES}
    alone = {}
    for field in NAMES:
        log = by_their_people(sample, field, classes[field], ours[field], counted(known[field].str[0], theirs[field]))
        log += by_their_names(sample, public, field, classes[field], ours[field], theirs[field])
        if field in hints:
            log += by_hints(hints[field], classes[field], ours[field], theirs[field])
        said = told_of(classes[field], told.get(field)).str[0]
        alone[field] = as_told(log, ours[field], theirs[field], said)
    pairs = borne(sample.rows["person"], **classes)
    met = crossed(pairs["surname"], pairs["forename"], ours["surname"], ours["forename"])
    both = crossed(known["surname"].str[0], known["forename"].str[0], theirs["surname"], theirs["forename"]).toarray()
    believed = in_turn(alone, met, both, LETTER_SPREAD)
    return {f: of_rows(believed[f], classes[f], ours[f], theirs[f].index) for f in NAMES}


def of_rows(believed: Floats, classes: pd.Series, ours: pd.Series, letters: pd.Index) -> pd.DataFrame:
    """(letters …): what is believed of the class of each row; nothing of a row whose class is none of ours."""
    at = classes.map(ours).fillna(len(ours)).astype(int)
    return pd.DataFrame(np.vstack([believed, np.zeros(len(letters))])[at], index=classes.index, columns=letters)


def initials(sample: Sample, field: str) -> list[str]:
    """The columns that say the first letter of a name and not the name."""
    return sorted(set(sample.settling(f"{field}_letter")) - set(sample.settling(field)))


def letter_classes(sample: Sample, field: str, classes: pd.Series) -> pd.Series:
    """{class: place} of the classes that are letters, by how many people are in each; empty where none are rebuilt."""
    people = borne(sample.rows["person"], place=classes)["place"]
    ours = commonest(people, FEWEST)[:MOST_LETTERS]
    rebuilt = initials(sample, field) and counted(people, ours).sum() > REBUILT * len(people)
    return ours if rebuilt else ours[:0]


def by_their_people(sample: Sample, field: str, classes: pd.Series, ours: pd.Series, known: Floats) -> Floats:
    """(class, letter): by how many people are in it, among those of whom an initial is told."""
    told = sample.rows[initials(sample, field)].notna().any(axis=1)
    seen = counted(borne(sample.rows["person"][told], place=classes[told])["place"], ours)
    return fit(seen, known, seen.sum() / known.sum(), SPREAD)


def by_their_names(
    sample: Sample, public: Public, field: str, classes: pd.Series, ours: pd.Series, theirs: pd.Series
) -> Floats:
    """(class, letter): by how many people bear each of its commonest full names."""
    people = borne(sample.rows["person"], letter=classes, name=full_names(sample))
    known = public.borne(*NAMES)
    mine = largest(people.groupby(["letter", "name"]).size(), ours)
    other = largest(known.groupby([known[field].str[0], *NAMES]).size(), theirs)
    ratio = len(people) / len(known)
    return np.sum([fit(mine[:, n], other[:, n], ratio, PROFILE_SPREAD) for n in range(PROFILE)], axis=0)


def by_hints(hints: Guess, classes: pd.Series, ours: pd.Series, letters: pd.Series) -> Floats:
    """(class, letter): by the letters of names that were guessed, each as much as it was believed."""
    votes = pd.DataFrame({"row": classes.reindex(hints.index).map(ours), "column": hints["value"].str[0].map(letters)})
    weights = hints["confidence"][votes.notna().all(axis=1)]
    votes = votes.dropna().astype(int)
    found = np.zeros((len(ours), len(letters)))
    np.add.at(found, (votes["row"], votes["column"]), weights.to_numpy(float))
    expected = found.sum(axis=0) / max(found.sum(), 1.0) * found.sum(axis=1, keepdims=True)
    return np.asarray(A_HINT * np.log((found + 1.0) / (expected + 1.0)))


def largest(sizes: pd.Series, places: pd.Series) -> Floats:
    """(place, n-th largest): the sizes of the largest members of each place of the first index level."""
    found = np.zeros((len(places), PROFILE))
    ordered = sizes.sort_values(ascending=False)
    at = ordered.index.get_level_values(0).to_series().map(places).to_numpy()
    ordered, at = ordered[~np.isnan(at)], at[~np.isnan(at)].astype(int)
    rank = pd.Series(at).groupby(at).cumcount().to_numpy()
    kept = rank < PROFILE
    found[at[kept], rank[kept]] = ordered.to_numpy()[kept]
    return found


def by_letters(public: Public, letters: Letters) -> dict[str, Guess]:
    """The commonest name of those with these initials."""
    found = {}
    said = {field: table.idxmax(axis=1) for field, table in letters.items() if len(table.columns)}
    people = public.borne(*NAMES)
    for field, own in said.items():
        also = [other for other in said if other != field]
        by = [people[name].str[0].rename(f"{name}_letter") for name in (field, *also)]
        counts = people.groupby([*by, field]).size()
        share = counts / counts.groupby(level=list(range(len(by)))).transform("sum")
        best = (
            share.reset_index(name="share").sort_values("share").drop_duplicates([one.name for one in by], keep="last")
        )
        keys = pd.DataFrame({f"{name}_letter": said[name] for name in (field, *also)}, index=own.index)
        guess = keys.merge(best, how="left", on=list(keys.columns)).set_index(own.index)
        sure = letters[field].max(axis=1)
        found[field] = pd.DataFrame({"value": guess[field], "confidence": guess["share"] * sure})[sure > 0]
    return found


def by_full_name(sample: Sample, public: Public, letters: Letters) -> dict[str, Guess]:
    """By how many people bear a forename and a surname together, and their initials."""
    classes = full_names(sample)
    ours = commonest(borne(sample.rows["person"], place=classes)["place"], FEWEST_NAMESAKES)[:MOST_FULL_NAMES]
    if not len(ours):
        return {}
    known = public.borne(*NAMES).groupby(list(NAMES)).size().sort_values(ascending=False)[:MOST_FULL_NAMES]
    seen = counted(borne(sample.rows["person"], place=classes)["place"], ours)
    log = fit(seen, known.to_numpy().astype(float), sample.people / public.people, SPREAD)
    for field in NAMES:
        log += by_initial(letters[field], classes, ours, known.index.get_level_values(field))
    believed = beliefs(log)
    return {field: best(believed, classes, ours, known.index.get_level_values(field)) for field in NAMES}


def full_names(sample: Sample) -> pd.Series:
    """The class of each row: rows of one class have forename and surname equal."""
    both = pd.DataFrame({field: sample.classes(field) for field in NAMES}).dropna()
    return both.groupby(list(NAMES)).ngroup().reindex(sample.rows.index).astype("Int64")


def by_company(sample: Sample, public: Public, letters: Letters, told: Told) -> dict[str, Guess]:
    """By how many people have a name, and with which other names they have it."""
    classes = {field: sample.classes(field) for field in NAMES}
    together = {field: public.kept_together(field, sample) for field in NAMES}
    ratio = sample.people / public.people
    person = sample.rows["person"]
    ours = {f: commonest(borne(person, place=classes[f])["place"], FEWEST) for f in NAMES}
    theirs = {f: commonest(public.borne(f)[f], max(1.0, FEWEST / ratio / together[f] * RARER)) for f in NAMES}
    if any(len(places) == 0 for places in (*ours.values(), *theirs.values())):
        return {}
    alone = {}
    for field in NAMES:
        seen = counted(borne(person, place=classes[field])["place"], ours[field])
        known = counted(public.borne(field)[field], theirs[field])
        log = fit(seen, known * together[field], ratio, SPREAD)
        log += by_initial(letters[field], classes[field], ours[field], theirs[field].index)
        alone[field] = as_told(log, ours[field], theirs[field], told_of(classes[field], told.get(field)))
    pairs, known_pairs = borne(person, **classes), public.borne(*NAMES)
    met = crossed(pairs["surname"], pairs["forename"], ours["surname"], ours["forename"])
    known = crossed(known_pairs["surname"], known_pairs["forename"], theirs["surname"], theirs["forename"]).toarray()
    believed = in_turn(alone, met, known)
    found = {f: best(believed[f], classes[f], ours[f], theirs[f].index) for f in NAMES}
    return {f: guess.assign(confidence=guess["confidence"] * together[f]) for f, guess in found.items()}


def in_turn(alone: Mapping[str, Floats], met: csr_matrix, known: Floats, spread: float = 1.0) -> dict[str, Floats]:
    """What is believed of surnames given forenames, and of forenames given surnames, again and again."""
    believed = {field: beliefs(alone[field], TEMPERATURE) for field in NAMES}
    for turn in range(ROUNDS):
        doubt = TEMPERATURE - 0.4 * turn
        with_forenames = company(met, known, believed["forename"]) / spread
        believed["surname"] = beliefs(alone["surname"] + with_forenames, doubt)
        with_surnames = company(met.T.tocsr(), known.T, believed["surname"]) / spread
        believed["forename"] = beliefs(alone["forename"] + with_surnames, doubt)
    return believed


def by_initial(letters: pd.DataFrame, classes: pd.Series, ours: pd.Series, names: pd.Index) -> Floats:
    """(class, name): how well the first letter of a name fits what is believed of the rows; 0 where nothing is."""
    if not len(letters.columns):
        return np.zeros((len(ours), len(names)))
    one = classes[classes.isin(ours.index)].drop_duplicates()
    of_class = letters.loc[one.index].set_index(one.to_numpy()).reindex(ours.index).to_numpy()
    of_class = np.where(of_class.sum(axis=1, keepdims=True) > 0, of_class, 1.0)
    at = letters.columns.get_indexer(names.str[0])
    return np.asarray(np.log(of_class[:, at] + NO_LETTER))


def as_told(log: Floats, ours: pd.Series, theirs: pd.Series, told: pd.Series) -> Floats:
    """The likelihoods, with no doubt left about classes the intruder knows."""
    found = told[told.index.isin(ours.index) & told.isin(theirs.index)]
    rows, columns = ours[found.index].to_numpy(), theirs[found.to_numpy()].to_numpy()
    sure = log.copy()
    sure[rows] -= SURE
    sure[rows, columns] += 2 * SURE
    return sure


def best(believed: Floats, classes: pd.Series, ours: pd.Series, names: pd.Index) -> Guess:
    """(value, confidence): the likeliest name of the class of each row."""
    found = {"value": names.to_numpy()[believed.argmax(axis=1)], "confidence": np.minimum(believed.max(axis=1), 1.0)}
    return in_rows(pd.DataFrame(found, index=ours.index), classes)
