"""Measures how much events resemble a real shop's, and writes the page about it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from stafford.errors import ConfigError
from stafford.page import write
from stafford.realism import Measurement, Targets, load_targets, measure, render
from stafford.settings import Settings

Progress = Callable[[str, float], None]
Generate = Callable[[Path, Progress], None]
"""Writes a run into a folder that is free: `<topic>/*.parquet`."""


@dataclass(frozen=True, slots=True)
class RealismJob:
    """The targets, where the events are or come from, and where the page goes."""

    targets: Targets
    folder: Path | None
    generate: Generate
    page: Path
    clock: Callable[[], datetime]

    def run(self, progress: Progress = lambda _step, _done: None) -> Measurement:
        """Measure, and write the page. Without a folder a run is generated first, and thrown away after.

        Args:
            progress: is told the step and the share of the work that is done.

        Raises:
            ConfigError: the folder has no events, or lacks a topic.
            ContractViolation: a file does not have the columns of its contract.
            StorageError: something cannot be read or written.
        """
        if self.folder is not None:
            measurement = measure(self.folder, self.targets, progress)
        else:
            with TemporaryDirectory(prefix="stafford-realism-", ignore_cleanup_errors=True) as scratch:
                folder = Path(scratch) / "run"
                self.generate(folder, progress)
                measurement = measure(folder, self.targets, progress)
        write(render(measurement, written_at=self.clock()), self.page)
        return measurement


def generate_run(_folder: Path, _progress: Progress) -> None:
    """Generate the run that is measured when nobody names a folder.

    Raises:
        ConfigError: always, until the generator writes folders of this shape.
    """
    raise ConfigError(
        "name the folder of events with --data; `stafford generate --format parquet` writes one"
    )


def build(
    settings: Settings,
    *,
    profile: str,
    folder: Path | None,
    page: Path | None = None,
    generate: Generate = generate_run,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> RealismJob:
    """Wire the targets of a kind of shop to a folder of events.

    Args:
        settings: where targets and home are.
        profile: name of targets in config/realism, or path of a YAML file.
        folder: events to measure; None: generate some.
        page: where the page goes; None: into the home.
        generate: how to make a run.
        clock: what the page says it was written at; tests pass their own.

    Raises:
        ConfigError: there are no such targets, or they are wrong.
    """
    targets = load_targets(profile, settings.config_dir / "realism")
    path = page or settings.home_dir / f"realism-{targets.profile}.html"
    return RealismJob(targets, folder, generate, path, clock)
