"""One broker in a folder of its own, and the clients that send to it and read from it."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from benchmarks.broker import running_broker
from benchmarks.generator import records
from benchmarks.generator.stafford_files import environment
from benchmarks.kafka.result import Delayed, Read, Sent
from benchmarks.kafka.variants import BASE, Variant
from benchmarks.machine import pinned
from benchmarks.process import RunFailed, run
from stafford.runtime.java import Java
from stafford.runtime.kafka_tools import build_command
from stafford.settings import Settings
from stafford.transport.topics import Change, Cluster, Edit, Kind

_PORT = 29392
_EVENTS_PER_DAY = 200_000
_TRIAL_RATE = 150_000  # records/s that the tool is first thought to reach, with Java's compiler still at work
_SILENCE_S = 1.5
_RATE = re.compile(r"steady state records sent, ([\d.]+) records/sec")
_DELAYS = re.compile(r"steady state records sent,.* (\d+) ms 50th,.* (\d+) ms 99th")
_READ = re.compile(r"^(\S+ \S+), (\S+ \S+), [\d.]+, [\d.]+, (\d+), [\d.]+, \d+, (\d+), ", re.MULTILINE)


@dataclass
class Lab:
    """The broker and everything that uses it. core: what one client may use, where there are several."""

    root: Path
    folder: Path
    java: Java
    jars: Sequence[Path]
    bootstrap: str
    core: tuple[int, ...]
    all_cores: tuple[int, ...]
    target_s: float
    rate: int
    _rates: dict[Variant, float] = field(default_factory=dict)
    _topics: int = 0

    @contextmanager
    def topic(self, partitions: int) -> Iterator[str]:
        """A topic that is gone afterwards, with all of its files."""
        self._topics += 1
        name = f"bench-{self._topics}"
        edits = (
            Edit("partitions", None, str(partitions)),
            Edit("replication", None, "1"),
            Edit("file.delete.delay.ms", None, "0"),
        )
        with Cluster({"bootstrap.servers": self.bootstrap}) as cluster:
            cluster.apply([Change(Kind.CREATE, name, edits)])
            try:
                yield name
            finally:
                cluster.delete(name)

    def send(self, variant: Variant, number: int) -> Sent:
        """Send for a while with our client."""
        client = json.dumps(variant.settings.client() | {"bootstrap.servers": self.bootstrap})
        with self.topic(variant.settings.partitions) as topic:
            words = [client, topic, str(self.target_s), str(self.folder / "payloads.txt")]
            said = self._run_ours("produce", words, self.core)
            stored = self._stored(topic)
        seconds = said["seconds"]
        return Sent(variant, "ours", number, said["rows"] / seconds, stored, said["cpu_seconds"] / seconds)

    def send_by_tool(self, variant: Variant, number: int) -> Sent:
        """Let Kafka's own tool send for about as long; the first third is warm-up."""
        rows = round(self._rates.get(variant, _TRIAL_RATE) * self.target_s * 1.5)
        with self.topic(variant.settings.partitions) as topic:
            said = self._run_producer(variant, topic, rows, rows // 3, -1)
            stored = self._stored(topic)
        self._rates[variant] = float(_find(_RATE, said)[1])
        return Sent(variant, "tool", number, self._rates[variant], stored, None)

    def delay(self, variant: Variant, number: int) -> Delayed:
        """Let Kafka's own tool send at a fixed rate, and say how long it waited for acknowledgements."""
        rows = round(self.rate * self.target_s * 2)
        with self.topic(variant.settings.partitions) as topic:
            found = _find(_DELAYS, self._run_producer(variant, topic, rows, rows // 2, self.rate))
        return Delayed(variant, number, float(found[1]), float(found[2]))

    def fill(self, topic: str, rows: int) -> None:
        """Send so many records with Kafka's own tool and the base's settings."""
        self._run_producer(Variant("", "", BASE), topic, rows, rows // 3, -1)

    def read(self, topic: str, consumers: int, number: int) -> Read:
        """Read a topic with a group of our client, each member a process."""
        group = f"ours-{consumers}-{number}"
        module = "benchmarks.kafka.scripts.consume"
        command = [sys.executable, "-m", module, self.bootstrap, topic, group, str(_SILENCE_S)]
        said = [json.loads(text) for text in self._run_together([command] * consumers)]
        seconds = max(one["last"] for one in said) - min(one["first"] for one in said if one["rows"])
        return Read(consumers, "ours", number, sum(one["rows"] for one in said) / max(seconds, 1e-3))

    def read_by_tool(self, topic: str, rows: int, consumers: int, number: int) -> Read:
        """Read a topic with a group of Kafka's own tool, each member a process."""
        words = ["--topic", topic, "--group", f"tool-{consumers}-{number}", "--timeout", "3000"]
        words += ["--num-records", str(rows // consumers), "--bootstrap-server", self.bootstrap]
        command = build_command("consumer-perf-test", words, self.jars, self.java)
        first, last, found = float("inf"), 0.0, 0
        for text in self._run_together([command] * consumers):
            _, ended, count, fetching_ms = _find(_READ, text).groups()
            end = datetime.strptime(ended, "%Y-%m-%d %H:%M:%S:%f").timestamp()  # noqa: DTZ007 - only compared
            first, last, found = min(first, end - int(fetching_ms) / 1000), max(last, end), found + int(count)
        return Read(consumers, "tool", number, found / max(last - first, 1e-3))

    def _run_producer(self, variant: Variant, topic: str, rows: int, warm_up: int, rate: int) -> str:
        words = ["--topic", topic, "--num-records", str(rows), "--warmup-records", str(max(1, warm_up))]
        words += ["--throughput", str(rate), "--payload-file", str(self.folder / "payloads.txt")]
        words += ["--bootstrap-server", self.bootstrap, "--command-property", *variant.settings.tool()]
        command = build_command("producer-perf-test", words, self.jars, self.java)
        return run(command, cores=self.core, cwd=self.folder).output

    def _run_ours(self, script: str, words: Sequence[str], cores: Sequence[int]) -> dict[str, float]:
        command = [sys.executable, "-m", f"benchmarks.kafka.scripts.{script}", *words]
        done = run(command, cores=cores, cwd=self.folder, environment=environment(self.root))
        said: dict[str, float] = json.loads(done.output)
        return said

    def _run_together(self, commands: Sequence[Sequence[str]]) -> list[str]:
        surroundings = {**os.environ, **environment(self.root)}
        with pinned(self.all_cores):
            started = [
                subprocess.Popen(
                    command, cwd=self.folder, stdout=subprocess.PIPE, text=True, env=surroundings
                )
                for command in commands
            ]
        texts = []
        try:
            for command, process in zip(commands, started, strict=True):
                text, _ = process.communicate(timeout=120)
                if process.returncode:
                    raise RunFailed(
                        f"`{' '.join(command)}` ended with exit code {process.returncode}:\n{text}"
                    )
                texts.append(text)
        finally:
            for process in started:
                process.kill()
                process.wait()
        return texts

    def _stored(self, topic: str) -> float:
        files = list((self.folder / "broker" / "data" / "records").glob(f"{topic}-*/*.log"))
        with Cluster({"bootstrap.servers": self.bootstrap}) as cluster:
            (described,) = cluster.describe([topic])
        return sum(file.stat().st_size for file in files) / max(1, described.offset_span)


def _find(pattern: "re.Pattern[str]", text: str) -> "re.Match[str]":
    found = pattern.search(text)
    if found is None:
        raise RunFailed(f"Kafka's tool printed something else than expected:\n{text[-800:]}")
    return found


@contextmanager
def opened_lab(
    settings: Settings,
    root: Path,
    folder: Path,
    cores: Sequence[int],
    target_s: float,
    rate: int,
    progress: Callable[[str], None],
) -> Iterator[Lab]:
    """Start a broker in a new folder, and end it afterwards.

    Raises:
        ConfigError: there is no Java.
        NotReady: the jars cannot be downloaded, or the broker does not start in time.
    """
    with running_broker(settings, folder, cores, _PORT, progress) as broker:
        progress("preparing records")
        records.prepare(root, folder, records.PAYLOADS if target_s > 1 else 20_000, _EVENTS_PER_DAY)
        yield Lab(
            root, folder, broker.java, broker.jars, broker.bootstrap, tuple(cores[-1:]), tuple(cores),
            target_s, rate,
        )  # fmt: skip
