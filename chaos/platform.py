"""The real pieces in one home: broker, generator and ingestion, each a process of its own."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from stafford.contracts import load_contracts
from stafford.domain.lake import Lake
from stafford.lakehouse.counts import Counts, count
from stafford.runtime import broker_process
from stafford.runtime.broker_process import BrokerState
from stafford.settings import PROJECT_DIR

PORT = 29292
RATE = "50/s"
SEED = 7
_PAUSE_S = 0.1
_REST_S, _REST_LIMIT_S = 4.0, 300.0


class ChaosError(Exception):
    """The platform did not do what it must; says which piece, and what it said."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What `stafford reconcile` says. details: of what does not reconcile."""

    reconciled: bool
    sent: int
    lost: int
    doubled: int
    details: str


class Platform:
    """One home and what runs in it. Every process is ended by `stop`.

    Args:
        home: of everything; made when it is missing.
        ingest: the command that ingests, for a control that breaks it; by default, ours.
    """

    def __init__(self, home: Path, ingest: Sequence[str] = ()) -> None:
        self.home = home
        home.mkdir(parents=True, exist_ok=True)
        self._ingest = tuple(ingest) or (sys.executable, "-m", "stafford")
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._surplus = 0
        self._lake = Lake(str(home / "lake"))
        self._topics = tuple(load_contracts(PROJECT_DIR / "contracts"))

    # Pieces

    def start_broker(self) -> None:
        """Start Kafka, or find it running, and make the topics."""
        self.run("kafka", "start")
        self.run("topics", "apply")

    def start_generator(self) -> None:
        """Let the shop live, from where it stopped."""
        self._start(
            "generator", sys.executable, "-m", "stafford", "--home", str(self.home),
            "simulate", "--json", "--rate", RATE, "--seed", str(SEED),
        )  # fmt: skip

    def start_ingestion(self) -> None:
        """Ingest continuously."""
        self._start("ingestion", *self._ingest, "--home", str(self.home), "ingest", "--continuous", "--json")

    def find_broker(self) -> psutil.Process:
        """The broker's process.

        Raises:
            ChaosError: none runs.
        """
        return psutil.Process(self._find_state().pid)

    @property
    def bootstrap(self) -> str:
        """Where the broker answers.

        Raises:
            ChaosError: none runs.
        """
        return self._find_state().bootstrap

    def _find_state(self) -> BrokerState:
        state = broker_process.status(self.home / "kafka")
        if state is None:
            raise ChaosError("no broker runs, and one should")
        return state

    def is_running(self, piece: str) -> bool:
        """Whether a piece is there."""
        return piece in self._running and self._running[piece].poll() is None

    def kill(self, piece: str) -> None:
        """End a piece and what it started at once, without a word (SIGKILL)."""
        process = self._running.pop(piece)
        kill_tree(psutil.Process(process.pid))
        process.wait(30)

    def kill_broker(self) -> None:
        """End the broker at once."""
        broker = self.find_broker()
        broker.kill()
        broker.wait(30)

    def restore(self) -> None:
        """What an operator does: start again whatever is not there."""
        if broker_process.status(self.home / "kafka") is None:
            self.start_broker()
        if not self.is_running("generator"):
            self.start_generator()
        if not self.is_running("ingestion"):
            self.start_ingestion()

    def end(self, piece: str, *, wait_s: float = 120) -> None:
        """End a piece politely, as Ctrl-C does."""
        process = self._running.pop(piece, None)
        if process is None:
            return
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        try:
            status = process.wait(wait_s)
        except subprocess.TimeoutExpired as exc:
            kill_tree(psutil.Process(process.pid))
            raise ChaosError(f"{piece} did not end within {wait_s:.0f} s of Ctrl-C") from exc
        if status not in (0, 130):
            raise ChaosError(f"{piece} ended with {status}: {self.read_log(piece)}")

    def stop(self) -> None:
        """End everything, whatever state it is in."""
        for process in self._running.values():
            if process.poll() is None:
                kill_tree(psutil.Process(process.pid))
            process.wait(30)
        self._running.clear()
        self.run("kafka", "stop")

    # What is known

    def count(self) -> Counts:
        """Rows in the lake."""
        return count(self._lake, self._topics)

    def count_taken(self) -> int:
        """Records that a durable log has taken, by the ledger."""
        lines = [
            line
            for acks in (self.home / "ledger").glob("*/acks.jsonl")
            for line in acks.read_text(encoding="utf-8").splitlines()
        ]
        return sum(ack["acknowledged"] + ack["spooled"] for ack in map(_read_ack, lines) if ack)

    def await_flow(self, more: int, limit_s: float) -> float:
        """Wait until silver has judged so many records more than now; gives the seconds that it took.

        Raises:
            ChaosError: it did not within the limit, or a piece ended.
        """
        goal = self.count().judged + more
        return self._await(lambda: self.count().judged >= goal, limit_s, f"{more} more records in silver")

    def await_caught_up(self, limit_s: float) -> float:
        """Wait until silver has judged all that a log has taken by now; gives the seconds that it took.

        Raises:
            ChaosError: it did not within the limit, or a piece ended.
        """
        taken = self.count_taken()
        # What is there twice, such as a batch that went to Kafka and to the spool, was judged twice.
        goal = taken + self._surplus
        return self._await(lambda: self.count().judged >= goal, limit_s, f"all {taken} records in silver")

    def settle(self, *, to_marts: bool = False) -> Verdict:
        """Let the shop rest until nothing moves in the lake (or on to the marts), and reconcile.

        Raises:
            ChaosError: nothing came to rest, or a command fails for another reason than its verdict.
        """
        self.end("generator")
        self._await_rest()
        if to_marts:
            self.run("publish")
            self.run("build")
        done = self.call("reconcile", "--json", *(() if to_marts else ("--no-marts",)))
        if done.returncode not in (0, 3):
            raise ChaosError(f"reconcile ended with {done.returncode}: {done.stderr[-800:]}")
        said = json.loads(done.stdout)
        totals = said["totals"]
        return Verdict(
            said["reconciled"], totals["sent"], totals["lost"], totals["doubled"],
            json.dumps(said["findings_by_kind"]) if said["findings_by_kind"] else "",
        )  # fmt: skip

    def _await_rest(self) -> None:
        """Everything that a log took is judged, and nothing has come for a while: some faults send more."""
        taken, last, since = self.count_taken(), self.count(), time.monotonic()

        def rests() -> bool:
            nonlocal last, since
            now = self.count()
            if now != last:
                last, since = now, time.monotonic()
            return now.bronze >= taken and not now.backlog and time.monotonic() > since + _REST_S

        self._await(rests, _REST_LIMIT_S, "rest")
        self._surplus = last.judged - taken

    # Commands

    def run(self, *words: str) -> str:
        """Run a command of ours to its end; gives its output.

        Raises:
            ChaosError: it failed.
        """
        done = self.call(*words)
        if done.returncode:
            raise ChaosError(f"stafford {' '.join(words)} ended with {done.returncode}: {done.stderr[-800:]}")
        return done.stdout

    def call(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command of ours to its end, whatever its end is."""
        return self._call(sys.executable, "-m", "stafford", "--home", str(self.home), *words)

    def start(self, name: str, *words: str) -> None:
        """Start a command of ours, for a fault that ends it."""
        self._start(name, sys.executable, "-m", "stafford", "--home", str(self.home), *words)

    def read_log(self, piece: str) -> str:
        """The end of what a piece said."""
        return self._log(piece).read_text(encoding="utf-8", errors="replace")[-800:]

    def _call(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, env=self._environment(), capture_output=True, text=True, check=False, timeout=600
        )

    def _start(self, name: str, *command: str) -> None:
        with self._log(name).open("ab") as log:
            self._running[name] = subprocess.Popen(
                command, env=self._environment(), stdout=log, stderr=log, stdin=subprocess.DEVNULL
            )

    def _log(self, name: str) -> Path:
        return self.home / f"{name}.log"

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("STAFFORD_")}
        cache = {name: os.environ[name] for name in ("STAFFORD_CACHE_DIR",) if name in os.environ}
        paths = os.pathsep.join([str(PROJECT_DIR / "src"), str(PROJECT_DIR)])
        return {**kept, **cache, "STAFFORD_KAFKA_PORT": str(PORT), "COLUMNS": "200", "PYTHONPATH": paths}

    def _await(self, is_so: Callable[[], bool], limit_s: float, what: str) -> float:
        started = time.monotonic()
        while not is_so():
            for piece in self._running:
                if not self.is_running(piece):
                    raise ChaosError(f"{piece} ended while waiting for {what}: {self.read_log(piece)}")
            if time.monotonic() > started + limit_s:
                raise ChaosError(f"no {what} within {limit_s:.0f} s; see {self.home}/*.log")
            time.sleep(_PAUSE_S)
        return time.monotonic() - started


def kill_tree(process: psutil.Process) -> None:
    """SIGKILL a process and its children: a driver is a Python and a JVM, and both die at a power cut."""
    family = [*process.children(recursive=True), process]
    for member in family:
        try:
            member.kill()
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs(family[:-1], timeout=30)


def _read_ack(line: str) -> dict[str, Any] | None:
    try:
        return dict(json.loads(line))
    except ValueError:
        return None  # torn by a kill
