"""What the broker's files say."""

import socket
from pathlib import Path

import pytest

from stafford.errors import ConfigError, HomeInUse, StorageError, Terminal
from stafford.runtime import broker_failure, broker_files, ports


def test_broker_listens_on_loopback_alone(tmp_path: Path) -> None:
    """No listener of the configuration is reachable from another machine."""
    broker_files.write_configuration(tmp_path, 9100, 9101)
    text = (tmp_path / broker_files.SERVER_FILE).read_text()
    listeners = [line for line in text.splitlines() if "://" in line or line.startswith("controller.quorum")]
    assert len(listeners) == 3
    assert all(line.count("127.0.0.1") == line.count("91") for line in listeners)
    assert broker_files.configured_port(tmp_path) == 9100


def test_no_data_belongs_to_no_cluster(tmp_path: Path) -> None:
    """Before the first start, and with an empty data folder, there is nothing to keep."""
    assert broker_files.stored_cluster_id(tmp_path) is None
    (tmp_path / "data").mkdir()
    assert broker_files.stored_cluster_id(tmp_path) is None
    (tmp_path / "data" / "metadata").mkdir()
    (tmp_path / "data" / "metadata" / "meta.properties").write_text("#\nnode.id=1\ncluster.id=abc\n")
    assert broker_files.stored_cluster_id(tmp_path) == "abc"


@pytest.mark.parametrize("meta", [None, "", "node.id=1\nclus"])
def test_data_that_nobody_can_name_is_never_overwritten(tmp_path: Path, meta: str | None) -> None:
    """Data without a readable meta.properties is an error, not an invitation to format."""
    (tmp_path / "data" / "metadata").mkdir(parents=True)
    if meta is not None:
        (tmp_path / "data" / "metadata" / "meta.properties").write_text(meta)
    with pytest.raises(StorageError, match="move the folder away"):
        broker_files.stored_cluster_id(tmp_path)


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("java.io.IOException: No space left on device", StorageError),
        ("java.io.IOException: There is not enough space on the disk", StorageError),
        ("KafkaException: Failed to acquire lock on file .lock in /d. A Kafka instance is", HomeInUse),
        ("java.lang.UnsupportedClassVersionError: kafka/Kafka", ConfigError),
        ("OpenJDK: There is insufficient memory for the Java Runtime", ConfigError),
        ("java.nio.file.AccessDeniedException: /d/meta.properties", StorageError),
    ],
)
def test_known_causes_get_their_own_error(tmp_path: Path, line: str, error: type[Terminal]) -> None:
    """Each cause that a person can act on is told apart, and the log's own line is quoted."""
    explained = broker_failure.explain(tmp_path, f"[1] INFO starting\n[2] ERROR {line}\n\tat kafka.Kafka\n")
    assert type(explained) is error
    assert line in str(explained)
    assert "at kafka.Kafka" not in str(explained)


def test_unknown_cause_is_quoted(tmp_path: Path) -> None:
    """What we do not know is Terminal with the broker's last words, even when there are none."""
    assert "ERROR moon is full" in str(broker_failure.explain(tmp_path, "[1] ERROR moon is full"))
    assert type(broker_failure.explain(tmp_path, "")) is Terminal


def test_taken_ports_are_passed_over() -> None:
    """A port with a listener is not free, on loopback or on all interfaces; its neighbour is chosen."""
    for address in ("127.0.0.1", "0.0.0.0"):  # noqa: S104  # the case under test
        with socket.socket() as listener:
            listener.bind((address, 0))
            listener.listen()
            port = listener.getsockname()[1]
            assert not ports.is_free(port)
            assert ports.first_free(port) > port
        assert ports.is_free(port)
        assert ports.first_free(port, {port}) > port


def test_no_free_port_is_said_clearly(monkeypatch: pytest.MonkeyPatch) -> None:
    """When every port in reach is taken the message names the setting."""
    monkeypatch.setattr(ports, "is_free", lambda _: False)
    with pytest.raises(ConfigError, match="STAFFORD_KAFKA_PORT"):
        ports.first_free(9092)
