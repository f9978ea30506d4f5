"""What is wrong with a declaration, in the words of whoever edits it: where, what stands there, and what to write."""

import difflib
import re
from collections.abc import Iterable, Iterator, Sequence
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

LONGEST = 40  # characters of a text that are said again
IN_QUOTES = re.compile("'([^']+)'")
TEXT = "a text (in quotes where it looks like something else)"
WHOLE, NUMBER = "a whole number without quotes, as 42", "a number without quotes, as 0.5"
DATE, LIST, FIELDS = "a date, as 2024-03-31", "a list, as [first, second]", "fields, each as `name: value`"
WANTED = {
    "string_type": TEXT,
    "int_type": WHOLE, "int_parsing": WHOLE, "int_from_float": WHOLE,
    "float_type": NUMBER, "float_parsing": NUMBER, "finite_number": NUMBER,
    "bool_type": "true or false", "bool_parsing": "true or false",
    "date_type": DATE, "date_parsing": DATE, "date_from_datetime_parsing": DATE, "date_from_datetime_inexact": DATE,
    "tuple_type": LIST, "list_type": LIST,
    "dict_type": FIELDS, "model_type": FIELDS, "model_attributes_type": FIELDS,
}  # fmt: skip
LIMITS = {
    "greater_than": "more than {gt}",
    "greater_than_equal": "{ge} or more",
    "less_than": "less than {lt}",
    "less_than_equal": "{le} or less",
    "multiple_of": "a multiple of {multiple_of}",
}
SENTENCES = {
    "missing": "it is missing. Add it.",
    "union_tag_not_found": "it is missing. Add it.",
    "too_short": "{actual_length} stand there. Name {min_length} or more.",
    "too_long": "{actual_length} stand there. Name {max_length} or fewer.",
    "string_pattern_mismatch": "it must match the pattern {pattern}.",
    "string_too_short": "it is too short. Say it in {min_length} characters or more.",
}


def refusals(model: type[BaseModel], content: Any, error: ValidationError) -> Iterator[str]:
    """`place: what is wrong, and what to write` for each mistake that `model` found in the `content` of a file.

    Declarations hold no personal data, so what stands there may be said.
    """
    wanted: dict[tuple[str, str], list[str]] = {}
    for mistake in error.errors(include_url=False):
        place, value = found_at(content, mistake)
        if kind := WANTED.get(mistake["type"]):  # one of several kinds may be wanted at one place
            wanted.setdefault((place, stands(value)), []).append(kind)
        else:
            yield f"{place}: {what_is_wrong(model, mistake, value)}"
    for (place, standing), kinds in wanted.items():
        yield f"{place}: {standing} stands there. Write {' or '.join(dict.fromkeys(kinds))}."


def found_at(content: Any, mistake: ErrorDetails) -> tuple[str, Any]:
    """The place of a mistake in the file, and what stands there. Left out is what its model alone knows of, as which of
    several measures was meant.
    """
    value, place = content, []
    for part in mistake["loc"]:
        if (isinstance(value, dict) and part in value) or (isinstance(value, list) and part in range(len(value))):
            value = value[part]  # type: ignore[index]
            place.append(str(part))
    if mistake["type"] == "missing":
        place.append(str(mistake["loc"][-1]))
    if tag := mistake.get("ctx", {}).get("discriminator"):
        place.append(tag.strip("'"))
        value = value.get(place[-1])
    return ".".join(place) or "the file", value


def stands(value: Any) -> str:
    """What is written at a place, as its author knows it."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "a bare yes (true)" if value else "a bare no (false)"
    if isinstance(value, str):
        return repr(value) if len(value) <= LONGEST else "a text"
    if isinstance(value, dict):
        return "fields" if value else "{}"
    return "a list" if isinstance(value, list) else str(value)


def what_is_wrong(model: type[BaseModel], mistake: ErrorDetails, value: Any) -> str:
    """A sentence on one mistake that is not about the kind of value that stands there."""
    kind, context = mistake["type"], mistake.get("ctx", {})
    if kind == "extra_forbidden":
        *inside, name = mistake["loc"]
        return f"there is no such field{or_else(str(name), fields_at(model, inside))}"
    if words := context.get("expected") or context.get("expected_tags"):
        return f"{stands(value)} cannot stand there{or_else(str(value), IN_QUOTES.findall(words))}"
    if kind in LIMITS:
        limits = {name: f"{one:g}" if isinstance(one, float) else one for name, one in context.items()}
        return f"{stands(value)} stands there. Write {LIMITS[kind].format(**limits)}."
    if kind in SENTENCES:
        return SENTENCES[kind].format(**context)
    return mistake["msg"].removeprefix("Value error, ")


def or_else(word: str, known: Iterable[str]) -> str:
    """What may stand there instead, the nearest word first."""
    there = list(known)
    near = difflib.get_close_matches(word, there, 1)
    meant = f". Did you mean {near[0]}?" if near else "."
    return f"{meant} There are: {', '.join(there)}." if there else meant


def fields_at(kind: Any, inside: Sequence[int | str]) -> list[str]:
    """The fields that may stand in a declaration of this kind, or at a place inside it; none where it has no fields."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        if not inside:
            return [field.alias or name for name, field in kind.model_fields.items()]
        named = {field.alias or name: field.annotation for name, field in kind.model_fields.items()}
        return fields_at(named.get(str(inside[0])), inside[1:])
    kinds, among = get_args(kind), get_origin(kind)
    if among in (dict, tuple) and inside:
        return fields_at(kinds[-1] if among is dict else kinds[0], inside[1:])
    if among is Annotated:
        return fields_at(kinds[0], inside)
    if among in (Union, UnionType):
        models = [one for one in kinds if one is not NoneType]
        tagged = [one for one in models if inside and inside[0] in tags(one)]
        return fields_at(tagged[0], inside[1:]) if tagged else fields_at(models[0], inside)
    return []


def tags(kind: Any) -> tuple[Any, ...]:
    """The words that say that a declaration of this kind is meant."""
    field = getattr(kind, "model_fields", {}).get("kind")
    return get_args(field.annotation) if field else ()
