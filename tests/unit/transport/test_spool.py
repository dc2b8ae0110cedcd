"""The spool keeps what it accepted, whatever happens to its writer."""

import itertools
import subprocess
import sys
import textwrap
from pathlib import Path

import psutil
import pytest

from stafford.errors import ContractViolation, CorruptSegment, StorageError, Terminal
from stafford.transport import SpoolLog, list_segments, read_segment, read_segments
from stafford.transport.segments import lock_path, recover_segments

from .builders import NOW, build_records, read_stamps, stand_still


def open_spool(directory: Path, segment_bytes: int = 1 << 26) -> SpoolLog:
    return SpoolLog(directory, "run-1", stand_still, segment_bytes)


def read_ids(directory: Path) -> list[str]:
    return [event_id for _, batch in read_segments(directory) for event_id, _, _ in read_stamps(batch)]


def start_writer(directory: Path, body: str) -> subprocess.Popen[str]:
    """Start a process that has a spool named `log` and a function `build_records`."""
    prelude = f"""
        import sys
        sys.path[:0] = {[str(Path(__file__).parent), *sys.path]!r}
        from pathlib import Path
        from builders import build_records, stand_still
        from stafford.transport import SpoolLog
        log = SpoolLog(Path({str(directory)!r}), "run-1", stand_still)
    """
    code = textwrap.dedent(prelude) + textwrap.dedent(body)
    return subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def test_positions_count_the_records_of_a_segment(tmp_path: Path) -> None:
    """(source, position) identifies a record: positions go on from batch to batch."""
    with_two = open_spool(tmp_path)
    with_two.append(build_records(3))
    with_two.append(build_records(2))
    batches = [batch for _, batch in read_segments(tmp_path)]
    assert [batch.column("offset").to_pylist() for batch in batches] == [[0, 1, 2], [3, 4]]
    assert {source for batch in batches for source in batch.column("source").to_pylist()} == {
        list_segments(tmp_path)[0].name
    }
    assert batches[0].column("timestamp").to_pylist() == [NOW] * 3
    with_two.close()


def test_reading_goes_on_from_a_position(tmp_path: Path) -> None:
    """A reader that has the first records asks for the rest, also from the middle of a batch."""
    log = open_spool(tmp_path)
    for rows in (3, 2, 4):
        log.append(build_records(rows))
    log.close()
    segment = list_segments(tmp_path)[0]
    for start in range(11):
        found = [n for batch in read_segment(segment, start) for n in batch.column("offset").to_pylist()]
        assert found == list(range(start, 9))


def test_a_segment_cut_at_any_byte_gives_its_whole_batches(tmp_path: Path) -> None:
    """A kill -9 at any byte of a write loses nothing that was accepted, and the next writer cuts the tail."""
    log = open_spool(tmp_path / "whole")
    sizes = [0]
    for rows in (1, 2):
        log.append(build_records(rows))
        sizes.append(list_segments(tmp_path / "whole")[0].size_bytes)
    log.close()
    ids = read_ids(tmp_path / "whole")
    content = list_segments(tmp_path / "whole")[0].path.read_bytes()
    torn = tmp_path / "torn"
    torn.mkdir()
    path = torn / "00000001-cut.spool"
    for cut in range(len(content) + 1):
        path.write_bytes(content[:cut])
        lock_path(path).touch()  # as a dead writer leaves it
        whole = sum(size <= cut for size in sizes) - 1
        accepted = ids[: [0, 1, 3][whole]]
        assert read_ids(torn) == accepted
        if cut % 16 and cut not in sizes:
            continue  # repairing syncs the disk: every sixteenth byte, and every boundary
        assert recover_segments(torn) == ({path.stem: cut - sizes[whole]} if cut > sizes[whole] else {})
        assert path.stat().st_size == sizes[whole]
        assert read_ids(torn) == accepted


def test_a_killed_writer_loses_nothing_that_it_accepted(tmp_path: Path) -> None:
    """Batches whose append returned are readable after the process is killed, and the next log goes on."""
    process = start_writer(
        tmp_path,
        """
        while True:
            records = build_records(50)
            log.append(records)
            print(records.column("event_id")[0], flush=True)
        """,
    )
    with process as writer:
        assert writer.stdout
        accepted = [line.strip() for line in itertools.islice(writer.stdout, 20)]
        psutil.Process(writer.pid).kill()
        rest = writer.stdout.read().splitlines(keepends=True)
        accepted += [line.strip() for line in rest if line.endswith("\n")]
        writer.wait(10)
        survivor = open_spool(tmp_path)
        survivor.append(build_records(1))
        assert set(accepted) <= set(read_ids(tmp_path))
        assert [segment.is_sealed for segment in list_segments(tmp_path)] == [True, False]
        survivor.close()


def test_a_writer_never_touches_the_segment_of_another(tmp_path: Path) -> None:
    """While another process writes, a new log has a segment of its own and cuts nothing."""
    process = start_writer(
        tmp_path,
        """
        log.append(build_records(2))
        print("ready", flush=True)
        sys.stdin.read()
        """,
    )
    with process as writer:
        assert writer.stdout
        assert writer.stdout.readline() == "ready\n"
        theirs = list_segments(tmp_path)[0]
        # what the other process is just writing
        with theirs.path.open("ab") as file:
            file.write(b"SPF\x01 half a header"[:9])
        mine = open_spool(tmp_path)
        mine.append(build_records(1))
        segments = list_segments(tmp_path)
        assert [segment.is_sealed for segment in segments] == [False, False]
        assert segments[0].size_bytes == theirs.size_bytes + 9
        assert [segment.number for segment in segments] == [1, 2]
        psutil.Process(writer.pid).kill()
        writer.wait(10)
        assert recover_segments(tmp_path) == {theirs.name: 9}
        assert list_segments(tmp_path)[0].is_sealed
        mine.close()


def test_a_full_segment_is_followed_by_the_next(tmp_path: Path) -> None:
    """Segments roll at their size, and reading keeps the order across them."""
    log = open_spool(tmp_path, segment_bytes=1)
    sent = []
    for _ in range(3):
        records = build_records(2)
        sent += records.column("event_id").to_pylist()
        log.append(records)
    log.close()
    assert [segment.number for segment in list_segments(tmp_path)] == [1, 2, 3]
    assert read_ids(tmp_path) == sent
    assert not list(tmp_path.glob("*.lock"))


def test_a_name_never_comes_back(tmp_path: Path) -> None:
    """After a spool was emptied its next segment has another name: bronze tells records apart by it."""
    names = set()
    for _ in range(2):
        log = open_spool(tmp_path)
        log.append(build_records(1))
        log.close()
        names.add(list_segments(tmp_path)[0].name)
        list_segments(tmp_path)[0].path.unlink()
    assert len(names) == 2


def test_damage_before_the_tail_is_an_error(tmp_path: Path) -> None:
    """A changed byte of an accepted batch names segment and byte; later batches go elsewhere."""
    log = open_spool(tmp_path)
    log.append(build_records(2))
    log.append(build_records(2))
    log.close()
    segment = list_segments(tmp_path)[0]
    content = bytearray(segment.path.read_bytes())
    content[200] ^= 1
    segment.path.write_bytes(content)
    with pytest.raises(CorruptSegment, match=rf"{segment.name} is damaged in the frame at byte 0"):
        list(read_segments(tmp_path))
    again = open_spool(tmp_path)
    again.append(build_records(1))
    again.close()
    assert bytes(content) == segment.path.read_bytes()
    assert sum(batch.num_rows for batch in read_segment(list_segments(tmp_path)[1])) == 1


def test_a_full_disk_keeps_nothing_of_the_batch(tmp_path: Path) -> None:
    """A write that the system cuts short is an error, leaves no half batch, and a later batch fits again."""
    if sys.platform == "win32":
        pytest.skip("Windows has no limit on file size that a test could set")
    process = start_writer(
        tmp_path,
        """
        import os, resource, signal
        from stafford.errors import StorageError
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        log.append(build_records(5))
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY))
        try:
            log.append(build_records(1, value=os.urandom(50_000)))  # random bytes do not compress
        except StorageError as error:
            print([file.stat().st_size < 20_000 for file in Path(log._directory).glob("*.spool")], error)
        log.append(build_records(7))
        """,
    )
    with process as writer:
        output, _ = writer.communicate(timeout=60)
        assert output.startswith("[True] ")
        assert "did not take 1 records: File too large; nothing of it was kept" in output
        assert writer.returncode == 0
        assert [batch.num_rows for _, batch in read_segments(tmp_path)] == [5, 7]


def test_another_schema_is_refused(tmp_path: Path) -> None:
    """A batch that lacks a column never reaches the disk."""
    log = open_spool(tmp_path)
    with pytest.raises(ContractViolation, match="RECORD_SCHEMA"):
        log.append(build_records(1).drop_columns(["key"]))
    log.close()
    assert list_segments(tmp_path) == []


def test_a_closed_spool_refuses(tmp_path: Path) -> None:
    """After close nothing is accepted."""
    log = open_spool(tmp_path)
    log.close()
    log.close()
    with pytest.raises(Terminal, match="was closed"):
        log.append(build_records(1))


def test_a_path_that_is_a_file_is_refused(tmp_path: Path) -> None:
    """A spool that cannot be made says so."""
    (tmp_path / "spool").touch()
    with pytest.raises(StorageError, match="cannot be made"):
        open_spool(tmp_path / "spool")
