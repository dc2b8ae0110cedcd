"""What a topic needs: partitions, brokers, disk and network, by arithmetic before a cluster is bought.

Sources: J. Rao, "How to choose the number of topics/partitions in a Kafka cluster?" (Confluent, 2015), for
partitions as the larger of target/producer and target/consumer throughput and for 4,000 replicas a broker;
Apache Kafka documentation, "Message Format", for what a record takes beside its key, value and headers.
"""

from dataclasses import dataclass
from math import ceil
from typing import Literal

RECORD_OVERHEAD_BYTES = 10
"""Lengths, offset and time deltas of a record in a batch of format 2; the batch's own 61 bytes are shared."""

BUSY = 0.6
"""Share of a partition or a network that is planned for: the rest is for catching up and a lost broker."""

FULL = 0.8
"""Share of a disk that is planned for."""

MOST_REPLICAS = 4000
"""Of a broker."""

Bound = Literal["copies", "network", "disk", "replicas"]


@dataclass(frozen=True, slots=True)
class Load:
    """What a topic is asked to bear.

    rate: records per second at the peak. record_bytes: key, value and headers of one, as they are stored,
    after compression. retention_s: how long each is kept. replication: copies of each. groups: consumer
    groups that read all of it. consumers: members of the largest group.
    """

    rate: float
    record_bytes: float
    retention_s: float
    replication: int = 3
    groups: int = 1
    consumers: int = 1


@dataclass(frozen=True, slots=True)
class Hardware:
    """What there is.

    partition_rate: bytes a second that one partition bears, the slower of writing and reading. network_rate:
    the same of a broker's network, in each direction. disk_bytes: of a broker.
    """

    partition_rate: float = 10e6
    network_rate: float = 125e6
    disk_bytes: float = 1e12


@dataclass(frozen=True, slots=True)
class Size:
    """What the load needs. Bytes and bytes a second are of the whole cluster, copies included.

    bound: what the number of brokers follows from. segment_bytes: the most that is kept beyond retention,
    because only closed segments are deleted.
    """

    throughput: float
    partitions: int
    brokers: int
    bound: Bound
    disk_bytes: float
    segment_bytes: float
    network_in: float
    network_out: float


def find_size(load: Load, hardware: Hardware, *, segment_bytes: int = 2**30) -> Size:
    """What a load needs of a hardware; every formula is one line of this function.

    Args:
        load: of one topic.
        hardware: of each broker.
        segment_bytes: `segment.bytes` of the topic.
    """
    throughput = load.rate * (load.record_bytes + RECORD_OVERHEAD_BYTES)
    partitions = max(ceil(throughput / (hardware.partition_rate * BUSY)), load.consumers, 1)
    disk = throughput * load.retention_s * load.replication
    segments = float(partitions * segment_bytes * load.replication)
    network_in = throughput * load.replication
    network_out = throughput * (load.replication - 1 + load.groups)
    needs: dict[Bound, int] = {
        "copies": load.replication,
        "network": ceil(max(network_in, network_out) / (hardware.network_rate * BUSY)),
        "disk": ceil((disk + segments) / (hardware.disk_bytes * FULL)),
        "replicas": ceil(partitions * load.replication / MOST_REPLICAS),
    }
    bound = max(needs, key=lambda name: needs[name])
    return Size(throughput, partitions, needs[bound], bound, disk, segments, network_in, network_out)
