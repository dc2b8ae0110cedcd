"""A shop that sends at a rate while the lake takes it in: how late, how large, and how soon after a kill.

Everything is the product's own command line, in processes of their own, on the same cores.
"""

import json
import re
import statistics
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from benchmarks.process import RunFailed, resident_bytes
from stafford.runtime.ports import first_free

CAUGHT_UP_S = 3.0
"""An ingestion keeps up while the median latency of a batch is below this."""

WARM_UP_S = 60.0
"""Before anything counts: a JVM that has just started is not what is measured."""

KINDS = ("shop", "driver", "JVM", "workers")
"""Of processes: what sends, the Python that starts batches and commits them, Spark, its tasks' Python."""

_SAMPLE_S = 0.25
_LIMIT_S = 180
_BATCH = re.compile(r'^stafford_query_batch\{query="silver"\} (\S+)$', re.MULTILINE)
_JUDGED = re.compile(r'^stafford_records\{place="(?:silver|quarantine|duplicate)"\} (\S+)$', re.MULTILINE)
_LATENCY = re.compile(r'^stafford_event_to_silver_seconds\{quantile="(\S+)"\} (\S+)$', re.MULTILINE)
_COUNTED = re.compile(r'^stafford_event_latency_seconds_bucket\{le="(\S+)"\} (\S+)$', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Sample:
    """One batch of silver: when it was seen, how late its records were, how large each kind of process.

    counted: of each bound in seconds, the records that took no longer, of all batches since the start.
    """

    at_s: float
    batch: int
    median_s: float
    p95_s: float
    counted: Mapping[float, int]
    resident_bytes: Mapping[str, int]


@dataclass(slots=True)
class Held:
    """What happened at a rate. within_s: how late a record may be, or, with a kill, all of silver."""

    rate: float
    seconds: float
    within_s: float
    sent: int = 0
    """Records of the whole run; each was judged before it ended."""
    samples: list[Sample] = field(default_factory=list)
    """In order; the first is the last before anything counts."""
    recovery_s: float | None = None
    """From the start after a kill until silver was less than CAUGHT_UP_S behind; None without a kill."""

    def p95_s(self, *, half: int | None = None) -> float:
        """The 95th percentile over records; half: over those of the first (0) or second (1).

        Records are known by range, and lie evenly in it as far as this knows.
        """
        counted = self._count(half)
        wanted = 0.95 * counted[float("inf")]
        before_s, before = 0.0, 0
        for bound_s, records in sorted(counted.items()):
            if records >= wanted:
                return before_s + (bound_s - before_s) * (wanted - before) / (records - before)
            before_s, before = bound_s, records
        raise AssertionError("the last bound has all records")

    def share_in_time(self) -> float:
        """The share of records that took no longer than within_s, exactly."""
        counted = self._count(None)
        return counted[self.within_s] / counted[float("inf")]

    def median_s(self, half: int) -> float:
        """The median of the batches' medians, in the first (0) or second (1) half."""
        return statistics.median(s.median_s for s in self._take(half))

    def memory_bytes(self, half: int, kind: str) -> float:
        """Resident memory of one of KINDS: the median in the first (0) or second (1) half.

        Pages that processes share count for each of them. A single moment says little: a batch's rows come
        and go, and a worker that was forked seems as large as its parent.
        """
        return statistics.median(s.resident_bytes.get(kind, 0) for s in self._take(half))

    def _take(self, half: int) -> list[Sample]:
        return [s for s in self.samples[1:] if (s.at_s >= self.seconds / 2) == bool(half)]

    def _count(self, half: int | None) -> dict[float, int]:
        """Of each bound, the records that took no longer, of the batches of one half or of both."""
        middle = len(self._take(0))
        first, last = {None: (0, -1), 0: (0, middle), 1: (middle, -1)}[half]
        before, after = self.samples[first].counted, self.samples[last].counted
        return {bound: records - before[bound] for bound, records in after.items()}


def hold(
    root: Path,
    folder: Path,
    rate: float,
    seconds: float,
    within_s: float,
    *,
    kill: bool,
    progress: Callable[[str], None],
) -> Held:
    """Let a shop send at a rate for so many seconds after WARM_UP_S, beside broker and ingestion.

    kill: end the ingestion halfway by SIGKILL, with the JVM that it has, and start it again. The other half
    must be long enough to catch up in: a shop that has stopped sends nothing that could be on time.

    Raises:
        RunFailed: a process ended, or silver has not caught up within its limit.
    """
    held = Held(rate, seconds, within_s)
    with _shop(root, folder) as shop:
        shop.run("kafka", "start", "--wait", "120")
        shop.run("topics", "apply")
        ingestion = shop.ingest()
        duration = WARM_UP_S + seconds
        sender = shop.start("simulate", "--rate", f"{rate:g}/s", "--for", f"{duration:g}s", "--json")
        begins = time.monotonic() + WARM_UP_S
        kill_at = begins + seconds / 2 if kill else None
        while sender.poll() is None:
            time.sleep(_SAMPLE_S)
            now = time.monotonic()
            if kill_at is not None and now >= kill_at:
                ingestion, held.recovery_s = _kill(shop, ingestion, progress)
                kill_at = None
            sample = shop.look(now - begins)
            if sample is not None and (not held.samples or held.samples[-1].batch != sample.batch):
                held.samples.append(sample)
                progress(
                    f"{rate:,.0f}/s, {max(0, now - begins):.0f} of {seconds:.0f} s: "
                    f"p95 {sample.p95_s:.1f} s, {sum(sample.resident_bytes.values()) / 1e9:.1f} GB"
                )
        first = next(place for place, sample in enumerate(held.samples) if sample.at_s >= 0)
        held.samples = held.samples[max(0, first - 1) :]
        held.sent = int(json.loads(shop.output(sender))["sent"])
        ended = time.monotonic()
        while shop.judged() < held.sent:
            if ingestion.poll() is not None or time.monotonic() > ended + _LIMIT_S:
                raise RunFailed(f"{held.sent - shop.judged():,} records were not judged at {rate:,.0f}/s")
            time.sleep(_SAMPLE_S)
    return held


def _kill(
    shop: "_Shop", ingestion: "subprocess.Popen[str]", progress: Callable[[str], None]
) -> tuple["subprocess.Popen[str]", float]:
    progress("killing the ingestion")
    _kill_tree(ingestion)
    began = time.monotonic()
    ingestion = shop.ingest()
    while time.monotonic() < began + _LIMIT_S:
        sample = shop.look(0)
        if sample is not None and sample.median_s < CAUGHT_UP_S:
            return ingestion, time.monotonic() - began
        time.sleep(_SAMPLE_S)
    raise RunFailed(f"silver was still behind {_LIMIT_S} s after the ingestion had been killed")


def _kill_tree(process: "subprocess.Popen[str]") -> None:
    for child in psutil.Process(process.pid).children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            child.kill()
    process.kill()
    process.wait()


@contextmanager
def _shop(root: Path, folder: Path) -> Iterator["_Shop"]:
    shop = _Shop(root, folder)
    try:
        yield shop
    finally:
        shop.end()


class _Shop:
    """The processes of one home."""

    def __init__(self, root: Path, folder: Path) -> None:
        self._root, self._folder = root, folder
        self._metrics_port = first_free(29492, set())
        self._running: list[tuple[str, subprocess.Popen[str]]] = []
        folder.mkdir(parents=True)

    def _command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "stafford", "--home", str(self._folder / "home"), *words]

    def run(self, *words: str) -> None:
        done = subprocess.run(
            self._command(*words), cwd=self._root, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RunFailed(f"`stafford {' '.join(words)}` failed: {done.stderr[-500:]}")

    def start(self, *words: str) -> "subprocess.Popen[str]":
        errors = (self._folder / f"{words[0]}.log").open("a")
        process = subprocess.Popen(
            self._command(*words), cwd=self._root, stdout=subprocess.PIPE, stderr=errors, text=True
        )
        self._running.append((words[0], process))
        return process

    def ingest(self) -> "subprocess.Popen[str]":
        """Start an ingestion, and wait until it answers."""
        process = self.start("ingest", "--continuous", "--json", "--metrics-port", str(self._metrics_port))
        until = time.monotonic() + _LIMIT_S
        while self._read() is None:
            if process.poll() is not None or time.monotonic() > until:
                raise RunFailed(f"the ingestion did not start; its words are in {self._folder}/ingest.log")
            time.sleep(_SAMPLE_S)
        return process

    def look(self, at_s: float) -> Sample | None:
        """What the ingestion says of its last batch; None before its first."""
        text = self._read()
        found = _BATCH.search(text or "")
        latency = dict(_LATENCY.findall(text or ""))
        if found is None or not latency:
            return None
        return Sample(
            at_s,
            int(float(found[1])),
            float(latency["0.5"]),
            float(latency["0.95"]),
            {float(bound): int(float(records)) for bound, records in _COUNTED.findall(text or "")},
            self._weigh(),
        )

    def judged(self) -> int:
        """Records that have their fate, as the ingestion counts them."""
        return sum(int(float(records)) for records in _JUDGED.findall(self._read() or ""))

    def output(self, process: "subprocess.Popen[str]") -> str:
        """Wait for its end and give what it printed."""
        output, _ = process.communicate(timeout=_LIMIT_S)
        if process.returncode:
            raise RunFailed(f"a process ended with exit code {process.returncode}; see {self._folder}")
        return output

    def end(self) -> None:
        """End what still runs: each by its own pid."""
        for _, process in self._running:
            if process.poll() is None:
                _kill_tree(process)
        subprocess.run(self._command("kafka", "stop"), cwd=self._root, capture_output=True, check=False)

    def _read(self) -> str | None:
        try:
            with urllib.request.urlopen(
                f"http://127.0.0.1:{self._metrics_port}/metrics", timeout=2
            ) as answer:
                return str(answer.read().decode())
        except OSError:
            return None

    def _weigh(self) -> dict[str, int]:
        sizes: Counter[str] = Counter()
        for command, process in self._running:
            if process.poll() is None:
                with suppress(psutil.NoSuchProcess):
                    root = psutil.Process(process.pid)
                    sizes["shop" if command == "simulate" else "driver"] += resident_bytes(root)
                    for child in root.children(recursive=True):
                        sizes["JVM" if child.name() == "java" else "workers"] += resident_bytes(child)
        return dict(sizes)
