"""Keeps everything that is derived from the contracts in step with them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stafford.contracts import Contract, json_schema, load_contracts, out_of_step, write_artefacts
from stafford.errors import ConfigError, ContractViolation
from stafford.settings import PROJECT_DIR, Settings


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
