"""Deleting so that the disk forgets, as far as a program can see to it."""

import os
from pathlib import Path


def erase(path: Path) -> None:
    """Overwrite a file once and delete it, on the disk when this returns. Copies a file system keeps are beyond it."""
    with path.open("r+b") as file:
        file.write(bytes(path.stat().st_size))
        file.flush()
        os.fsync(file.fileno())
    path.unlink()
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Have the disk know which files a folder holds."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
