"""One error class for each person who must act, each with its own exit code.

The person who reads the message often cannot see the machine the run happened on, so a message says where, what and
what to do, and never quotes a value from the data.
"""


class LinkageError(Exception):
    """Base of every error a run can end in. `exit_code` tells a scheduler who must act."""

    exit_code = 1


class ContractError(LinkageError):
    """A declaration in schemas/ or expectations/ is wrong: its author edits the file."""

    exit_code = 10


class ExtractError(LinkageError):
    """An extract is not what its contract says: it goes back to the department."""

    exit_code = 11


class PrivacyError(LinkageError):
    """Going on would put privacy at risk: stop; nothing was written."""

    exit_code = 12


class DisclosureError(LinkageError):
    """A table cannot be published like this: try a coarser breakdown."""

    exit_code = 13


class GateError(LinkageError):
    """A critical expectation failed: the quality lead reads the report; what was written so far is kept."""

    exit_code = 14


class LinkError(LinkageError):
    """The linkage cannot be done, or not be trusted, with these records: the data engineer looks at the inputs."""

    exit_code = 15


class BusyError(LinkageError):
    """Another run of the same is at work in the workspace: whoever started this one waits."""

    exit_code = 16
