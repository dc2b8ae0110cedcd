"""The files of an embedded broker: its configuration, its log's configuration and its data folder.

Every path in them is relative to the broker's directory, which is also its working directory: then no
space, comma, backslash or accent in a home's path can break Kafka's configuration.
"""

from pathlib import Path

from stafford.errors import StorageError

SERVER_FILE = "server.properties"
LOGGING_FILE = "log4j2.properties"
LOG_FILE = "kafka.log"
CONSOLE_FILE = "console.log"
DATA_FOLDER = "data"
_META_FILE = Path("metadata", "meta.properties")

_SERVER = """\
# Written at every start by Stafford: one KRaft node, for this machine alone.
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller_port}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
# Apart, because only then does Kafka lock the metadata before it writes there: with both in one folder
# a second broker on the same data breaks the metadata of the first before it notices.
log.dirs={data}/records
metadata.log.dir={data}/metadata

# Arrival is judged by the broker's clock, never by a producer's.
log.message.timestamp.type=LogAppendTime
auto.create.topics.enable=false
message.max.bytes=1048588

# One node keeps one copy of everything.
default.replication.factor=1
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1

# Small, for a laptop: fewer internal partitions, threads and buffers.
offsets.topic.num.partitions=4
transaction.state.log.num.partitions=4
share.coordinator.state.topic.num.partitions=4
num.network.threads=2
num.io.threads=4
log.cleaner.dedupe.buffer.size=16777216
group.initial.rebalance.delay.ms=0
"""

_LOGGING = """\
status=error
appender.file.type=RollingFile
appender.file.name=file
appender.file.fileName=kafka.log
appender.file.filePattern=kafka.log.%i
appender.file.layout.type=PatternLayout
appender.file.layout.pattern=[%d] %p %m (%c)%n
appender.file.policies.type=Policies
appender.file.policies.size.type=SizeBasedTriggeringPolicy
appender.file.policies.size.size=10MB
appender.file.strategy.type=DefaultRolloverStrategy
appender.file.strategy.max=2
rootLogger.level=info
rootLogger.appenderRef.file.ref=file
"""


def write_configuration(directory: Path, port: int, controller_port: int) -> None:
    """Write what Kafka reads at its start."""
    server = _SERVER.format(port=port, controller_port=controller_port, data=DATA_FOLDER)
    (directory / SERVER_FILE).write_text(server, encoding="utf-8")
    (directory / LOGGING_FILE).write_text(_LOGGING, encoding="utf-8")


def configured_port(directory: Path) -> int | None:
    """The port that the last start chose; None when there was none."""
    try:
        text = (directory / SERVER_FILE).read_text(encoding="utf-8")
    except OSError:
        return None
    port = _properties(text).get("advertised.listeners", "").rpartition(":")[2]
    return int(port) if port.isdigit() else None


def stored_cluster_id(directory: Path) -> str | None:
    """The cluster that the data folder belongs to; None when there is no data yet.

    Raises:
        StorageError: there is data, but nothing readable says whose.
    """
    data = directory / DATA_FOLDER
    try:
        if not data.is_dir() or not any(data.iterdir()):
            return None
        cluster_id = _properties((data / _META_FILE).read_text(encoding="utf-8")).get("cluster.id")
    except OSError as exc:
        raise _unreadable(data, str(exc)) from exc
    if not cluster_id:
        raise _unreadable(data, f"{_META_FILE.name} names no cluster")
    return cluster_id


def _unreadable(data: Path, reason: str) -> StorageError:
    return StorageError(
        f"the Kafka data in {data} cannot be read: {reason}; permit reading it, or move the folder away to "
        "start with an empty broker (what bronze has already stays there)"
    )


def _properties(text: str) -> dict[str, str]:
    lines = (line.partition("=") for line in text.splitlines() if line and not line.startswith("#"))
    return {name.strip(): value.strip() for name, _, value in lines}
