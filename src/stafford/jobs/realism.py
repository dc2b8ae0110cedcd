"""Measures how much events resemble a real shop's, and writes the page about it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from stafford.domain.window import Window
from stafford.generator.files import Format
from stafford.jobs import generate
from stafford.page import write
from stafford.realism import Measurement, Targets, load_targets, measure, render
from stafford.settings import Settings

Progress = Callable[[str, float], None]
_WINDOW = Window(datetime(2024, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC))
_MAKING = 0.75  # share of the time that making the events takes

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
                self.generate(folder, lambda step, done: progress(step, done * _MAKING))
                measurement = measure(
                    folder,
                    self.targets,
                    lambda step, done: progress(step, _MAKING + done * (1 - _MAKING)),
                )
        write(render(measurement, written_at=self.clock()), self.page)
        return measurement


@dataclass(frozen=True, slots=True)
class Sample:
    """The shop that is made when nobody names a folder.

    Two years, because a customer's spending and a tenth order take longer than one to show.
    """

    profile: str
    seed: int = 7
    customers: int = 200_000
    workers: int = 1

    def make(self, settings: Settings, folder: Path, progress: Progress) -> None:
        """Write it.

        Raises:
            ConfigError: there is no such profile.
            StorageError: the folder cannot be written.
        """
        job = generate.build(
            settings,
            window=_WINDOW,
            opens_at=None,
            customers=self.customers,
            profile=self.profile,
            seed=self.seed,
            file_format=Format.PARQUET,
            folder=folder,
            workers=self.workers,
        )
        job.run(lambda rows, share: progress(f"{rows:,} events made", share))


def build(
    settings: Settings,
    *,
    profile: str,
    folder: Path | None,
    sample: Sample | None = None,
    page: Path | None = None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> RealismJob:
    """Wire the targets of a kind of shop to a folder of events.

    Args:
        settings: where targets and home are.
        profile: name of targets in config/realism, or path of a YAML file.
        folder: events to measure; None: make some.
        sample: what to make; None: the profile of the same name.
        page: where the page goes; None: into the home.
        clock: what the page says it was written at; tests pass their own.

    Raises:
        ConfigError: there are no such targets, or they are wrong.
    """
    targets = load_targets(profile, settings.config_dir / "realism")
    path = page or settings.home_dir / f"realism-{targets.profile}.html"
    made = partial((sample or Sample(profile)).make, settings)
    return RealismJob(targets, folder, made, path, clock)


def build_each(
    settings: Settings, *, profile: str, seeds: Iterable[int], sample: Sample, page: Path | None = None
) -> dict[int, RealismJob]:
    """Wire the same targets to a shop from each seed.

    Args:
        settings: where targets and home are.
        profile: name of targets in config/realism, or path of a YAML file.
        seeds: which shops of the kind.
        sample: what to make, but for the seed.
        page: where the pages go, each with its seed in the name; None: into the home.

    Raises:
        ConfigError: there are no such targets, or they are wrong.
    """
    jobs = {}
    for seed in seeds:
        job = build(settings, profile=profile, folder=None, sample=replace(sample, seed=seed), page=page)
        jobs[seed] = replace(job, page=job.page.with_stem(f"{job.page.stem}-{seed}"))
    return jobs
