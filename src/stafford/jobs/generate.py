"""Writes a window of a shop's life to files."""

import multiprocessing
import os
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from stafford.domain.window import Window
from stafford.errors import WorkerLost
from stafford.generator import GENERATOR_VERSION, Shop, load_profile
from stafford.generator.calibration import EVERYBODY, find_events_per_day
from stafford.generator.files import Format
from stafford.generator.run_folder import RunFolder
from stafford.generator.shop import check_not_late
from stafford.settings import Settings

DEFAULT_EVENTS_PER_DAY = 7000.0
_EVENTS_PER_PART = 4_000_000
_EVENTS_PER_STEP = 280_000
_TELL_EVERY_S = 0.2

Progress = Callable[[int, float], None]
"""Is told how many records are written, and what share of the window."""


@dataclass(frozen=True, slots=True)
class Generated:
    """What is in the folder now. rows: by topic; was_there: an earlier command had written it."""

    run_id: str
    rows: dict[str, int]
    was_there: bool


@dataclass(frozen=True, slots=True)
class GenerateJob:
    """A shop, the window to write, and where to. workers: processes; each writes files of its own."""

    shop: Shop
    window: Window
    folder: Path
    format: Format
    workers: int = 1

    def run(self, progress: Progress = lambda _rows, _share: None, *, resume: bool = False) -> Generated:
        """Write the window, all of it or nothing; a folder that holds this very run is left alone.

        Args:
            progress: is told now and then.
            resume: go on with what a killed command left; the bytes are those of a run without a break.

        Raises:
            ConfigError: the folder holds something else, the window begins before the shop opens, or it
                ends after the last instant that a shop has.
            HomeInUse: another command is writing the same folder.
            StorageError: the folder cannot be written.
            WorkerLost: one of several processes was killed; what is written can be resumed.
        """
        run = RunFolder(self.folder, self._identify())
        written = run.find_whole()
        if written is not None:
            return Generated(self.shop.run_id, written, was_there=True)
        # Both say what is wrong before anything is written.
        self.shop.open(self.window.start)
        check_not_late("the end", self.window.end)
        with run.hold():
            written = run.begin(resume=resume)
            if written is not None:
                return Generated(self.shop.run_id, written, was_there=False)
            if self.workers == 1:
                self._write(0, run, progress)
            else:
                self._spread(run, progress)
            return Generated(self.shop.run_id, run.commit(self.workers, self.format), was_there=False)

    def _write(self, worker: int, run: RunFolder, progress: Progress) -> None:
        parts, known = run.read_progress(worker)
        rows = Counter(known)
        ends = list(self._cut(_EVENTS_PER_PART))
        progress(rows.total(), parts / len(ends))
        if parts == len(ends):
            return
        start = ends[parts - 1] if parts else self.window.start
        stream = self.shop.open(start, (worker, self.workers))
        for number in range(parts, len(ends)):
            with run.open_part(worker, number, self.format) as part:
                for until in self._step(start, ends[number], _EVENTS_PER_STEP):
                    part.write(stream.take(until))
                    progress(rows.total() + part.rows.total(), self._measure(until))
            rows.update(part.rows)
            start = ends[number]
            run.note_progress(worker, number + 1, rows)

    def _spread(self, run: RunFolder, progress: Progress) -> None:
        try:
            self._run_workers(progress)
        except BrokenProcessPool as exc:
            raise WorkerLost(
                f"a process that was writing {run.partial} was killed, as the system does when memory is "
                "short; go on with --resume"
            ) from exc

    def _run_workers(self, progress: Progress) -> None:
        # Not forked: Arrow and numba have threads, which a fork would leave hanging.
        context = multiprocessing.get_context("spawn")
        reports = context.Array("d", 2 * self.workers)
        with ProcessPoolExecutor(self.workers, context, _begin_worker, (reports,)) as pool:
            tasks = [pool.submit(_write_shard, self, worker) for worker in range(self.workers)]
            pending = set(tasks)
            while pending:
                done, pending = wait(pending, _TELL_EVERY_S)
                progress(int(sum(reports[: self.workers])), sum(reports[self.workers :]) / self.workers)
                for task in done:
                    task.result()

    def _cut(self, events: int) -> Iterator[datetime]:
        """Ends of stretches of about so many events."""
        yield from self._step(self.window.start, self.window.end, events)

    def _step(self, start: datetime, end: datetime, events: int) -> Iterator[datetime]:
        stride = max(timedelta(days=events / self.shop.events_per_day), timedelta(seconds=1))
        while start < end:
            start = min(start + stride, end)
            yield start

    def _measure(self, until: datetime) -> float:
        return (until - self.window.start) / (self.window.end - self.window.start)

    def _identify(self) -> dict[str, object]:
        return {
            "run_id": self.shop.run_id,
            "generator_version": GENERATOR_VERSION,
            "profile": self.shop.profile.name,
            "seed": self.shop.seed,
            "opens_at": self.shop.opens_at.isoformat(),
            "events_per_day": self.shop.events_per_day,
            "from": self.window.start.isoformat(),
            "to": self.window.end.isoformat(),
            "format": self.format.value,
            "workers": self.workers,
        }

    def open_folder(self) -> RunFolder:
        """The folder, for a worker."""
        return RunFolder(self.folder, self._identify())


_reports: Any = None


def _begin_worker(reports: Any) -> None:
    global _reports  # noqa: PLW0603 - a spawned process has no other way to a shared array
    _reports = reports
    threading.Thread(target=_end_with_the_command, daemon=True).start()


def _end_with_the_command() -> None:
    """A worker that outlived a killed command would write into the parts of the one that resumes the run."""
    command = multiprocessing.parent_process()
    if command is not None:
        command.join()
        os._exit(1)


def _write_shard(job: GenerateJob, worker: int) -> None:
    def report(rows: int, share: float) -> None:
        _reports[worker], _reports[job.workers + worker] = rows, share

    job._write(worker, job.open_folder(), report)  # noqa: SLF001 - the same job, in another process


def build(
    settings: Settings,
    *,
    window: Window,
    opens_at: datetime | None,
    events_per_day: float | None = None,
    customers: int | None = None,
    profile: str,
    seed: int,
    file_format: Format,
    folder: Path,
    workers: int = 1,
) -> GenerateJob:
    """Wire a profile of the configuration to a folder.

    Args:
        settings: where the profiles are.
        window: what to write.
        opens_at: when the shop opens, UTC; None: when the window begins.
        events_per_day: mean records a day; None where customers is given.
        customers: how many have registered when the window ends.
        profile: name of a profile, or path of a YAML file.
        seed: which shop of its kind.
        file_format: how to write.
        folder: where to write.
        workers: processes; the events are the same, the files are others.

    Raises:
        ConfigError: the profile is wrong, or the rate is too low for it.
    """
    kind = load_profile(profile, settings.config_dir / "profiles")
    opens_at = opens_at or window.start
    if customers is not None:
        weeks = (window.end - opens_at) / timedelta(weeks=1)
        events_per_day = find_events_per_day(kind, customers, weeks)
    shop = Shop(kind, seed, opens_at, events_per_day or DEFAULT_EVENTS_PER_DAY, EVERYBODY)
    return GenerateJob(shop, window, folder, file_format, workers)
