"""Whose declarations, and whose files: what every stage is given."""

import os
from dataclasses import dataclass
from pathlib import Path

from linkage.contracts.analysis import Analysis, read_analysis
from linkage.contracts.circumstances import Circumstances, read_circumstances
from linkage.contracts.comparison import Comparison, read_comparisons
from linkage.contracts.dataset import Dataset, read_dataset, read_datasets
from linkage.contracts.disclosure import Disclosure, read_disclosure
from linkage.contracts.encodings import Encodings, read_encodings
from linkage.contracts.link_errors import LinkErrors, read_link_errors
from linkage.contracts.link_quality import LinkQuality, read_link_quality
from linkage.contracts.project import Project, declared_projects, read_project, read_projects
from linkage.contracts.review import Review, read_review
from linkage.contracts.scope import Scope, read_scope
from linkage.errors import ContractError
from linkage.workspace import Workspace


@dataclass(frozen=True)
class Settings:
    """Whose declarations, and whose files. `outputs`: where releases are published; in the workspace by default."""

    schemas: Path
    workspace: Path
    outputs: Path | None = None

    @classmethod
    def from_environment(cls) -> "Settings":
        """LINKAGE_SCHEMAS, LINKAGE_WORKSPACE and LINKAGE_OUTPUTS: how an Airflow task is told. Never holds a key."""
        outputs = os.environ.get("LINKAGE_OUTPUTS")
        return cls(
            schemas=Path(os.environ.get("LINKAGE_SCHEMAS", "schemas")).absolute(),
            workspace=Path(os.environ.get("LINKAGE_WORKSPACE", "workspace")).absolute(),
            outputs=Path(outputs).absolute() if outputs else None,
        )

    def as_environment(self) -> dict[str, str]:
        """The same for a process of Airflow."""
        said = {"LINKAGE_SCHEMAS": str(self.schemas), "LINKAGE_WORKSPACE": str(self.workspace)}
        return said | ({"LINKAGE_OUTPUTS": str(self.outputs)} if self.outputs else {})

    @property
    def files(self) -> Workspace:
        """The files of this workspace, by zone."""
        return Workspace(self.workspace, self.outputs)

    @property
    def datasets(self) -> dict[str, Dataset]:
        """The contracts. Raises ContractError."""
        return read_datasets(self.schemas)

    @property
    def encodings(self) -> Encodings:
        """The linkage schema. Raises ContractError."""
        return read_encodings(self.schemas)

    @property
    def scope(self) -> Scope:
        """Whose records leave a department. Raises ContractError."""
        return read_scope(self.schemas)

    @property
    def expectations(self) -> Path:
        """The suites, beside the schemas. Without them, what follows from a contract is still expected."""
        return self.schemas.parent / "expectations"

    def dataset(self, name: str) -> Dataset:
        """One contract. Raises ContractError naming those there are."""
        path = self.schemas / "datasets" / f"{name}.yaml"
        if not path.exists():
            there_are = sorted(p.stem for p in path.parent.glob("*.yaml"))
            raise ContractError(f"{path.parent}: no contract {name}.yaml; there are {there_are}.")
        return read_dataset(path, self.encodings)

    @property
    def publishes(self) -> bool:
        """Are there tables to publish? A workspace may only link and evaluate."""
        return (self.schemas / "tables").is_dir()

    @property
    def analysis(self) -> Analysis:
        """What is counted, and how. Raises ContractError."""
        return read_analysis(self.schemas, self.datasets)

    @property
    def comparisons(self) -> dict[str, Comparison]:
        """Which groups of women are matched and compared. Raises ContractError."""
        return read_comparisons(self.schemas, self.analysis)

    @property
    def circumstances(self) -> Circumstances | None:
        """What can contradict two records being one person; none where none is declared. Raises ContractError."""
        return read_circumstances(self.schemas, self.datasets)

    @property
    def review(self) -> Review:
        """What is drawn for review. Raises ContractError."""
        return read_review(self.schemas, self.datasets)

    @property
    def link_quality(self) -> LinkQuality | None:
        """From where on a link rate is flagged; none where nothing is published. Raises ContractError."""
        return read_link_quality(self.schemas) if self.publishes else None

    @property
    def link_errors(self) -> LinkErrors | None:
        """Where rates of errors of links are from; none where no rate is to be corrected. Raises ContractError."""
        return read_link_errors(self.schemas, self.analysis)

    @property
    def disclosure(self) -> Disclosure:
        """What may be published. Raises ContractError."""
        return read_disclosure(self.schemas)

    @property
    def projects(self) -> dict[str, Project]:
        """Who is given person-level rows, and which. Raises ContractError."""
        return read_projects(self.schemas, self.analysis, self.disclosure)

    def project(self, name: str) -> Project:
        """One project, whatever the files of others say. Raises ContractError naming those there are."""
        if name not in (there_are := declared_projects(self.schemas)):
            raise ContractError(f"{self.schemas / 'projects'}: no project {name}.yaml; there are {there_are}.")
        return read_project(self.schemas, name, self.analysis, self.disclosure)
