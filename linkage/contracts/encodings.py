"""schemas/encodings.yaml: what may be compared, how it becomes a token, and what an agreement is worth looking at.

The departments agree on this one document. Its version goes into the derivation of every key, so tokens made under two
versions never meet by accident; and what alters a token goes into the mark of files, in case the version was forgotten.
"""

import hashlib
import json
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from linkage.contracts.levels import Comparison
from linkage.contracts.reading import Declaration, Number, Whole, read

Standardiser = Literal[
    "name", "full_forename", "one_spelling", "words", "date", "not_a_default_date", "postcode", "postcode_district",
    "pnc", "nomis", "crn", "nino", "nhs", "initials", "compact",
]  # fmt: skip
Derivation = Literal[
    "whole", "first_word", "several_words", "parts", "first_letter", "last_letter", "wildcards", "sector", "district",
    "region", "clear", "soundex", "prefix", "year", "month", "day_and_month", "first_letters",
]  # fmt: skip
MANY_VALUED: frozenset[str] = frozenset({"parts", "wildcards", "soundex", "first_letters"})
A_VERSION = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"  # it stands in marks, scheme/epoch/fingerprint
# Several of these in one row give a name or a birth date away (see README): they stand in sealed rules only.
SEALED_ONLY: frozenset[str] = frozenset({"soundex", "prefix", "year", "month", "day_and_month"})


class Kind(Declaration):
    """A kind of identifier: the functions, in order, that give its standard form (None where it is not valid).

    `called`: what its columns are called elsewhere. A column of such a name that is no identifier is refused.
    """

    about: str = ""
    called: tuple[str, ...] = ()
    standardise: tuple[Standardiser, ...]


Part = dict[str, Derivation]


class Token(Declaration):
    """One column of an encoded row, keyed under `key` (its own name), either from one identifier or from several.

    `from` names one kind, several, or says for each what to take ({surname: first_letter, initials: last_letter}); the
    first that is filled counts, or all of them where what is taken may be several (the parts of a name, soundex).
    `compound`: the parts of one token, each {kind: what to take}; there is a token for each way to fill the parts, and
    none where a part is missing. Of two compounds nobody can say that they have a part in common. Two tokens with the
    same `key` can be compared with each other: forename and surname with surname and forename, so that a swap is seen.
    """

    source: Part = Field(default_factory=dict, alias="from")
    take: Derivation = "whole"
    compound: tuple[Part, ...] = ()
    key: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _say_what_to_take_from_each(cls, given: Any) -> Any:
        if not isinstance(given, dict) or "from" not in given:
            return given
        kinds = given["from"]
        if not isinstance(kinds, dict):
            kinds = dict.fromkeys([kinds] if isinstance(kinds, str) else kinds, given.get("take", "whole"))
        return given | {"from": kinds}

    @model_validator(mode="after")
    def _is_one_or_the_other(self) -> Self:
        if bool(self.source) == bool(self.compound):
            raise ValueError("a token is either `from` an identifier or a `compound` of several")
        if self.compound:
            check_compound(self.compound, "compound")
        return self

    @model_validator(mode="after")
    def _is_no_fragment(self) -> Self:
        taken = {take for part in self.parts for take in part.values()}
        if fragments := sorted(SEALED_ONLY & taken):
            raise ValueError(f"{fragments} of a name or a date stand in sealed_blocking only, never in a scored row")
        return self

    @property
    def parts(self) -> tuple[Part, ...]:
        """What is taken from which kinds: one part, or those of a compound."""
        return self.compound or (self.source,)

    @property
    def many(self) -> bool:
        """Does a row hold a list of these tokens (aliases, wildcards) rather than one?"""
        return any(gives_many(part) for part in self.parts)

    @property
    def clear(self) -> bool:
        """Is it a declared clear code (sex) rather than a keyed token?"""
        return "clear" in self.source.values()

    def filled_by(self, kinds: frozenset[str]) -> bool:
        """Can a dataset with these kinds of identifier fill it?"""
        return all(kinds & set(part) for part in self.parts)


def gives_many(part: Part) -> bool:
    """May one row give several values for what a token, or a part of one, takes?"""
    return bool(MANY_VALUED & set(part.values()))


def check_compound(parts: tuple[Part, ...], place: str) -> None:
    """Raises ValueError unless there are two parts or more, all keyed."""
    if len(parts) < 2 or not all(parts):
        raise ValueError(f"{place}: a key has two parts or more; a fragment alone is no key")
    if any("clear" in part.values() for part in parts):
        raise ValueError(f"{place}: a clear code is no part of a key")


class Training(Declaration):
    """How weights are learned without labels: the prior from near-certain rules, m from blocks, u from random pairs."""

    prior_rules: tuple[tuple[str, ...], ...]
    prior_recall: Number = Field(gt=0, le=1)
    em_blocks: tuple[tuple[str, ...], ...]
    max_pairs: Whole = Field(default=2_000_000, gt=0)
    seed: Whole = 1


class Ceiling(Declaration):
    """The most there may be of something, and why."""

    value: Number = Field(gt=0)
    reason: str = Field(min_length=20)


class Default(Declaration):
    """When a token stands for a value nobody knows: `times` as many people have it as have one on average.

    `people`: the token by whose different values people are counted, beside it.
    """

    people: str
    times: Number = Field(gt=1)
    reason: str = Field(min_length=20)


class Hint(Declaration):
    """What sealed blocking tells of a pair besides that it is one: `rule` made it.

    Of pairs that agree on every token of `unless` no level asks: they agree on more than the rule looks at.
    """

    rule: str
    unless: tuple[str, ...] = Field(min_length=1)
    reason: str = Field(min_length=20)


class View(Declaration):
    """One way to see a record: its tokens, and the model that compares them.

    A dataset is seen in a view when it can fill every token of `needs`. Each view has keys of its own, so a token of
    one view says nothing about a token of another. A view compares only pairs of which at least one dataset is in no
    earlier view; `against` limits the other side to datasets of that coverage. `sealed_blocking`: rules on fragments of
    names, whose keys never stand beside a token: of each, the parts of one key, and for each part what is taken from
    which kinds ({surname: soundex, other_surname: soundex}), as in a compound token. `person_numbers`: tokens that only
    records of one person share, by which blocking is judged. `pairs_per_record`: over which nothing is scored.
    `defaults`: tokens of which some stand for a value nobody knows. `hints`: what a level may know of the sealed rules.
    """

    about: str = ""
    needs: tuple[str, ...]
    against: Literal["spine", "event_register"] | None = None
    tokens: dict[str, Token]
    block_on: tuple[tuple[str, ...], ...]
    sealed_blocking: dict[str, tuple[dict[str, Derivation], ...]] = Field(default_factory=dict)
    person_numbers: tuple[str, ...] = ()
    pairs_per_record: Ceiling | None = None
    defaults: dict[str, Default] = Field(default_factory=dict)
    hints: dict[str, Hint] = Field(default_factory=dict)
    comparisons: dict[str, Comparison]
    training: Training

    @property
    def looked_at(self) -> set[str]:
        """The tokens that comparisons look at."""
        needed = {name for one in self.comparisons.values() for name in (*one.needs, *one.seen_beside)}
        return needed.union(*(level.tokens for one in self.comparisons.values() for level in one.levels))

    @model_validator(mode="after")
    def _names_only_its_tokens(self) -> Self:
        used = {*self.needs, *self.person_numbers, *self.looked_at}
        for rule in (*self.block_on, *self.training.prior_rules, *self.training.em_blocks):
            used |= set(rule)
        for comparison in self.comparisons.values():
            used |= {level.within for level in comparison.levels if level.within}
        used |= {*self.defaults, *(default.people for default in self.defaults.values())}
        used |= {token for hint in self.hints.values() for token in hint.unless}
        if unknown := sorted(used - set(self.tokens)):
            raise ValueError(f"names {unknown}, which are not among its tokens {sorted(self.tokens)}")
        return self

    @model_validator(mode="after")
    def _says_what_a_default_is(self) -> Self:
        levels = [level for comparison in self.comparisons.values() for level in comparison.levels]
        if unknown := sorted({level.default for level in levels if level.default} - {*self.defaults}):
            raise ValueError(f"levels ask for a default of {unknown}; `defaults` does not say when a token is one")
        counted = {*self.defaults, *(default.people for default in self.defaults.values())}
        if listed := sorted(name for name in counted if self.tokens[name].many):
            raise ValueError(f"defaults: {listed} hold several tokens a row; a default is told among single ones")
        return self

    @model_validator(mode="after")
    def _says_what_a_hint_is(self) -> Self:
        levels = [level for comparison in self.comparisons.values() for level in comparison.levels]
        if unknown := sorted({level.hint for level in levels if level.hint} - {*self.hints}):
            raise ValueError(f"levels ask for the hint {unknown}; `hints` does not say which sealed rule gives it")
        if unknown := sorted({hint.rule for hint in self.hints.values()} - {*self.sealed_blocking}):
            raise ValueError(f"hints: {unknown} are no rules of sealed_blocking {sorted(self.sealed_blocking)}")
        if both := sorted({*self.hints} & {*self.tokens}):
            raise ValueError(f"hints: {both} are tokens; a hint needs a name of its own")
        if listed := sorted({name for hint in self.hints.values() for name in hint.unless if self.tokens[name].many}):
            raise ValueError(f"hints: {listed} hold several tokens a row; `unless` takes single ones")
        return self

    @model_validator(mode="after")
    def _seals_compounds(self) -> Self:
        for name, parts in self.sealed_blocking.items():
            check_compound(parts, f"sealed_blocking.{name}")
        return self

    @model_validator(mode="after")
    def _trains_on_single_tokens(self) -> Self:
        levels = [level for comparison in self.comparisons.values() for level in comparison.levels]
        within = tuple((level.within,) for level in levels if level.within)
        rules = (*self.training.prior_rules, *self.training.em_blocks, *within)
        if listed := sorted({name for rule in rules for name in rule if self.tokens[name].many}):
            raise ValueError(f"training: {listed} hold several tokens a row; its rules take single ones")
        if listed := [name for name in self.person_numbers if self.tokens[name].many]:
            raise ValueError(f"person_numbers: {listed} hold several tokens a row; a person has one of each")
        if unblocked := [name for name in self.person_numbers if (name,) not in self.block_on]:
            raise ValueError(f"person_numbers: {unblocked} are no rules of their own in block_on, so pairs go unseen")
        return self


class Clusters(Declaration):
    """When a chain of links is not believed.

    `one_each`: comparisons of a number of which a person has one. Two different ones in a chain weigh against it as
    much as the model learned that their difference is worth; it is no wall, since some people have two. Whatever a link
    of the chain compared itself is in the weight of that link already. `contradiction_bits`: what it weighs that
    records cannot be one person (one may hold a wrong date). `largest`, `size_bits`: what it weighs that a person would
    have more records than that. `believed_from`: the probability that the link between two parts must have left, with
    the heaviest of that taken off, for them to be one person.
    """

    one_each: tuple[str, ...] = ()
    contradiction_bits: Number = Field(default=10.0, ge=0)
    largest: Whole = Field(default=1000, gt=1)
    size_bits: Number = Field(default=10.0, ge=0)
    believed_from: Number = Field(default=0.95, gt=0, lt=1)


class Profile(Declaration):
    """How much of a row is told. `without_tokens`: columns it does not have; `without_kinds`: identifiers not used.

    A contract chooses one for its dataset (`sensitivity`); `protected` is for the rows that its marker column names.
    """

    about: str = ""
    without_tokens: tuple[str, ...] = ()
    without_kinds: tuple[str, ...] = ()


class Encodings(Declaration):
    """The whole linkage schema."""

    version: str = Field(pattern=A_VERSION)
    identifiers: dict[str, Kind]
    profiles: dict[str, Profile] = Field(default_factory=dict)
    clusters: Clusters = Clusters()
    views: dict[str, View]

    @model_validator(mode="after")
    def _tokens_come_from_known_kinds(self) -> Self:
        known = sorted(self.identifiers)
        for view_name, view in self.views.items():
            said: dict[str, set[str]] = {
                f"tokens.{name}": {kind for part in token.parts for kind in part} for name, token in view.tokens.items()
            }
            said |= {
                f"sealed_blocking.{name}": {kind for part in parts for kind in part}
                for name, parts in view.sealed_blocking.items()
            }
            for place, kinds in said.items():
                if unknown := sorted(kinds - set(known)):
                    raise ValueError(f"views.{view_name}.{place}: no identifier {unknown}; known: {known}")
        return self

    @model_validator(mode="after")
    def _one_each_is_compared_as_one_token(self) -> Self:
        numbers = {
            name
            for view in self.views.values()
            for name, comparison in view.comparisons.items()
            if len(comparison.needs) == 1 and not view.tokens[comparison.needs[0]].many
        }
        if unknown := sorted({*self.clusters.one_each} - numbers):
            raise ValueError(f"clusters.one_each: {unknown} are no comparisons that need a single token of one value")
        return self

    @model_validator(mode="after")
    def _profiles_leave_out_what_there_is(self) -> Self:
        tokens = {token for view in self.views.values() for token in view.tokens}
        for name, profile in self.profiles.items():
            if unknown := sorted({*profile.without_tokens} - tokens | {*profile.without_kinds} - {*self.identifiers}):
                raise ValueError(f"profiles.{name}: leaves out {unknown}, which no view and no identifier is called")
            if needed := sorted(
                {*profile.without_tokens} & {need for view in self.views.values() for need in view.needs}
            ):
                raise ValueError(f"profiles.{name}: leaves out {needed}, which a view needs")
        return self

    @property
    def scheme(self) -> str:
        """What tokens are made by: the version, and a fingerprint of whatever alters a token.

        Departments whose declarations differ although they bear one version are told apart by it.
        """
        altering = {"standardise": {name: kind.standardise for name, kind in self.identifiers.items()}} | {
            name: view.model_dump(mode="json", include={"tokens", "sealed_blocking"})
            for name, view in self.views.items()
        }
        return f"{self.version}-{hashlib.sha256(json.dumps(altering).encode()).hexdigest()[:8]}"

    def profile(self, name: str) -> Profile:
        """The profile of that name; one that leaves nothing out where it is not declared."""
        return self.profiles.get(name, Profile())

    def seen(self, kinds: frozenset[str], view: str) -> tuple[str, ...]:
        """The tokens of `view` that a dataset with these kinds of identifier can fill; () when it is not seen in it."""
        declared = self.views[view]
        filled = tuple(name for name, token in declared.tokens.items() if token.filled_by(kinds))
        return filled if set(declared.needs) <= set(filled) else ()


def read_encodings(schemas: Path) -> Encodings:
    """The linkage schema of a `schemas` folder. Raises ContractError."""
    return read(Encodings, schemas / "encodings.yaml")
