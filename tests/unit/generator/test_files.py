"""Runs as files are whole, or not there."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stafford.domain.record import LABEL_SCHEMA, RECORD_SCHEMA
from stafford.domain.window import Window
from stafford.errors import ConfigError, StorageError
from stafford.generator import Batch, generate
from stafford.generator.files import Format
from stafford.jobs import generate as job_module
from stafford.jobs.generate import GenerateJob

from .builders import OPENS_AT, open_shop, run

WINDOW = Window(OPENS_AT, OPENS_AT + timedelta(hours=6))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the run goes."""
    return tmp_path / "runs" / "one"


def make_job(folder: Path, seed: int = 7, file_format: Format = Format.PARQUET) -> GenerateJob:
    """Six hours of a small shop."""
    return GenerateJob(open_shop(seed), WINDOW, folder, file_format)


def test_parquet_holds_every_row(folder: Path) -> None:
    """The files of all topics together are the window's rows, each beside its label."""
    generated = make_job(folder).run()
    expected = run(open_shop(), timedelta(hours=6))
    assert sum(generated.rows.values()) == len(expected)
    for topic, rows in generated.rows.items():
        records = pq.read_table(folder / f"{topic}.parquet")
        labels = pq.read_table(folder / "labels" / f"{topic}.parquet")
        assert records.schema == RECORD_SCHEMA
        assert labels.schema == LABEL_SCHEMA
        assert records["event_id"] == labels["event_id"]
        of_topic = pa.Table.from_batches([expected.records]).filter(pa.compute.field("topic") == topic)
        assert records.equals(of_topic)
        assert records.num_rows == rows


def test_ndjson_holds_bodies_as_they_are(folder: Path) -> None:
    """Line by line, bodies and labels belong together; spoilt bodies are written as they are."""
    generated = make_job(folder, file_format=Format.NDJSON).run()
    for topic, rows in generated.rows.items():
        bodies = (folder / f"{topic}.ndjson").read_bytes().split(b"\n")[:-1]
        labels = (folder / "labels" / f"{topic}.ndjson").read_bytes().splitlines()
        assert len(bodies) == len(labels) == rows
        for body, line in zip(bodies, labels, strict=True):
            label = json.loads(line)
            if label["defect"] == "clean":
                assert json.loads(body)["event_id"] == label["event_id"]


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


def test_broken_run_leaves_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that fails midway leaves no folder that looks whole, and no litter."""

    def fail_midway(*arguments: object) -> Iterator[Batch]:
        yield from list(generate(*arguments))[:1]  # type: ignore[arg-type]
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(job_module, "generate", fail_midway)
    with pytest.raises(OSError, match="No space"):
        make_job(folder).run()
    assert list(folder.parent.iterdir()) == []


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
