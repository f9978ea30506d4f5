"""Overwrite and delete: a file that holds what must not be read again, and nothing that a link leads to."""

import errno
import os
from collections.abc import Iterable
from pathlib import Path
from typing import NoReturn

from linkage.errors import PrivacyError


def erase(path: Path) -> None:
    """Overwrite a file once and delete it, on the disk when this returns. Copies a file system keeps are beyond it.

    Raises PrivacyError where it is a link.
    """
    try:
        opened = os.open(path, os.O_WRONLY | os.O_NOFOLLOW)
    except OSError as error:
        if error.errno == errno.ELOOP:
            refuse_link(path)
        raise
    with os.fdopen(opened, "wb") as file:
        file.write(bytes(os.fstat(opened).st_size))
        file.flush()
        os.fsync(opened)
    path.unlink()
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Have the disk know which files a folder holds."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def check_no_link(paths: Iterable[Path]) -> None:
    """Raises PrivacyError where one of them is a link."""
    for path in paths:
        if path.is_symlink():
            refuse_link(path)


def refuse_link(path: Path) -> NoReturn:
    """Raises PrivacyError."""
    raise PrivacyError(
        f"{path} is a link, and what it leads to may be somebody else's: it was left alone. Put what it leads to in "
        "its place, or delete both, and run this again."
    )
