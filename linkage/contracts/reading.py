"""Read declarations: every mistake of every file in one message, each with its file and its place."""

import datetime
import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any, TypeVar, cast

import yaml
from pydantic import AllowInfNan, BaseModel, BeforeValidator, ConfigDict, Strict, ValidationError
from pydantic_core import PydanticKnownError

from linkage.contracts.refusals import refusals
from linkage.errors import ContractError


class Declaration(BaseModel):
    """A frozen model that refuses a field it does not know: a misspelt option must never be a silent default."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


def no_number(given: Any) -> Any:
    """What may be a date: a number would be taken for so many seconds."""
    if isinstance(given, int | float):
        raise PydanticKnownError("date_type")
    return given


# Of which nothing else is taken for: a bare yes is no 1, and a bare no is no day 0.
Whole = Annotated[int, Strict()]
Number = Annotated[float, Strict(), AllowInfNan(False)]
Date = Annotated[datetime.date, BeforeValidator(no_number)]
M = TypeVar("M", bound=Declaration)
R = TypeVar("R")


def read_text(path: Path) -> str:
    """The text of one declaration. Raises ContractError."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ContractError(f"{path}: there is no such file.") from None
    except OSError as error:
        raise ContractError(f"{path}: cannot be opened ({error.strerror}).") from None
    except UnicodeDecodeError:
        raise ContractError(f"{path}: not UTF-8 text. Save it as UTF-8.") from None


def repeated(node: yaml.Node | None, place: str = "", above: tuple[yaml.Node, ...] = ()) -> Iterator[str]:
    """` line 7: knobs.alias stands twice …` for each key that YAML would let the last of take the others' place.

    `above`: the nodes that this one is in: an alias can lead back to one of them.
    """
    if node is None or node in above:
        return
    seen: set[str] = set()
    for key, value in node.value if isinstance(node, yaml.MappingNode) else ():
        name = key.value if isinstance(key, yaml.ScalarNode) else ""
        if name and name in seen:
            yield f" line {key.start_mark.line + 1}: {place}{name} stands twice; keep one of them."
        seen.add(name)
        yield from repeated(value, f"{place}{name}.", (*above, node))
    for part in node.value if isinstance(node, yaml.SequenceNode) else ():
        yield from repeated(part, place, (*above, node))


def parsed(path: Path, text: str) -> Any:
    """The content of a YAML text, which stands in that file. Raises ContractError with each line that is not YAML, or
    says again what another said.
    """
    try:
        loader = yaml.CSafeLoader(text)  # the safe loader, ten times as fast in C
        node = loader.get_single_node()
        if wrong := [f"{path}{line}" for line in repeated(node)]:
            raise ContractError("\n".join(wrong))
        return None if node is None else loader.construct_document(node)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" line {mark.line + 1}" if mark else ""
        raise ContractError(f"{path}{line}: not YAML ({getattr(error, 'problem', None) or 'unreadable'}).") from None
    except ValueError as error:
        raise ContractError(f"{path}: not YAML ({error}).") from None


def parse(model: type[M], path: Path, content: Any) -> M:
    """`content` as a `model`; ContractError with one line for each mistake, naming its place in the file."""
    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise ContractError("\n".join(f"{path}: {line}" for line in refusals(model, content, error))) from None


def read(model: type[M], path: Path) -> M:
    """One file as a `model`. Raises ContractError."""
    return cast(M, told(model, path, read_text(path)))


@functools.lru_cache(maxsize=512)  # all declarations are read for each stage, and again for each that hangs on them
def told(model: type[Declaration], path: Path, text: str) -> Declaration:
    """What the text of a file says as a `model`, which is frozen. Raises ContractError."""
    return parse(model, path, parsed(path, text))


def read_folder(model: type[M], folder: Path) -> dict[str, M]:
    """{file stem: model} for each `*.yaml` in `folder`. Raises ContractError as `read_each` does."""
    return read_each(folder, lambda path: read(model, path))


def read_each(folder: Path, reading: Callable[[Path], R]) -> dict[str, R]:
    """{file stem: what `reading` gives} for each `*.yaml` in `folder`, in name order; {} where there is no such folder.

    Raises ContractError with the mistakes of all files, also where one is called `.yml`: nobody would notice that it
    was not read.
    """
    found: dict[str, R] = {}
    wrong = [f"{path}: it is not read. Call it {path.stem}.yaml." for path in sorted(folder.glob("*.yml"))]
    for path in sorted(folder.glob("*.yaml")):
        try:
            found[path.stem] = reading(path)
        except ContractError as error:
            wrong.append(str(error))
    if wrong:
        raise ContractError("\n".join(wrong))
    return found
