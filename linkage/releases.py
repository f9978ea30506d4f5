"""What is done with releases once they are there."""

from pathlib import Path
from typing import Any

from linkage import facts
from linkage.errors import DisclosureError
from linkage.settings import Settings


def check_certificate(settings: Settings, file: Path) -> dict[str, Any]:
    """How many counts, sums, tables and proofs a certificate holds, each checked by addition, and of which release.

    Raises DisclosureError where one does not hold, or where the release of that name has other tables.
    """
    from linkage.release.auditor import certificate

    found = certificate.checked(file)
    tables = settings.files.release(found["about"]["release"]) / "tables.csv"
    if tables.exists() and facts.sha256(tables) != found["about"]["tables.csv"]:
        raise DisclosureError(f"{file} is about other tables than {tables}. Publish again, and check its certificate.")
    return found
