"""The whole platform, once: a shop's month through Kafka, Spark and dbt, reconciled and reported."""

import json
import platform
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Protocol

import psutil
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from stafford.errors import ConfigError, StaffordError, StorageError
from stafford.jobs import broker, build, ingest, publish, reconcile, report, simulate, topics
from stafford.lakehouse.counts import Counts
from stafford.lakehouse.session import close_session
from stafford.ledger.reconciliation import Reconciliation
from stafford.runtime.home import HomeLock
from stafford.runtime.memory import MemoryMeter
from stafford.runtime.orphans import await_orphans
from stafford.settings import Settings

HISTORY_ENDS = datetime(2026, 2, 1, tzinfo=UTC)
"""The same month for everybody: with one seed, every machine and every day gives the same ledger."""

LIVE_DAY = timedelta(days=1)
"""What the live seconds show: a whole day of the shop, so that its curve can be seen."""

DRAIN_S = 600.0
MARKER = "demo.json"
ORPHANS_LIMIT_S = 180
"""How long the dbt of a killed demo may go on: to its last model, minutes on a slow machine."""


class Watcher(Protocol):
    """What a demo tells of itself while it runs; called from several threads."""

    def stage(self, title: str) -> None:
        """A stage begins."""

    def say(self, text: str) -> None:
        """What is being done or waited for."""

    def warn(self, text: str) -> None:
        """What a person must know."""

    def traffic(self, progress: simulate.Progress) -> None:
        """Records were sent."""

    def lake(self, counts: Counts) -> None:
        """How far the lake is, about once a second."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a person can choose."""

    events: int = 200_000
    days: int = 30
    seed: int = 42
    live_seconds: float = 20
    transport: str = "auto"
    keep_running: bool = False

    def __post_init__(self) -> None:
        """Refuse what cannot be run."""
        for name, least in (("events", 1), ("days", 1), ("live_seconds", 0)):
            value = getattr(self, name)
            if value < least:
                raise ConfigError(f"--{name.replace('_', '-')} is {value}; give {least} or more")

    @property
    def events_per_day(self) -> float:
        """The size of a shop that has about `events` in its history and its live day together."""
        return self.events / (self.days + bool(self.live_seconds))


@dataclass(frozen=True, slots=True)
class Summary:
    """What came of it."""

    verdict: Reconciliation
    report: Path
    stages: dict[str, float]
    """Seconds by stage, in order."""
    peak_memory_bytes: int
    bootstrap: str | None
    """Where Kafka listens, when it was left running."""


class DemoJob:
    """Runs the stages of one demo, in a home of its own that it empties first."""

    def __init__(self, settings: Settings, plan: Plan) -> None:
        """Wire nothing yet: each stage is built when the one before it is done.

        Args:
            settings: where the home is; a broker that they name is left alone, the demo has its own.
            plan: what to run.
        """
        self._settings = settings.model_copy(update={"kafka": {}})
        self._plan = plan
        self._stages: dict[str, float] = {}

    def run(self, watch: Watcher) -> Summary:
        """Run everything; afterwards nothing is left running, unless the plan says so.

        A demo that was killed at any instant does not stop the next one.

        Raises:
            HomeInUse: another demo runs in the same home.
            ConfigError: the home holds something else than a demo, or a tool is missing.
            StaffordError: a stage failed; the message says which part, and what to do.
        """
        settings, home = self._settings, self._settings.home_dir
        with HomeLock(home.parent / f".{home.name}.lock"), MemoryMeter() as meter, ExitStack() as cleanup:
            with self._stage(watch, "Get ready"):
                _empty(settings, watch)
                _prepare(settings, watch)
            if not self._plan.keep_running:
                cleanup.callback(broker.stop, settings)
            with self._stage(watch, "Start Kafka and Spark"):
                bootstrap = self._start(watch, meter, cleanup)
            self._send_and_ingest(watch, None if bootstrap is None else {"bootstrap.servers": bootstrap})
            with self._stage(watch, "Publish silver to DuckDB"):
                publish.build(settings).run(watch.say)
            with self._stage(watch, "Build and test the marts with dbt"):
                build.build(settings).run(watch.say)
            with self._stage(watch, "Reconcile with the ledger"):
                verdict = reconcile.build(settings).run()
            with self._stage(watch, "Write the report"):
                self._describe_run(meter)
                written = report.build(settings).run()
            if not self._plan.keep_running:
                with self._stage(watch, "Stop"):
                    cleanup.close()
        return Summary(
            verdict=verdict,
            report=written.path,
            stages=dict(self._stages),
            peak_memory_bytes=meter.peak_bytes,
            bootstrap=bootstrap if self._plan.keep_running else None,
        )

    @contextmanager
    def _stage(self, watch: Watcher, title: str) -> Iterator[None]:
        watch.stage(title)
        began = time.monotonic()
        yield
        self._stages[title] = time.monotonic() - began

    def _start(self, watch: Watcher, meter: MemoryMeter, cleanup: ExitStack) -> str | None:
        """Start Spark and, unless it is to be files, Kafka, side by side; give where Kafka listens."""
        with ThreadPoolExecutor(max_workers=2, thread_name_prefix="start") as pool:
            spark = pool.submit(ingest.build(self._settings).open, watch.say)
            spark.add_done_callback(
                lambda done: done.exception() or cleanup.callback(close_session, done.result())
            )
            if self._plan.transport == "files":
                spark.result()
                return None
            try:
                embedded = broker.build(self._settings, progress=watch.say)
                state = embedded.start(self._settings.kafka_port, progress=watch.say)
            except StaffordError as exc:
                if self._plan.transport == "kafka":
                    raise
                watch.warn(f"KAFKA DID NOT START, GOING ON WITH FILES: {exc}")
                return None
            finally:
                spark.result()
        meter.watch("kafka", state.pid)
        topics.build(self._settings).apply()
        return state.bootstrap

    def _send_and_ingest(self, watch: Watcher, kafka: dict[str, str] | None) -> None:
        plan, history = self._plan, timedelta(days=self._plan.days)
        shop = simulate.build(
            self._settings,
            seed=plan.seed,
            events_per_day=plan.events_per_day,
            opens_at=HISTORY_ENDS - history,
            transport="files" if kafka is None else "kafka",
            notify=watch.warn,
        )
        job = ingest.build(self._settings, kafka=lambda: kafka, notify=watch.warn)
        with shop, job.stream(watch.say) as ingestion, _polling(lambda: watch.lake(job.count())):

            def tick(progress: simulate.Progress) -> None:
                ingestion.check()
                watch.traffic(progress)

            with self._stage(watch, f"Send {plan.days} days of history"):
                shop.backfill(HISTORY_ENDS, watch=tick)
            if plan.live_seconds:
                with self._stage(watch, f"Live: a day of the shop in {plan.live_seconds:g} s"):
                    speed = LIVE_DAY.total_seconds() / plan.live_seconds
                    shop.live(duration_s=plan.live_seconds, speed=speed, is_steady=False, watch=tick)
                    # A slow machine may be behind the clock: the whole day is sent all the same.
                    shop.backfill(HISTORY_ENDS + LIVE_DAY, watch=tick)
            with self._stage(watch, "Bring silver up to date"):
                ingestion.drain(DRAIN_S)
                watch.lake(job.count())

    def _describe_run(self, meter: MemoryMeter) -> None:
        """Write down what the report says about how the run went."""
        packages = ("stafford", "pyspark", "confluent-kafka", "deltalake", "duckdb", "pyarrow")
        run = {
            "plan": asdict(self._plan),
            "stages": [
                {"name": name, "seconds": round(seconds, 1)} for name, seconds in self._stages.items()
            ],
            "peak_memory_bytes": meter.peak_bytes,
            "peak_memory_by_process": meter.peak_by_name,
            "versions": {"python": platform.python_version(), **{name: version(name) for name in packages}},
            "machine": {
                "system": platform.system(),
                "processor": platform.machine(),
                "cores": psutil.cpu_count(),
                "memory_bytes": psutil.virtual_memory().total,
            },
        }
        (self._settings.home_dir / "run.json").write_text(json.dumps(run, indent=2), encoding="utf-8")


def _empty(settings: Settings, watch: Watcher) -> None:
    """Remove the demo before, whatever state it was left in, and nothing else."""
    home = settings.home_dir
    if home.exists() and any(home.iterdir()) and not (home / MARKER).exists():
        raise ConfigError(
            f"{home} holds something that no demo wrote, and a demo empties its home first; "
            "choose another with --home, or delete it with `stafford clean`"
        )
    if broker.stop(settings):
        watch.say("stopped the broker that an earlier demo left")
    await_orphans(home, ORPHANS_LIMIT_S, watch.say)
    try:
        if home.exists():
            _remove(home)
        home.mkdir(parents=True, exist_ok=True)
        (home / MARKER).write_text(
            json.dumps({"started_at": datetime.now(UTC).isoformat()}), encoding="utf-8"
        )
    except OSError as exc:
        raise StorageError(
            f"cannot empty {home}: {exc}; close what has it open and run the demo again"
        ) from exc


@retry(retry=retry_if_exception_type(OSError), stop=stop_after_delay(10), wait=wait_fixed(0.5), reraise=True)
def _remove(home: Path) -> None:
    # The marker goes last: a removal that is killed half-way is still known as a demo's.
    for path in sorted(home.iterdir(), key=lambda entry: entry.name == MARKER):
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def _prepare(settings: Settings, watch: Watcher) -> None:
    """Fetch what a first run needs, side by side; a later run finds everything there."""
    preparations: tuple[Callable[[], object], ...] = (
        lambda: broker.build(settings, progress=watch.say),
        lambda: ingest.fetch_jars(settings, watch.say),
        lambda: build.build(settings).find_dbt(watch.say),
    )
    with ThreadPoolExecutor(max_workers=len(preparations), thread_name_prefix="prepare") as pool:
        waiting: list[Future[object]] = [pool.submit(prepare) for prepare in preparations]
        for preparation in waiting:
            preparation.result()


@contextmanager
def _polling(poll: Callable[[], None]) -> Iterator[None]:
    done = threading.Event()

    def keep_polling() -> None:
        while not done.wait(1.0):
            try:
                poll()
            except StaffordError:
                continue  # the tables are being made; what really failed is raised by the stage itself

    poller = threading.Thread(target=keep_polling, name="lake-poller", daemon=True)
    poller.start()
    try:
        yield
    finally:
        done.set()
        poller.join()
