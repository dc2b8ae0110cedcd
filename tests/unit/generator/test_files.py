"""Runs as files are whole, or not there."""

import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from stafford.contracts import load_contracts
from stafford.domain.window import Window
from stafford.errors import ConfigError, HomeInUse, StorageError
from stafford.generator import files
from stafford.generator.files import FILE_LABEL_SCHEMA, Format, Part
from stafford.generator.layout import LAYOUTS
from stafford.jobs import generate as job_module
from stafford.jobs.generate import GenerateJob

from .builders import OPENS_AT, PROJECT_DIR, open_shop, run

WINDOW = Window(OPENS_AT, OPENS_AT + timedelta(hours=30))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the run goes."""
    return tmp_path / "runs" / "one"


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts of a thousand events, steps of a hundred, row groups of five hundred."""
    monkeypatch.setattr(job_module, "_EVENTS_PER_PART", 1000)
    monkeypatch.setattr(job_module, "_EVENTS_PER_STEP", 100)
    monkeypatch.setattr(files, "_LEAST_ROWS", 500)


def make_job(
    folder: Path,
    seed: int = 7,
    file_format: Format = Format.PARQUET,
    workers: int = 1,
    window: Window = WINDOW,
) -> GenerateJob:
    """Thirty hours of a small shop."""
    return GenerateJob(open_shop(seed), window, folder, file_format, workers)


def read_files(folder: Path) -> dict[str, bytes]:
    """Everything that is there."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def read_events(folder: Path, topic: str, kind: str = "") -> pa.Table:
    """The parts of a topic, one after the other."""
    parts = sorted((folder / kind / topic).glob("*.parquet"))
    return pa.concat_tables([pq.read_table(part) for part in parts])


def test_columns_hold_what_bodies_say(folder: Path) -> None:
    """Row by row, typed columns and spoilt bodies together are the records of the stream."""
    generated = make_job(folder).run()
    expected = run(open_shop(), timedelta(hours=30))
    records = pa.Table.from_batches([expected.records])
    assert sum(generated.rows.values()) == len(expected)
    for topic, rows in generated.rows.items():
        of_topic = records.filter(pc.field("topic") == topic)
        typed = read_events(folder, topic).to_pylist()
        spoilt = (
            read_events(folder, topic, "spoilt").to_pylist() if (folder / "spoilt" / topic).exists() else []
        )
        assert len(typed) + len(spoilt) == rows
        broken = {row["event_id"]: row["value"] for row in spoilt}
        bodies = iter(typed)
        for record in of_topic.to_pylist():
            if record["event_id"] in broken:
                assert broken[record["event_id"]] == record["value"]
                continue
            row = next(bodies)
            assert row.pop("emitted_at") == record["emitted_at"]
            assert _as_json(row) == json.loads(record["value"])


def test_labels_are_of_what_is_not_clean(folder: Path) -> None:
    """Beside the records there is a label for each that is not clean, and for no other."""
    make_job(folder).run()
    stream = run(open_shop(), timedelta(hours=30)).labels.to_pylist()
    for topic in LAYOUTS:
        labels = read_events(folder, topic, "labels")
        assert labels.schema == FILE_LABEL_SCHEMA
        marked = [
            row for row in stream if row["topic"] == topic and (row["defect"] != "clean" or row["copy"])
        ]
        assert [row | {"line": None} for row in marked] == labels.to_pylist()
        assert len(marked) < generated_rows(folder, topic) or topic in {"orders", "returns", "reviews"}
        assert marked or topic != "clickstream"


def generated_rows(folder: Path, topic: str) -> int:
    """Records of a topic, as the manifest says."""
    rows: dict[str, int] = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["rows"]
    return rows[topic]


def _as_json(row: dict[str, Any]) -> dict[str, Any]:
    texts = {
        name: value.isoformat(timespec="microseconds").replace("+00:00", "Z")
        for name, value in row.items()
        if hasattr(value, "isoformat")
    }
    return {name: value for name, value in {**row, **texts}.items() if value is not None}


def test_types_are_the_contract_s(folder: Path) -> None:
    """Readers of Parquet see the contract's fields, in its order and types."""
    make_job(folder).run()
    arrow = {
        "string": pa.string(),
        "integer": pa.int64(),
        "boolean": pa.bool_(),
        "timestamp": pa.timestamp("us", "UTC"),
    }
    for topic, contract in load_contracts(PROJECT_DIR / "contracts").items():
        schema = pq.read_schema(next((folder / topic).glob("*.parquet")))
        plain = [
            field.with_type(pa.string()) if pa.types.is_dictionary(field.type) else field for field in schema
        ]
        assert [field.name for field in plain[:-1]] == [field.name for field in contract.fields]
        for field, promised in zip(plain, contract.fields, strict=False):
            assert field.nullable != promised.required
            assert promised.type == "array" or field.type == arrow[promised.type]


def test_ndjson_holds_bodies_as_they_are(folder: Path) -> None:
    """Line by line, bodies and labels belong together; spoilt bodies are written as they are."""
    generated = make_job(folder, file_format=Format.NDJSON).run()
    for topic, rows in generated.rows.items():
        bodies = (folder / topic / "part-00000-00.ndjson").read_bytes().split(b"\n")[:-1]
        labels = {row["line"]: row for row in read_events(folder, topic, "labels").to_pylist()}
        assert len(bodies) == rows
        for line, body in enumerate(bodies, 1):
            if line not in labels:
                json.loads(body)
            elif labels[line]["outcome"] != "quarantine":
                assert json.loads(body)["event_id"] == labels[line]["event_id"]
        refused = {row["reason"] for row in labels.values()} - {None}
        assert any(reason == "malformed_json" for reason in refused) or topic != "clickstream"


@pytest.mark.usefixtures("small_parts")
def test_parts_join_to_the_whole(folder: Path, tmp_path: Path) -> None:
    """A window in two commands gives, byte for byte, the bodies of one command."""
    middle = OPENS_AT + timedelta(hours=11, minutes=7, microseconds=3)
    opens_at = open_shop()
    for name, window in (("a", Window(OPENS_AT, middle)), ("b", Window(middle, WINDOW.end))):
        GenerateJob(opens_at, window, tmp_path / name, Format.NDJSON).run()
    make_job(folder, file_format=Format.NDJSON).run()
    for topic in LAYOUTS:
        halves = b"".join(_read_lines(tmp_path / name, topic) for name in ("a", "b"))
        assert halves == _read_lines(folder, topic)


def _read_lines(folder: Path, topic: str) -> bytes:
    return b"".join(part.read_bytes() for part in sorted((folder / topic).glob("*")))


@pytest.mark.slow
def test_workers_give_the_same_events(folder: Path, tmp_path: Path) -> None:
    """Two processes write together what one writes alone."""
    make_job(folder, file_format=Format.NDJSON).run()
    generated = make_job(tmp_path / "two", file_format=Format.NDJSON, workers=2).run()
    for topic in LAYOUTS:
        alone = Counter(_read_lines(folder, topic).split(b"\n"))
        together = Counter(_read_lines(tmp_path / "two", topic).split(b"\n"))
        assert alone == together
    assert sum(generated.rows.values()) == len(run(open_shop(), timedelta(hours=30)))


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("file_format", [Format.PARQUET, Format.NDJSON])
@pytest.mark.parametrize("parts", [0, 1, 3])
def test_resumed_run_has_the_same_bytes(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file_format: Format, parts: int
) -> None:
    """A run that was killed in the middle of a part goes on to the bytes of a run without a break."""
    make_job(folder, file_format=file_format).run()
    broken = make_job(tmp_path / "broken", file_format=file_format)
    with monkeypatch.context() as patch:
        patch.setattr(Part, "write", _fail_after(10 * parts + 5))
        with pytest.raises(KeyboardInterrupt):
            broken.run()
    assert not (tmp_path / "broken").exists()
    with pytest.raises(ConfigError, match="unfinished run"):
        broken.run()
    with pytest.raises(ConfigError, match="other options"):
        make_job(tmp_path / "broken", seed=8, file_format=file_format).run(resume=True)
    broken.run(resume=True)
    assert read_files(tmp_path / "broken") == read_files(folder)
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("broken")] == ["broken"]


def _fail_after(calls: int) -> Callable[[Part, Any], None]:
    write, left = Part.write, [calls]

    def write_or_fail(part: Part, drafts: Any) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        write(part, drafts)

    return write_or_fail


def test_a_second_command_is_refused_while_the_first_writes(folder: Path) -> None:
    """Two commands that resume the same run would write into each other's parts; the first one goes on."""
    refused: list[int] = []

    def try_again(_rows: int, _share: float) -> None:
        if not refused:
            with pytest.raises(HomeInUse, match="another command is writing"):
                make_job(folder).run(resume=True)
            refused.append(1)

    make_job(folder).run(try_again)
    assert refused
    assert [path.name for path in folder.parent.iterdir()] == ["one"]


def test_same_run_is_left_alone(folder: Path) -> None:
    """A folder that holds this very run is not written again."""
    first = make_job(folder).run()
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    again = make_job(folder).run()
    assert again.was_there
    assert again.rows == first.rows
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


@pytest.mark.parametrize("content", ["run", "stranger", "file"])
def test_folder_in_use_is_refused(folder: Path, content: str) -> None:
    """Another run, other files or a file in the place are not overwritten."""
    folder.parent.mkdir()
    match content:
        case "run":
            make_job(folder, seed=8).run()
        case "stranger":
            folder.mkdir()
            (folder / "thesis.txt").write_text("all of it", encoding="utf-8")
        case _:
            folder.write_text("a file", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"holds (another|no) run"):
        make_job(folder).run()


def test_full_disk_leaves_nothing_that_looks_whole(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that fails midway leaves no folder of its name; what is there says that it is unfinished."""

    def fail(*_arguments: object, **_options: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files, "_open_parquet", fail)
    with pytest.raises(StorageError, match="No space"):
        make_job(folder).run()
    assert [path.name for path in folder.parent.iterdir()] == ["one.partial"]


NO_ROOM = """
import contextlib, io, json, pathlib, resource, signal, sys
from stafford.cli.main import main

# Beyond a size a write fails, as on a full disk, and no signal ends the process first.
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
_, most = resource.getrlimit(resource.RLIMIT_FSIZE)
told = []
for room, more in ((1_000_000, []), (most, ["--resume"])):
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, most))
    for file_format in ("parquet", "ndjson"):
        sys.argv = ["stafford", "generate", *OPTIONS, *more, "--format", file_format, "--out", file_format]
        with contextlib.redirect_stderr(io.StringIO()) as said:
            try:
                main()
            except SystemExit as end:
                there = sorted(path.name for path in pathlib.Path().iterdir())
                whole = [path.as_posix() for path in pathlib.Path().glob("*/manifest.json")]
                told.append([end.code, said.getvalue(), there, whole])
print(json.dumps(told))
"""


@pytest.mark.skipif(find_spec("resource") is None, reason="no such limit: the module resource is of POSIX")
def test_a_disk_that_is_really_full(tmp_path: Path) -> None:
    """A write that fails ends the command with one line and its exit code, and nothing looks whole.

    Control: with room again, the same command and --resume make the run whole, and say nothing.
    """
    options = ["--from", "2026-01-01", "--to", "2026-01-02", "--events-per-day", "60000"]
    done = subprocess.run(
        [sys.executable, "-c", f"OPTIONS = {options}\n{NO_ROOM}"], cwd=tmp_path, text=True, check=True,
        env=os.environ | {"PYTHONPATH": str(PROJECT_DIR / "src")}, stdout=subprocess.PIPE, timeout=120,
    )  # fmt: skip
    *full, parquet, ndjson = json.loads(done.stdout.splitlines()[-1])
    assert len(full) == 2
    for file_format, (code, said, there, whole) in zip(("parquet", "ndjson"), full, strict=True):
        assert code == StorageError.exit_code
        assert re.fullmatch(r"error: .* cannot be read or written: .*; free space or .*\n", said)
        assert f"{file_format}.partial" in there
        assert file_format not in there
        assert whole == []
    assert parquet[:2] == ndjson[:2] == [0, ""]
    assert sorted(ndjson[3]) == ["ndjson/manifest.json", "parquet/manifest.json"]


def test_unwritable_place_is_a_storage_error(tmp_path: Path) -> None:
    """A place where no folder can be made is an error that names it."""
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with pytest.raises(StorageError, match="one cannot be"):
        make_job(tmp_path / "file" / "one").run()


def test_empty_folder_is_taken(folder: Path) -> None:
    """An empty folder is as good as none."""
    folder.mkdir(parents=True)
    assert not make_job(folder).run().was_there
    assert json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["seed"] == 7
