"""One run of a stage at a time: two would write the same files, and delete each other's."""

import fcntl
import functools
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from linkage.errors import BusyError
from linkage.settings import Settings
from linkage.workspace import OWNER_ONLY_FILE, private_folder

P = ParamSpec("P")
R = TypeVar("R")
Stage = Callable[Concatenate[Settings, P], R]


@contextmanager
def held(settings: Settings, what: str, of: str = "") -> Iterator[None]:
    """The lock of some work: it ends with the process, however that ends. Raises BusyError where another holds it."""
    # The file stays: whoever waited for one that is deleted would hold nothing.
    lock = settings.files.log.with_name(".".join(filter(None, (what, Path(of).name, "lock"))))
    private_folder(lock.parent)
    with os.fdopen(os.open(lock, os.O_RDWR | os.O_CREAT, OWNER_ONLY_FILE)) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BusyError(
                f"Another run of {f'{what} {of}'.strip()} is at work in {settings.workspace}. Wait until it ends, then "
                "run this again. Nothing was written."
            ) from None
        yield


def alone(what: str, of_each: bool = False) -> Callable[[Stage[P, R]], Stage[P, R]]:
    """Work of which one run at a time is done in a workspace.

    `of_each`: of each dataset, view or project, which is its first argument; runs of different ones do not meet.
    """

    def guarding(stage: Stage[P, R]) -> Stage[P, R]:
        @functools.wraps(stage)
        def guarded(settings: Settings, *given: P.args, **named: P.kwargs) -> R:
            of = str(next(iter((*given, *named.values())))) if of_each else ""
            with held(settings, what, of):
                return stage(settings, *given, **named)

        return guarded

    return guarding
