"""The embedded broker, for real: it starts, is found, keeps its data and dies with a reason."""

import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from stafford.errors import ConfigError, HomeInUse, NotReady, StorageError, Terminal
from stafford.runtime import broker_files, broker_process
from stafford.runtime.broker import Broker
from stafford.runtime.java import Java
from stafford.transport.admin import answers

pytestmark = pytest.mark.kafka
MakeBroker = Callable[..., Broker]


@pytest.fixture
def make_broker(tmp_path: Path, kafka_jars: Path, java: Java) -> Iterator[MakeBroker]:
    """Make brokers in a folder whose name is as awkward as a person's home may be."""
    made: list[Broker] = []

    def make(name: str = "Zoë's shop, first", heap_mb: int = 256) -> Broker:
        made.append(Broker(tmp_path / name, kafka_jars, java, probe=answers, heap_mb=heap_mb))
        return made[-1]

    yield make
    for embedded in made:
        embedded.stop()


def send(bootstrap: str, topic: str, values: list[bytes]) -> None:
    """Create the topic and send with acks=all."""
    client = AdminClient({"bootstrap.servers": bootstrap})
    client.create_topics([NewTopic(topic, 1, 1)])[topic].result(20)
    producer = Producer({"bootstrap.servers": bootstrap, "acks": "all"})
    for value in values:
        producer.produce(topic, value)
    assert producer.flush(20) == 0


def read(bootstrap: str, topic: str, count: int) -> list[bytes | None]:
    """Read that many records from the start of the topic."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "reader"})
    consumer.assign([TopicPartition(topic, 0, 0)])
    try:
        return [message.value() for message in consumer.consume(count, 20)]
    finally:
        consumer.close()


def test_broker_listens_on_loopback_and_nowhere_else(broker: str) -> None:
    """Kafka's own sockets are bound to 127.0.0.1."""
    assert broker.startswith("127.0.0.1:")
    port = int(broker.split(":")[1])
    bound = [
        connection.laddr.ip.removeprefix("::ffff:")
        for connection in psutil.net_connections("tcp")
        if connection.laddr and connection.laddr.port == port and connection.status == psutil.CONN_LISTEN
    ]
    assert bound == ["127.0.0.1"]


def test_killed_broker_keeps_its_data(make_broker: MakeBroker) -> None:
    """After kill -9 the broker is seen as gone, starts again, and has every acknowledged record."""
    embedded = make_broker()
    first = embedded.start(port=19192, wait_s=120)
    values = [f"order {number}".encode() for number in range(500)]
    send(first.bootstrap, "orders", values)
    # given a second start while it runs
    assert embedded.start(port=19192) == first
    # when it is killed
    psutil.Process(first.pid).kill()
    psutil.wait_procs([psutil.Process(first.pid)] if psutil.pid_exists(first.pid) else [], timeout=10)
    assert embedded.status() is None
    assert (embedded.directory / "data" / "records" / ".lock").exists()  # stale, and harmless to Kafka
    # then nothing is lost
    again = embedded.start(port=19192, wait_s=120)
    assert again.pid != first.pid
    assert again.cluster_id == first.cluster_id
    assert read(again.bootstrap, "orders", 500) == values
    # and stopping is final and repeatable
    assert embedded.stop()
    assert not embedded.stop()
    assert not answers(again.bootstrap)


def test_taken_port_moves_the_broker_and_says_so(make_broker: MakeBroker) -> None:
    """With a stranger on the wished port, and on the next, the broker takes others; the stranger stays."""
    said: list[str] = []
    with socket.socket() as stranger, socket.socket() as neighbour:
        stranger.bind(("127.0.0.1", 0))
        stranger.listen()
        wished = stranger.getsockname()[1]
        try:
            neighbour.bind(("127.0.0.1", wished + 1))
            neighbour.listen()
        except OSError:
            pass  # somebody has it already, which serves as well
        state = make_broker().start(port=wished, wait_s=120, progress=said.append)
        assert state.port > wished + 1
        assert any(f"port {wished} is taken" in message for message in said)
        assert not answers(f"127.0.0.1:{wished}", timeout_s=0.5)


def test_impatient_caller_leaves_a_broker_that_the_next_call_finds(make_broker: MakeBroker) -> None:
    """A start that runs out of time is retried without a second broker and without a lost one."""
    embedded = make_broker()
    with pytest.raises(NotReady, match="still starting"):
        embedded.start(port=19292, wait_s=0.5)
    process = broker_process.find(embedded.directory)
    assert process is not None
    assert embedded.start(port=19292, wait_s=120).pid == process.pid


def test_data_of_another_node_is_refused_with_kafkas_words(make_broker: MakeBroker) -> None:
    """A data folder that is not this node's stops the start, names the line, and is left as it was."""
    embedded = make_broker()
    embedded.start(port=19392, wait_s=120)
    embedded.stop()
    meta = embedded.directory / "data" / "metadata" / "meta.properties"
    foreign = meta.read_text().replace("node.id=1", "node.id=7")
    meta.write_text(foreign)
    with pytest.raises(StorageError, match=r"(?s)cannot be read.*node id"):
        embedded.start(port=19392, wait_s=60)
    assert meta.read_text() == foreign
    assert embedded.status() is None


@pytest.mark.skipif(sys.platform == "win32", reason="a symbolic link needs a right that few have there")
def test_data_in_use_by_another_broker_is_refused(make_broker: MakeBroker) -> None:
    """Two brokers on one data folder: the second says who is in the way, and the first goes on."""
    first = make_broker("first")
    state = first.start(port=19492, wait_s=120)
    second = make_broker("second")
    second.directory.mkdir()
    (second.directory / "data").symlink_to(first.directory / "data")
    with pytest.raises(HomeInUse, match="another broker"):
        second.start(port=19492, wait_s=60)
    # then the first can still do what needs its metadata, and ends in good order
    send(state.bootstrap, "orders", [b"order"])
    assert first.stop(wait_s=25)
    assert (first.directory / "data" / "records" / ".kafka_cleanshutdown").exists()


def test_java_that_cannot_have_its_memory_is_explained(make_broker: MakeBroker) -> None:
    """A heap beyond any machine ends Java at once, and its own words are in the error."""
    with pytest.raises(ConfigError, match=r"(?s)memory.*heap"):
        make_broker(heap_mb=10**9).start(port=19592, wait_s=60)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs a tiny tmpfs, so Linux")
def test_full_disk_is_explained(
    make_broker: MakeBroker, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """A broker whose disk is full says that the disk is full."""
    tiny = tmp_path / "tiny"
    tiny.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", tiny],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode != 0:
        pytest.skip(f"needs root to mount a tiny tmpfs: {mounted.stderr.strip()}")
    request.addfinalizer(lambda: subprocess.run(["umount", "-l", tiny], check=False))
    (tiny / "filler").write_bytes(bytes(280 << 10))
    with pytest.raises(Terminal, match=r"full|No space left"):
        make_broker("tiny").start(port=19692, wait_s=30)


def test_directory_that_is_a_file_is_explained(make_broker: MakeBroker, tmp_path: Path) -> None:
    """A file where the broker's folder should be is a StorageError."""
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot be written"):
        make_broker("file").start(wait_s=5)


def test_data_without_an_owner_is_not_formatted(make_broker: MakeBroker) -> None:
    """Formatting never happens over data, however damaged."""
    embedded = make_broker()
    (embedded.directory / broker_files.DATA_FOLDER / "orders-0").mkdir(parents=True)
    with pytest.raises(StorageError, match="move the folder away"):
        embedded.start(wait_s=5)
    assert (embedded.directory / broker_files.DATA_FOLDER / "orders-0").is_dir()
