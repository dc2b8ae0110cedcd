"""The way through Kafka to the acknowledgement, ours beside Kafka's own tool, on one broker."""

import json
import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.broker import running_broker
from benchmarks.generator import records
from benchmarks.generator.stafford_files import environment
from benchmarks.process import RunFailed, run
from stafford.jobs import topics
from stafford.runtime.java import Java
from stafford.settings import Settings
from stafford.transport.kafka import DEFAULTS, REQUIRED
from stafford.transport.topics import Change, Cluster, Edit, Kind

TOOL, TRANSPORT, WHOLE = "kafka-producer-perf-test", "transport", "generator and transport"
TITLES = {
    TOOL: "kafka-producer-perf-test",
    TRANSPORT: "Stafford, ready batches",
    WHOLE: "Stafford, generated on the way",
}
TOPIC = "producer-perf-test"
PARTITIONS = 6  # as clickstream has, where nine of ten records go
# librdkafka's own size of a batch; the Java client's is 16 KiB, with which its tool is much slower.
BATCH_BYTES = 1_000_000
BUFFER_BYTES = 64 << 20
_PORT = 29292
_TRIAL_RECORDS_PER_S = 250_000
_WARM_UP = 3  # one of so many records: Java's compiler is not done after a few hundred thousand
_STEADY = re.compile(r"(\d+) steady state records sent, ([\d.]+) records/sec \(([\d.]+) MB/sec\)")


@dataclass(frozen=True, slots=True)
class Sent:
    """What one client got acknowledged in one round after its warm-up."""

    client: str
    round: int
    rows: int
    rows_per_s: float
    cpu_share: float | None  # CPU seconds of our process by wall seconds; not known of the tool


@dataclass(frozen=True, slots=True)
class Clients:
    """The three clients of one broker.

    core: what each client may use while it is measured; the broker has the others, where there are any.
    target_s: how long each is measured.
    """

    root: Path
    folder: Path
    java: Java
    jars: Sequence[Path]
    bootstrap: str
    core: tuple[int, ...]
    target_s: float
    events_per_day: int

    def calibrate(self) -> int:
        """How many records the tool sends in about the time of a measurement."""
        trial = round(_TRIAL_RECORDS_PER_S * self.target_s)
        tried = self.send_by_tool(0, trial)
        return max(trial, round(tried.rows_per_s * self.target_s * _WARM_UP / (_WARM_UP - 1)))

    def send_by_tool(self, number: int, rows: int) -> Sent:
        """Let Kafka's own tool send so many records, the first third of them to warm up.

        Raises:
            RunFailed: it failed, or printed something else than its documentation says.
        """
        classes = os.pathsep.join(str(folder / "*") for folder in self.jars)
        command = [str(self.java.executable), "-Xmx512m", "-cp", classes]
        command += ["org.apache.kafka.tools.ProducerPerformance", "--topic", TOPIC]
        command += ["--num-records", str(rows), "--warmup-records", str(rows // _WARM_UP)]
        command += ["--throughput", "-1"]
        command += ["--payload-file", str(self.folder / "payloads.txt")]
        command += ["--bootstrap-server", self.bootstrap, "--command-property", *tool_properties()]
        done = run(command, cores=self.core, cwd=self.folder)
        found = _STEADY.search(done.output)
        if found is None:
            raise RunFailed(f"kafka-producer-perf-test printed no steady rate:\n{done.output[-800:]}")
        return Sent(TOOL, number, int(found[1]), float(found[2]), None)

    def send_by_transport(self, number: int) -> Sent:
        """Append ready record batches through our durable log."""
        return self._append(TRANSPORT, number, str(self.folder / "records.arrow"))

    def send_whole(self, number: int) -> Sent:
        """Generate events and append them through our durable log, in one process."""
        return self._append(WHOLE, number, "--events-per-day", str(self.events_per_day))

    def _append(self, client: str, number: int, *words: str) -> Sent:
        module = "benchmarks.generator.scripts.append_records"
        command = [sys.executable, "-m", module, self.bootstrap, str(self.target_s), *words]
        done = run(command, cores=self.core, cwd=self.folder, environment=environment(self.root))
        said = json.loads(done.output)
        seconds = said["seconds"]
        return Sent(client, number, said["rows"], said["rows"] / seconds, said["cpu_seconds"] / seconds)


def tool_properties() -> list[str]:
    """Our producer's settings in the words of the Java client."""
    return [
        f"acks={REQUIRED['acks']}",
        f"enable.idempotence={REQUIRED['enable.idempotence']}",
        f"linger.ms={DEFAULTS['linger.ms']}",
        f"compression.type={DEFAULTS['compression.type']}",
        f"batch.size={BATCH_BYTES}",
        f"buffer.memory={BUFFER_BYTES}",
    ]


@contextmanager
def running_clients(
    settings: Settings,
    root: Path,
    folder: Path,
    cores: Sequence[int],
    target_s: float,
    events_per_day: int,
    progress: Callable[[str], None],
) -> Iterator[Clients]:
    """Start a broker in a new folder, with topics and records, and end it afterwards.

    Raises:
        ConfigError: there is no Java.
        NotReady: the jars cannot be downloaded, or the broker does not start in time.
    """
    with running_broker(settings, folder, cores, _PORT, progress) as broker:
        progress("preparing topics and records")
        _make_topics(settings, broker.bootstrap)
        records.prepare(root, folder, 4 * records.PAYLOADS if target_s > 1 else 20_000, events_per_day)
        yield Clients(
            root, folder, broker.java, broker.jars, broker.bootstrap, tuple(cores[-1:]), target_s,
            events_per_day,
        )  # fmt: skip


def _make_topics(settings: Settings, bootstrap: str) -> None:
    kafka = {"bootstrap.servers": bootstrap}
    with topics.build(settings, kafka=kafka) as job:
        job.apply()
    edits = (Edit("partitions", None, str(PARTITIONS)), Edit("replication", None, "1"))
    with Cluster(kafka) as cluster:
        cluster.apply([Change(Kind.CREATE, TOPIC, edits)])
