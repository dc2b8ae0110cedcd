"""`stafford spool` shows what waits, and names what is damaged."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from stafford.cli import spool
from stafford.errors import CorruptSegment, HomeInUse, TransportUnavailable
from stafford.transport import SpoolLog, list_segments
from stafford.transport.drain import drain_alone

from ..transport.builders import build_records  # noqa: TID252 - shared by tests


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The spool of a home with three segments: one that Kafka has in part, one whole, one being written."""
    monkeypatch.setenv("STAFFORD_HOME", str(tmp_path))
    monkeypatch.setenv("STAFFORD_KAFKA", '{"bootstrap.servers": "127.0.0.1:1"}')
    path = tmp_path / "spool"
    for rows in (3, 2):
        log = SpoolLog(path, "run", lambda: datetime.now(UTC) - timedelta(hours=3))
        log.append(build_records(rows))
        log.close()
    list_segments(path)[0].path.with_suffix(".drained").write_text("1")
    return path


def run(*arguments: str) -> Result:
    """Run a command."""
    return CliRunner().invoke(spool.app, arguments)


def test_the_segments_are_listed(directory: Path) -> None:
    """Records, what Kafka has of them, age and state, in 80 columns, for people and for scripts."""
    with_writer = SpoolLog(directory, "run", lambda: datetime.now(UTC))
    with_writer.append(build_records(4))
    lines = run("list").stdout.splitlines()
    words = [line.split() for line in lines[1:4]]
    assert [[*line[:3], *line[5:]] for line in words] == [
        [segment.name, records, drained, *age.split(), state]
        for segment, records, drained, age, state in zip(
            list_segments(directory), "324", "100", ("3 h", "3 h", "0 s"), ("draining", "waiting", "writing"),
            strict=True,
        )
    ]  # fmt: skip
    assert lines[4:] == ["", "They wait for Kafka. `stafford ingest` reads them here, and leaves them."]
    assert max(map(len, lines)) <= 80
    listed = json.loads(run("list", "--json").stdout)
    assert [one["state"] for one in listed] == ["draining", "waiting", "writing"]
    assert [(one["records"], one["drained"]) for one in listed] == [(3, 1), (2, 0), (4, 0)]
    assert [one["age_s"] >= 10_800 for one in listed] == [True, True, False]
    with_writer.close()


def test_a_whole_spool_is_verified(directory: Path) -> None:
    """It ends well, and a torn tail is mentioned, because it is no damage."""
    assert run("verify").stdout.endswith("\nAll 2 segments are whole.\n")
    with list_segments(directory)[1].path.open("ab") as file:
        file.write(b"SPF")
    done = run("verify")
    assert done.exit_code == 0
    assert done.stdout.endswith("\nAll 2 segments are whole. 3 bytes at an end were never accepted.\n")


@pytest.mark.parametrize("arguments", [("verify",), ("verify", "--json")])
def test_damage_is_named(directory: Path, arguments: tuple[str, ...]) -> None:
    """One changed byte: the segment and its place are said, the exit code is 65, and JSON says it too."""
    damaged = list_segments(directory)[0]
    content = bytearray(damaged.path.read_bytes())
    content[len(content) // 2] ^= 1
    damaged.path.write_bytes(content)
    done = run(*arguments)
    assert isinstance(done.exception, CorruptSegment)
    assert done.exception.exit_code == 65
    assert f"{damaged.name} is damaged in the frame at byte 0" in str(done.exception)
    if "--json" in arguments:
        assert [one["state"] for one in json.loads(done.stdout)] == ["damaged", "waiting"]


@pytest.mark.parametrize("command", ["list", "verify", "drain"])
def test_an_empty_spool_is_no_error(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing waits, and no broker is asked."""
    monkeypatch.setenv("STAFFORD_HOME", str(tmp_path))
    done = run(command)
    assert (done.exit_code, done.stdout) == (0, "Nothing waits in the spool.\n")
    assert json.loads(run(command, "--json").stdout) in (
        [], {"drained": 0, "left": 0, "segments_left": 0, "bootstrap": None},
    )  # fmt: skip


def test_a_drain_without_kafka_changes_nothing(directory: Path) -> None:
    """It says that nobody answers, where, and asks to be repeated: exit code 75."""
    before = {path.name: path.read_bytes() for path in directory.iterdir()}
    done = run("drain")
    assert isinstance(done.exception, TransportUnavailable)
    assert done.exception.exit_code == 75
    assert "127.0.0.1:1" in str(done.exception)
    after = {path.name: path.read_bytes() for path in directory.glob("*.[sd]*")}
    assert before == after


def test_a_drain_beside_another_is_refused(directory: Path) -> None:
    """A running shop drains by itself; a second drain would send everything twice."""
    with drain_alone(directory):
        assert isinstance(run("drain").exception, HomeInUse)
