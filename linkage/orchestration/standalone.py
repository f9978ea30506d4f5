"""`airflow standalone`, listening on this machine only: run as python -m linkage.orchestration.standalone.

The scheduler and the triggerer each start a server for their logs, on every address of the machine. Here the API server
reads the logs from the disk, so they are not needed; `standalone` has no option to leave them out.
"""

from typing import Any

from airflow.cli.commands import standalone_command

WITH_A_LOG_SERVER = ("scheduler", "triggerer")


class WithoutLogServer(standalone_command.SubCommand):
    """A component of Airflow that serves no logs."""

    def __init__(self, parent: Any, name: str, command: list[str], env: dict[str, str]) -> None:
        more = ["--skip-serve-logs"] if name in WITH_A_LOG_SERVER else []
        super().__init__(parent, name=name, command=[*command, *more], env=env)


if __name__ == "__main__":
    standalone_command.SubCommand = WithoutLogServer
    standalone_command.StandaloneCommand().run()
