"""The size of a topic follows from its load."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stafford.transport.topics import Hardware, Load, find_size

WEEK_S = 7 * 86_400.0
LOAD = Load(rate=50_000, record_bytes=290, retention_s=WEEK_S)
loads = st.builds(
    Load,
    rate=st.floats(0.1, 1e6),
    record_bytes=st.floats(1, 1e6),
    retention_s=st.floats(1, 1e8),
    replication=st.integers(1, 5),
    groups=st.integers(0, 20),
    consumers=st.integers(1, 100),
)


def test_a_load_that_was_computed_by_hand() -> None:
    """50,000 records a second of 300 bytes are 15 MB/s; a week of them, three times, is 27.2 TB."""
    size = find_size(LOAD, Hardware(partition_rate=10e6, network_rate=125e6, disk_bytes=4e12))
    assert size.throughput == 15e6
    assert size.partitions == 3  # 15 / (10 × 0.6) = 2.5
    assert size.disk_bytes == pytest.approx(27.216e12)
    assert (size.network_in, size.network_out) == (45e6, 45e6)
    assert (size.brokers, size.bound) == (9, "disk")  # 27.2 TB / (4 TB × 0.8) = 8.5
    assert size.segment_bytes == 3 * 3 * 2**30


@pytest.mark.parametrize(
    ("changes", "brokers", "bound"),
    [
        ({"rate": 10.0, "retention_s": 3600.0}, 3, "copies"),
        ({"groups": 40, "retention_s": 60.0}, 9, "network"),  # 15 MB/s × 42 / (125 × 0.6) = 8.4
        ({"rate": 1.0, "retention_s": 1.0, "consumers": 5000}, 4, "replicas"),  # 15,000 / 4,000
    ],
)
def test_what_is_scarce_decides_how_many_brokers(changes: dict[str, float], brokers: int, bound: str) -> None:
    """The number of brokers is the largest of four needs, and its name is told."""
    size = find_size(replace(LOAD, **changes), Hardware(disk_bytes=1e15))
    assert (size.brokers, size.bound) == (brokers, bound)


@given(load=loads)
def test_a_size_bears_its_load(load: Load) -> None:
    """Partitions, disks and networks are never more than full, and no broker holds two copies."""
    hardware = Hardware()
    size = find_size(load, hardware)
    assert size.partitions * hardware.partition_rate >= size.throughput
    assert size.brokers * hardware.disk_bytes >= size.disk_bytes + size.segment_bytes
    assert size.brokers * hardware.network_rate >= max(size.network_in, size.network_out)
    assert size.brokers >= load.replication
    assert size.partitions >= load.consumers


@given(load=loads)
def test_one_broker_less_would_not(load: Load) -> None:
    """Control: the number is the least that the rules allow, so a size that is too large fails as well."""
    hardware = Hardware()
    size = find_size(load, hardware)
    fewer = size.brokers - 1
    assert (
        fewer < load.replication
        or fewer * hardware.disk_bytes * 0.8 < size.disk_bytes + size.segment_bytes
        or fewer * hardware.network_rate * 0.6 < max(size.network_in, size.network_out)
        or fewer * 4000 < size.partitions * load.replication
    )
