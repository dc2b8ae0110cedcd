"""The topic plan is checked before it can do harm."""

from datetime import timedelta
from pathlib import Path

import pytest

from stafford.errors import ConfigError
from stafford.settings import PROJECT_DIR
from stafford.transport.topics import load_topics

ENTRY = """
    partitions: 3
    replication: 1
    min_insync_replicas: 1
    compression: lz4
    max_message_bytes: 2048
    cleanup: delete
    retention: P2DT3H
    why: Because a test needs it.
"""


def write_plan(tmp_path: Path, entry: str) -> Path:
    path = tmp_path / "topics.yaml"
    path.write_text(f"topics:\n  orders:{entry}", encoding="utf-8")
    return path


def test_our_own_plan_keeps_every_event_for_a_week() -> None:
    """Bronze has at least seven days to read an event, under either cleanup."""
    for name, spec in load_topics(PROJECT_DIR / "config" / "topics.yaml").items():
        kept = spec.retention or spec.min_compaction_lag
        assert kept, name
        assert kept >= timedelta(days=7), name
        assert spec.settings()["message.timestamp.type"] == "LogAppendTime"


def test_an_entry_becomes_kafka_settings(tmp_path: Path) -> None:
    """Durations and sizes are written as the broker writes them, so that they compare equal."""
    assert load_topics(write_plan(tmp_path, ENTRY))["orders"].settings() == {
        "cleanup.policy": "delete",
        "compression.type": "lz4",
        "max.message.bytes": "2048",
        "message.timestamp.type": "LogAppendTime",
        "min.insync.replicas": "1",
        "retention.bytes": "-1",
        "retention.ms": str((2 * 24 + 3) * 3_600_000),
    }


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("partitions: 3", "partitions: 0", ["topics.orders.partitions", "0", "greater than or equal to 1"]),
        ("partitions: 3", "partitons: 3", ["topics.orders.partitons", "Extra inputs"]),
        ("lz4", "brotli", ["topics.orders.compression", "'brotli'", "'zstd'"]),
        ("P2DT3H", "soon", ["topics.orders.retention", "'soon'"]),
        ("P2DT3H", "-P1D", ["topics.orders.retention", "greater than"]),
        ("cleanup: delete", "cleanup: compact", ["topics.orders", "compact needs min_compaction_lag"]),
        (
            "min_insync_replicas: 1",
            "min_insync_replicas: 2",
            ["min_insync_replicas is 2", "1 to replication"],
        ),
        ("    why: Because a test needs it.\n", "", ["topics.orders.why", "Field required"]),
    ],
)
def test_a_wrong_field_is_named_with_what_is_allowed(
    tmp_path: Path, old: str, new: str, said: list[str]
) -> None:
    """The message leads from the file to the field, its value and what is allowed."""
    path = write_plan(tmp_path, ENTRY.replace(old, new))
    with pytest.raises(ConfigError) as caught:
        load_topics(path)
    for part in [str(path), *said]:
        assert part in str(caught.value)


@pytest.mark.parametrize("content", ["", "topics: {}", "- a list", "topics: [", "topics: {'a b': {}}"])
def test_a_file_that_is_no_plan_is_refused(tmp_path: Path, content: str) -> None:
    """Empty, misshapen and unreadable files are named."""
    path = tmp_path / "topics.yaml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"topics\.yaml"):
        load_topics(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    """No plan is not an empty plan."""
    with pytest.raises(ConfigError, match="cannot be read"):
        load_topics(tmp_path / "none.yaml")
