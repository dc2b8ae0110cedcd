"""Starts a real Kafka broker on this machine: one KRaft node, on loopback, without Docker."""

import base64
import os
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import filelock
import psutil

from stafford.errors import HomeInUse, NotReady, StorageError
from stafford.runtime import broker_failure, broker_files, broker_process
from stafford.runtime.broker_process import BrokerState
from stafford.runtime.java import Java
from stafford.runtime.orphans import await_orphans
from stafford.runtime.ports import LOOPBACK, first_free

_STARTED = "Kafka Server started"
_POLL_S = 0.1
_FORMAT_LIMIT_S = 60
_PORT_ATTEMPTS = 3
if sys.platform == "win32":
    _DETACHED = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW
else:
    _DETACHED = 0


def ignore(message: str) -> None:
    """Take progress that nobody wants to read."""


class Broker:
    """The embedded broker of one directory; it outlives the process that starts it.

    Durability: acknowledged records survive the death of the broker (they are in the system's page
    cache or on disk); like any single Kafka node it may lose its last seconds when the machine dies.
    """

    def __init__(
        self,
        directory: Path,
        jars: Path,
        java: Java,
        *,
        probe: Callable[[str], bool],
        heap_mb: int = 512,
    ) -> None:
        """Describe the broker; nothing is started yet.

        Args:
            directory: its configuration, log, data and process file.
            jars: the locked Kafka jars.
            java: runs it.
            probe: whether an admin call to host:port answers; the Kafka client is not in this room.
            heap_mb: the largest Java heap, in MiB.
        """
        self.directory = directory.resolve()
        self._jars = jars
        self._java = java
        self._probe = probe
        self._heap_mb = heap_mb

    def start(
        self, port: int = 9092, wait_s: float = 60, progress: Callable[[str], None] = ignore
    ) -> BrokerState:
        """Start the broker, or return the one that is running, once an admin call answers.

        A start that was killed at any instant, by itself or with the broker, does not stop the next.

        Args:
            port: the first port to try; the next free one is taken when somebody listens there.
            wait_s: how long to wait for an answer.
            progress: is told what happens.

        Raises:
            NotReady: no answer within `wait_s`; the broker is left running, and starting again waits on.
            HomeInUse: another broker holds the data.
            StorageError: the disk is full, or the data cannot be read or written.
            Terminal: the broker ended by itself; the message has its last words.
        """
        deadline = time.monotonic() + wait_s
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            with filelock.FileLock(self.directory / "start.lock", timeout=wait_s):
                return self._start(port, deadline, wait_s, progress)
        except filelock.Timeout as exc:
            raise NotReady(
                f"another command has been starting the broker in {self.directory} for {wait_s:.0f} s; "
                "wait for it, then start again"
            ) from exc
        except OSError as exc:
            raise StorageError(
                f"the broker's folder {self.directory} cannot be written: {exc}; free space or permit it"
            ) from exc

    def stop(self, wait_s: float = 30) -> bool:
        """End the broker; returns whether one was running."""
        return broker_process.stop(self.directory, wait_s)

    def status(self) -> BrokerState | None:
        """Describe the running broker; None when there is none."""
        return broker_process.status(self.directory)

    def _start(
        self, port: int, deadline: float, wait_s: float, progress: Callable[[str], None]
    ) -> BrokerState:
        running = broker_process.find(self.directory)
        if running is not None:
            progress("a broker is running already")
            try:
                return self._await(running, None, 0, deadline, wait_s)
            except _Ended:
                # It was dying when we looked: a Java that was killed takes a moment to end. If the cause is
                # another, ours meets it too and says it.
                progress("it ended; another takes its place")
        cluster_id = broker_files.stored_cluster_id(self.directory) or self._format(progress)
        taken: set[int] = set()
        while True:
            chosen = first_free(port, taken)
            controller = first_free(chosen + 1, taken)
            if chosen != port:
                progress(f"port {port} is taken by another program; Kafka listens on {chosen}")
            broker_files.write_configuration(self.directory, chosen, controller)
            progress(f"starting Kafka on {LOOPBACK}:{chosen}")
            child, log_start = self._spawn()
            try:
                process = psutil.Process(child.pid)
                broker_process.write_record(self.directory, process, chosen, cluster_id)
                return self._await(process, child, log_start, deadline, wait_s)
            except (_Ended, psutil.NoSuchProcess) as exc:
                output = self._output(log_start)
                # Somebody took the port between our look and Kafka's.
                if broker_failure.PORT_TAKEN.search(output) and len(taken) < 2 * _PORT_ATTEMPTS:
                    taken |= {chosen, controller}
                    continue
                (self.directory / broker_process.PROCESS_FILE).unlink(missing_ok=True)
                failure = broker_failure.explain(self.directory, output)
                orphan = broker_process.find(self.directory) if isinstance(failure, HomeInUse) else None
                if orphan is not None:
                    # A start that was killed had just forked: what is Java now had no name when we looked.
                    progress("a broker is starting already")
                    return self._await(orphan, None, 0, deadline, wait_s)
                raise failure from exc
            finally:
                _let_go(child)

    def _format(self, progress: Callable[[str], None]) -> str:
        # Formatted aside and moved, so that a kill leaves either no data folder or a whole one; with its own
        # configuration, because the formatter of a start that was killed may still be running: it would make
        # its folder again behind us, so it is waited for.
        for leftover in self.directory.glob(".format-*"):
            await_orphans(leftover, _FORMAT_LIMIT_S)
            shutil.rmtree(leftover, ignore_errors=True)
        aside = Path(tempfile.mkdtemp(prefix=".format-", dir=self.directory))
        cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        progress("preparing an empty Kafka data folder")
        broker_files.write_configuration(aside, 9092, 9093)
        command = [*self._java_command(64), f"-Dstafford.format={aside}{os.sep}"]
        command += ["kafka.tools.StorageTool", "format"]
        # Its own parser takes a value that starts with a hyphen for an option, unless it is attached.
        command += [f"--cluster-id={cluster_id}", "--config", broker_files.SERVER_FILE]
        try:
            done = subprocess.run(
                command,
                cwd=aside,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=_FORMAT_LIMIT_S,
                check=False,
            )
        except subprocess.TimeoutExpired as exc:
            raise NotReady(f"formatting {self.directory} took more than {_FORMAT_LIMIT_S} s") from exc
        if done.returncode != 0:
            raise broker_failure.explain(self.directory, done.stdout + done.stderr)
        target = self.directory / broker_files.DATA_FOLDER
        if target.is_dir():
            target.rmdir()  # it is empty: stored_cluster_id saw to that
        (aside / broker_files.DATA_FOLDER).replace(target)
        shutil.rmtree(aside, ignore_errors=True)
        return cluster_id

    def _spawn(self) -> tuple["subprocess.Popen[bytes]", int]:
        log = self.directory / broker_files.LOG_FILE
        log_start = log.stat().st_size if log.exists() else 0
        command = [*self._java_command(self._heap_mb), broker_process.fingerprint(self.directory)]
        command += ["kafka.Kafka", broker_files.SERVER_FILE]
        with (self.directory / broker_files.CONSOLE_FILE).open("wb") as console:
            child = subprocess.Popen(
                command,
                cwd=self.directory,
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=subprocess.STDOUT,
                # Out of reach of a Ctrl+C in the terminal that started it.
                start_new_session=True,
                creationflags=_DETACHED,
            )
        return child, log_start

    def _await(
        self,
        process: psutil.Process,
        child: "subprocess.Popen[bytes] | None",
        log_start: int,
        deadline: float,
        wait_s: float,
    ) -> BrokerState:
        while _lives(process, child):
            # Its own word first: whoever else listens on the port would answer the probe too.
            if _STARTED in self._output(log_start):
                state = self.status()
                if state is not None and self._probe(state.bootstrap):
                    return state
            if time.monotonic() > deadline:
                raise NotReady(
                    f"Kafka (pid {process.pid}) did not answer within {wait_s:.0f} s and is still starting; "
                    f"start again to wait longer, stop it, or read {self.directory / broker_files.LOG_FILE}"
                )
            time.sleep(_POLL_S)
        log = self.directory / broker_files.LOG_FILE
        raise _Ended(f"Kafka (pid {process.pid}) ended before it answered; start again, or read {log}")

    def _output(self, log_start: int) -> str:
        texts = []
        for name, start in ((broker_files.CONSOLE_FILE, 0), (broker_files.LOG_FILE, log_start)):
            path = self.directory / name
            if path.exists():
                with path.open("rb") as stream:
                    # A log that was rolled is shorter than it was.
                    stream.seek(start if path.stat().st_size >= start else 0)
                    texts.append(stream.read().decode(errors="replace"))
        return "".join(texts)

    def _java_command(self, heap_mb: int) -> list[str]:
        return [
            str(self._java.executable),
            f"-Xmx{heap_mb}m",
            "-XX:+UseSerialGC",
            "-Djava.awt.headless=true",
            f"-Dlog4j2.configurationFile={broker_files.LOGGING_FILE}",
            "-cp",
            f"{self._jars.resolve()}{os.sep}*",
        ]


class _Ended(NotReady):
    """The process is gone; its log says what kind of error that is."""


def _lives(process: psutil.Process, child: "subprocess.Popen[bytes] | None") -> bool:
    if child is not None:
        return child.poll() is None
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _let_go(child: "subprocess.Popen[bytes]") -> None:
    if child.poll() is None:
        # It is meant to outlive us, so Popen must not warn that nobody waits for it.
        child.returncode = 0
