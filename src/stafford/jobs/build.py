"""Builds and tests the marts of a home with dbt."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from stafford.jobs.warehouse import Target, find_dbt_target
from stafford.runtime.environments import ensure_environment
from stafford.settings import PROJECT_DIR, Settings
from stafford.warehouse import dbt
from stafford.warehouse.dbt_targets import DbtTarget

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class BuildJob:
    """The dbt project, the warehouse that it builds in, and how to come by dbt."""

    project_dir: Path
    warehouse: DbtTarget
    find_dbt: Callable[[Progress], Path]
    """Gives the folder of the dbt executable; makes its environment on the first run."""

    def run(self, progress: Progress = lambda _: None) -> dbt.BuildResult:
        """Build every model and run every test.

        Delivery: running it again builds everything anew from what was published.

        Raises:
            ConfigError: there is no warehouse yet, dbt cannot be installed, or the project does not parse.
            HomeInUse: another process holds the warehouse.
            NotReady: the warehouse's server does not answer.
            StorageError: the home cannot be written.
            Terminal: a model or a test failed; the message names it.
        """
        return dbt.build(self.project_dir, self.warehouse, self.find_dbt(progress), progress)


def build(
    settings: Settings,
    target: Target = Target.DUCKDB,
    *,
    find_dbt: Callable[[Progress], Path] | None = None,
) -> BuildJob:
    """Wire dbt's own environment to a warehouse; tests pass an environment that they have.

    Raises:
        ConfigError: the settings of the server are not as they must be.
    """

    def ensure_dbt(progress: Progress) -> Path:
        return ensure_environment(
            "dbt", PROJECT_DIR / "requirements" / "dbt.txt", settings.cache_dir, progress
        )

    return BuildJob(settings.dbt_dir, find_dbt_target(settings, target), find_dbt or ensure_dbt)
