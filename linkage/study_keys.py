"""The life of a project: its study-id key made, its file written, both destroyed. Each step is an entry of the log.

What is about to be written or deleted is logged before it is: a command that was killed is run again, and ends as it
would have ended.
"""

import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from linkage.erasing import check_no_link, erase
from linkage.errors import PrivacyError
from linkage.ledger import Entry, ledger_of
from linkage.pseudonymisation.key_sources import KeyFolder
from linkage.pseudonymisation.keys import Key
from linkage.settings import Settings
from linkage.workspace import private_folder

MADE, ENDING, DESTROYED = "study-id key made", "project to be destroyed", "study-id key destroyed"


def of_project(settings: Settings, project: str) -> list[Entry]:
    """What the log says of a project, the earliest first. Raises PrivacyError where the log is broken."""
    return [e for e in ledger_of(settings).verify().entries if e.details.get("project") == project]


def said(entries: Iterable[Entry], *what: str) -> Entry | None:
    """The last entry that says one of these things."""
    return next((entry for entry in reversed(list(entries)) if entry.what in what), None)


def new_study_key(settings: Settings, project: str) -> str:
    """Make the study-id key of a project. Returns its fingerprint. Killed before it was logged, it is run again.

    Raises PrivacyError where there is, or was, one.
    """
    entries = of_project(settings, project)
    check_not_ending(settings, project, entries)
    private_folder(settings.files.department.keys)
    keys = KeyFolder(settings.files.department.keys)
    if said(entries, MADE) or not keys.path(f"study-{project}").exists():
        check_not_lost(settings, project, entries)
        keys.make_for_study(project)
    fingerprint = keys.study_key(project).fingerprint(project)
    ledger_of(settings).append(MADE, project=project, fingerprint=fingerprint)
    return fingerprint


def study_key(settings: Settings, project: str) -> Key:
    """The study-id key of a project that has not ended. Raises PrivacyError where it has none."""
    entries, keys = of_project(settings, project), KeyFolder(settings.files.department.keys)
    check_not_ending(settings, project, entries)
    check_not_lost(settings, project, entries)
    if not said(entries, MADE):
        raise PrivacyError(
            f"Project {project} has no study-id key. Make it: linkage project new {project}. Nothing was written."
        )
    return keys.study_key(project)


def check_not_ending(settings: Settings, project: str, entries: Iterable[Entry]) -> None:
    """Raises PrivacyError where the log says that a project was destroyed, or is to be: it must stay true."""
    if said(entries, ENDING, DESTROYED):
        raise PrivacyError(
            f"{settings.files.log} says that project {project!r} was destroyed, and it must stay true. What is left of "
            f"it goes with: linkage project destroy {project}. Name another project. Nothing was written."
        )


def check_not_lost(settings: Settings, project: str, entries: Iterable[Entry]) -> None:
    """Raises PrivacyError where a project has had a key that is not there: another one would make other study ids."""
    keys = KeyFolder(settings.files.department.keys)
    if (made := said(entries, MADE)) and not keys.path(f"study-{project}").exists():
        raise PrivacyError(
            f"The study-id key of {project!r} (fingerprint {made.details['fingerprint']}) is lost. Put it back into "
            f"{keys.folder}, or end the project: linkage project destroy {project}. Nothing was written."
        )


def destroy_study_key(settings: Settings, project: str) -> Entry:
    """Delete the file of a project and its study-id key: no later export can be joined to it. Returns the receipt.

    Killed on the way, it is run again; once it is done, it gives the same receipt. Files in other outputs are named in
    it (`left`), and copies that users made are theirs to destroy. A key that was lost is no hindrance. Raises
    PrivacyError where nothing is known of the project, or a file of it is a link: then nothing is deleted.
    """
    key_files = KeyFolder(settings.files.department.keys).study_files(project)
    entries, doomed = of_project(settings, project), [*project_files(settings, project), *key_files]
    check_no_link(doomed)
    last = said(entries, ENDING, DESTROYED)
    if last and last.what == DESTROYED and not doomed:
        return last
    ending = last if last and last.what == ENDING else log_ending(settings, project, entries, doomed)
    for path in doomed:
        erase(path)
    for folder in project_folders(settings.files.project(project), project):
        shutil.rmtree(folder)
    shutil.rmtree(settings.files.cohorts.scratch(project), ignore_errors=True)  # of an export that was killed
    deleted = sorted({*ending.details["deleted"], *absolute(doomed)})
    ended = {"project": project, "fingerprint": ending.details["fingerprint"], "deleted": deleted}
    return ledger_of(settings).append(DESTROYED, **ended, left=exported_elsewhere(entries, project))


def log_ending(settings: Settings, project: str, entries: Iterable[Entry], doomed: Iterable[Path]) -> Entry:
    """The entry that says what is to be deleted. Raises PrivacyError where nothing is known of the project."""
    fingerprint = fingerprint_of(settings, project, entries)
    return ledger_of(settings).append(ENDING, project=project, fingerprint=fingerprint, deleted=absolute(doomed))


def absolute(paths: Iterable[Path]) -> list[str]:
    """Where they are, from whichever folder the log is read."""
    return [str(path.absolute()) for path in paths]


def fingerprint_of(settings: Settings, project: str, entries: Iterable[Entry]) -> str:
    """The fingerprint of a project's key as the log says it, else by its file. Raises PrivacyError without both."""
    if made := said(entries, MADE):
        return str(made.details["fingerprint"])
    keys = KeyFolder(settings.files.department.keys)
    if not keys.path(f"study-{project}").exists():
        raise PrivacyError(
            f"There is no project {project}: it has no study-id key, and {settings.files.log} says nothing of it. "
            "Nothing was deleted."
        )
    return keys.study_key(project).fingerprint(project)


def project_files(settings: Settings, project: str) -> list[Path]:
    """The files of a project in outputs, and what a killed export may have left beside them.

    Raises PrivacyError where one of them, or a folder they are in, is a link.
    """
    file = settings.files.project(project)
    folders = list(project_folders(file, project))
    check_no_link([file.parents[1], *folders])
    files = files_in(folders)
    check_no_link(files)
    return files


def project_folders(file: Path, project: str) -> Iterator[Path]:
    """The folder of a project's file, and those that a killed export may have left beside it, where they are there."""
    folder = file.parent
    yield from (
        one for one in (folder, *sorted(folder.parent.glob(f".{project}.*"))) if one.is_symlink() or one.exists()
    )


def files_in(folders: Iterable[Path]) -> list[Path]:
    """Whatever is in these folders and is no folder."""
    return sorted(path for folder in folders for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())


def exported_elsewhere(entries: Iterable[Entry], project: str) -> list[str]:
    """Files of a project that an export wrote, or began to write, into other outputs, and that are still there."""
    files = {Path(entry.details["file"]) for entry in entries if "file" in entry.details}
    return sorted({str(path) for file in files for path in files_in(project_folders(file, project))})
