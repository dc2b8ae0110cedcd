"""Keeps everything that is derived from the contracts in step with them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from stafford.contracts import (
    Change,
    Contract,
    compare,
    json_schema,
    load_contracts,
    out_of_step,
    write_artefacts,
)
from stafford.errors import ConfigError, ContractViolation
from stafford.runtime.git import read_files
from stafford.settings import PROJECT_DIR, Settings

CONTRACTS = "contracts"
"""The folder of the contracts, below the project, at every revision."""


@dataclass(frozen=True, slots=True)
class ContractsJob:
    """The contracts by topic, and the project that holds what is derived from them."""

    contracts: Mapping[str, Contract]
    project_dir: Path

    def derive(self) -> list[str]:
        """Write the derived files that are out of step; running it again writes nothing.

        Returns:
            Their paths below the project, with forward slashes.

        Raises:
            StorageError: a file cannot be read or written.
        """
        return [self._name(path) for path in write_artefacts(self.contracts, self.project_dir)]

    def check(self) -> None:
        """Write nothing, and refuse derived files that are out of step.

        Raises:
            ContractViolation: naming each such file.
            StorageError: a file cannot be read.
        """
        stale = [self._name(path) for path in out_of_step(self.contracts, self.project_dir)]
        if stale:
            raise ContractViolation(
                f"out of step with the contracts: {', '.join(stale)}; run `stafford contracts derive`"
            )

    def compare(self, old: str, new: str | None) -> list[Change]:
        """What changed from one version of the contracts to another.

        Args:
            old: a folder with contracts, or a git revision of the project.
            new: the same; None for the contracts as they are.

        Raises:
            ConfigError: there is no such folder or revision.
            ContractViolation: a contract of either is not what its readers need.
        """
        now = self.contracts if new is None else self._load(new)
        return compare(self._load(old), now)

    def _load(self, version: str) -> Mapping[str, Contract]:
        if Path(version).is_dir():
            return load_contracts(Path(version))
        with TemporaryDirectory() as name:
            for path, content in read_files(self.project_dir, version, CONTRACTS).items():
                (Path(name) / Path(path).name).write_bytes(content)
            try:
                return load_contracts(Path(name))
            except ContractViolation as exc:
                raise ContractViolation(f"at revision {version}: {exc}") from exc

    def schema(self, topic: str) -> dict[str, Any]:
        """JSON Schema of the topic's bodies.

        Raises:
            ConfigError: there is no such topic.
        """
        if topic not in self.contracts:
            raise ConfigError(f"no contract for the topic {topic!r}; topics: {', '.join(self.contracts)}")
        return json_schema(self.contracts[topic])

    def _name(self, path: Path) -> str:
        return path.relative_to(self.project_dir).as_posix()


def build(settings: Settings, *, project_dir: Path = PROJECT_DIR) -> ContractsJob:
    """Wire the contracts to the project; tests give a project of their own.

    Raises:
        ContractViolation: a contract is not what its readers need.
    """
    return ContractsJob(load_contracts(settings.contracts_dir), project_dir)
