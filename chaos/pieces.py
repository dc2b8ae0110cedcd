"""The real pieces in one home, each a process of its own: started, ended, killed and listened to."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil

from stafford.runtime import broker_process
from stafford.runtime.broker_process import BrokerState
from stafford.settings import PROJECT_DIR

PORT = 29292
RATE = 50
"""Records a second of the shop, after its catalogue and 20,000 customers."""
SEED = 7


class ChaosError(Exception):
    """The platform did not do what it must; says which piece, and what it said."""


class Pieces:
    """Broker, generator, ingestion, and whatever command a fault needs.

    Args:
        home: of everything; made when it is missing.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        home.mkdir(parents=True, exist_ok=True)
        self.ingests = "stafford"
        """The module that ingests; a control puts a broken one in its place."""
        self.environment: dict[str, str] = {}
        """Of what is started from now on, beside our own."""
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    # Starting

    def open(self) -> None:
        """Start Kafka and make the topics, where they are not there already."""
        if not self.has_broker():
            self.start_broker()
            self.run("topics", "apply")

    def start_broker(self) -> None:
        """Start Kafka, or find it running, with the topics that it had."""
        self.run("kafka", "start", "--wait", "180")

    def start_generator(self) -> None:
        """Let the shop live, from where it stopped."""
        self.start("generator", "simulate", "--json", "--rate", f"{RATE}/s", "--seed", str(SEED))

    def start_ingestion(self) -> None:
        """Ingest continuously."""
        self._start("ingestion", self.ingests, "ingest", "--continuous", "--json")

    def start(self, name: str, *words: str) -> None:
        """Start a command of ours under a name."""
        self._start(name, "stafford", *words)

    def restore(self) -> bool:
        """What an operator does: start what is not there, in any order, as each waits for the others.

        Returns:
            Whether anything was missing.
        """
        starts = {"ingestion": self.start_ingestion, "generator": self.start_generator}
        missing = [piece for piece in starts if not self.is_running(piece)]
        for piece in missing:
            starts[piece]()
        if not self.has_broker():
            self.start_broker()
            return True
        return bool(missing)

    # Asking

    def is_running(self, piece: str) -> bool:
        """Whether a piece is there."""
        return piece in self.running and self.running[piece].poll() is None

    def has_broker(self) -> bool:
        """Whether a broker runs."""
        return broker_process.status(self.home / "kafka") is not None

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

    def read_log(self, piece: str) -> str:
        """The end of what a piece said."""
        return self.read_log_from(piece, 0)[-800:]

    def read_log_from(self, piece: str, start: int) -> str:
        """What a piece said behind a byte of its log, in one line."""
        return " ".join(self._log(piece).read_bytes()[start:].decode(errors="replace").split())

    def measure_log(self, piece: str) -> int:
        """Bytes of what a piece said until now."""
        return self._log(piece).stat().st_size

    # Ending

    def kill(self, piece: str) -> None:
        """End a piece and what it started at once, without a word (SIGKILL)."""
        process = self.running.pop(piece)
        kill_tree(psutil.Process(process.pid))
        process.wait(30)

    def kill_broker(self) -> None:
        """End the broker at once."""
        broker = self.find_broker()
        broker.kill()
        broker.wait(30)

    def stop_broker(self) -> None:
        """End Kafka politely; nothing happens where none runs."""
        self.run("kafka", "stop")

    def end(self, piece: str, *, wait_s: float = 120) -> None:
        """End a piece politely, as Ctrl-C does."""
        process = self.running.pop(piece, None)
        if process is None:
            return
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        try:
            status = process.wait(wait_s)
        except subprocess.TimeoutExpired as exc:
            kill_tree(psutil.Process(process.pid))
            raise ChaosError(f"{piece} did not end within {wait_s:.0f} s of Ctrl-C") from exc
        # One that was ended before it had begun dies of the signal itself.
        if status not in (0, 130, -signal.SIGINT):
            raise ChaosError(f"{piece} ended with {status}: {self.read_log(piece)}")

    def await_end(self, piece: str, limit_s: float) -> int:
        """Wait until a piece ended by itself; gives its exit code.

        Raises:
            ChaosError: it goes on.
        """
        try:
            status = self.running[piece].wait(limit_s)
        except subprocess.TimeoutExpired as exc:
            raise ChaosError(f"{piece} still runs after {limit_s:.0f} s: {self.read_log(piece)}") from exc
        del self.running[piece]
        return status

    def end_all(self) -> None:
        """End everything, whatever state it is in."""
        for process in self.running.values():
            if process.poll() is None:
                kill_tree(psutil.Process(process.pid))
            process.wait(30)
        self.running.clear()
        self.environment.clear()
        self.stop_broker()

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
        return subprocess.run(
            self._compose("stafford", *words),
            env=self._environment(), capture_output=True, text=True, check=False, timeout=600,
        )  # fmt: skip

    def _start(self, name: str, program: str, *words: str) -> None:
        command = self._compose(program, *words)
        with self._log(name).open("ab") as log:
            self.running[name] = subprocess.Popen(
                command, env=self._environment(), stdout=log, stderr=log, stdin=subprocess.DEVNULL
            )

    def _compose(self, program: str, *words: str) -> list[str]:
        return [sys.executable, "-m", program, "--home", str(self.home), *words]

    def _log(self, name: str) -> Path:
        return self.home / f"{name}.log"

    def _find_state(self) -> BrokerState:
        state = broker_process.status(self.home / "kafka")
        if state is None:
            raise ChaosError("no broker runs, and one should")
        return state

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("STAFFORD_")}
        cache = {name: os.environ[name] for name in ("STAFFORD_CACHE_DIR",) if name in os.environ}
        paths = os.pathsep.join([str(PROJECT_DIR / "src"), str(PROJECT_DIR)])
        ours = {"STAFFORD_KAFKA_PORT": str(PORT), "COLUMNS": "200", "PYTHONPATH": paths}
        return {**kept, **cache, **ours, **self.environment}


def kill_tree(process: psutil.Process) -> None:
    """SIGKILL a process and its children: a driver is a Python and a JVM, and both die at a power cut."""
    family = [*process.children(recursive=True), process]
    for member in family:
        try:
            member.kill()
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs(family[:-1], timeout=30)
