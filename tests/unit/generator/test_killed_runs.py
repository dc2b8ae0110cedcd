"""A run that is killed, wherever that is, is gone on with, and never takes what is another's."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import deltalake
import psutil
import pyarrow.csv
import pytest

from stafford.domain.window import Window
from stafford.errors import ConfigError, StorageError
from stafford.generator import run_folder
from stafford.generator.files import Format
from stafford.generator.layout import LAYOUTS
from stafford.jobs import generate
from stafford.settings import Settings

from .builders import OPENS_AT, PROJECT_DIR
from .test_files import make_job, read_events, read_files

WINDOW = Window(OPENS_AT, OPENS_AT + timedelta(days=3))
EVENTS_PER_DAY = 60_000.0
SMALL_PARTS = """
import sys
from stafford.jobs import generate
# At the top, since each worker reads this file again.
generate._EVENTS_PER_PART, generate._EVENTS_PER_STEP = 20_000, 1_000
if __name__ == "__main__":
    from stafford.cli.main import main
    main()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the run goes."""
    return tmp_path / "one"


def fail_at(calls: int, real: Callable[..., Any], error: BaseException) -> Callable[..., Any]:
    """The real thing, which fails the nth time that it is called."""
    left = [calls]

    def call_or_fail(*arguments: Any, **options: Any) -> Any:
        left[0] -= 1
        if not left[0]:
            raise error
        return real(*arguments, **options)

    return call_or_fail


@pytest.mark.parametrize(
    ("error", "seen"),
    [
        (KeyboardInterrupt(), KeyboardInterrupt),
        (deltalake.exceptions.DeltaError("No space left on device"), StorageError),
    ],
    ids=["killed", "full disk"],
)
def test_tables_that_were_made_are_kept(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException, seen: type
) -> None:
    """A command that ends between two Delta tables is gone on with; each table has its rows once."""
    broken = make_job(folder, file_format=Format.DELTA)
    with monkeypatch.context() as patch:
        patch.setattr(run_folder, "convert_to_deltalake", fail_at(2, run_folder.convert_to_deltalake, error))
        with pytest.raises(seen):
            broken.run()
    assert len(list(folder.with_name("one.partial").glob("*/_delta_log"))) == 1
    broken.run(resume=True)
    make_job(tmp_path / "plain").run()
    for topic in LAYOUTS:
        table = deltalake.DeltaTable(folder / topic)
        plain = read_events(tmp_path / "plain", topic)
        assert table.version() == 0
        assert table.to_pyarrow_table().to_pylist() == plain.to_pylist()


@pytest.mark.parametrize("file_format", [Format.CSV, Format.DELTA])
def test_every_format_holds_the_same_tables(folder: Path, tmp_path: Path, file_format: Format) -> None:
    """Row by row and column by column, and labels and spoilt bodies byte by byte, as with Parquet."""
    make_job(tmp_path / "plain").run()
    make_job(folder, file_format=file_format).run()
    for topic in LAYOUTS:
        plain = read_events(tmp_path / "plain", topic)
        if file_format is Format.DELTA:
            assert deltalake.DeltaTable(folder / topic).to_pyarrow_table().to_pylist() == plain.to_pylist()
        else:
            read = pyarrow.csv.read_csv(
                folder / topic / "part-00000-00.csv",
                convert_options=pyarrow.csv.ConvertOptions(
                    column_types={
                        field.name: pyarrow.string() if _is_text(field.type) else field.type
                        for field in plain.schema
                    },
                    strings_can_be_null=True,
                    quoted_strings_can_be_null=False,
                ),
            )
            assert read.to_pylist() == [_flatten(row) for row in plain.to_pylist()]
    for kind in ("labels", "spoilt"):
        assert read_files(folder / kind) == read_files(tmp_path / "plain" / kind)


def _is_text(kind: pyarrow.DataType) -> bool:
    return bool(pyarrow.types.is_list(kind) or pyarrow.types.is_dictionary(kind))


def _flatten(row: dict[str, Any]) -> dict[str, Any]:
    return {name: json.dumps(value) if isinstance(value, list) else value for name, value in row.items()}


@pytest.mark.parametrize("step", ["manifest", "description", "name"])
def test_the_last_steps_can_be_killed(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """A run that lacks nothing but its name, or what comes right before that, is given it by --resume."""
    make_job(tmp_path / "whole").run()
    broken = make_job(folder)
    with monkeypatch.context() as patch:
        match step:
            case "manifest":
                # What names the run, then the part, then the manifest.
                patch.setattr(run_folder, "_replace", fail_at(3, run_folder._replace, KeyboardInterrupt()))
            case "description":
                patch.setattr(Path, "unlink", fail_at(1, Path.unlink, KeyboardInterrupt()))
            case _:
                patch.setattr(Path, "rename", fail_at(1, Path.rename, KeyboardInterrupt()))
        with pytest.raises(KeyboardInterrupt):
            broken.run()
    assert not folder.exists()
    with pytest.raises(ConfigError, match="unfinished run; go on with --resume"):
        broken.run()
    with pytest.raises(ConfigError, match="other options"):
        make_job(folder, seed=8).run(resume=True)
    resumed = broken.run(resume=True)
    assert read_files(folder) == read_files(tmp_path / "whole")
    assert resumed.rows == broken.run().rows
    assert not list(tmp_path.glob("one.*"))


@pytest.mark.parametrize("resume", [False, True])
def test_a_stranger_s_folder_is_not_taken(folder: Path, resume: bool) -> None:
    """Files that no run left, where the unfinished run would be, are refused in one line and left alone."""
    theirs = folder.with_name("one.partial")
    theirs.mkdir()
    (theirs / "thesis.txt").write_text("all of it", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"one\.partial holds files that no unfinished run left") as refused:
        make_job(folder).run(resume=resume)
    assert "\n" not in str(refused.value)
    assert read_files(theirs) == {"thesis.txt": b"all of it"}


def test_a_folder_that_was_just_made_is_taken(folder: Path) -> None:
    """A command that was killed before it had said what it writes left nothing worth asking about."""
    theirs = folder.with_name("one.partial")
    theirs.mkdir()
    (theirs / ".run.json.new").write_text("{", encoding="utf-8")
    assert make_job(folder).run().rows
    assert not list(folder.glob(".*"))


@pytest.mark.parametrize("name", ["run.json", "worker-0.json"])
def test_torn_notes_are_explained(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """What a crash of the machine tore is named in one line, without a traceback."""
    broken = make_job(folder)
    with monkeypatch.context() as patch:
        patch.setattr(run_folder, "_replace", fail_at(3, run_folder._replace, KeyboardInterrupt()))
        with pytest.raises(KeyboardInterrupt):
            broken.run()
    (folder.with_name("one.partial") / name).write_text("{", encoding="utf-8")
    with pytest.raises(ConfigError, match=rf"{name} cannot be read, so the run cannot go on; delete"):
        broken.run(resume=True)


@pytest.fixture
def command(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts `stafford generate` with two workers and parts of 20,000 events; ends it with the test."""
    script = tmp_path / "small_parts.py"
    script.write_text(SMALL_PARTS, encoding="utf-8")
    started: list[subprocess.Popen[str]] = []
    environment = os.environ | {"PYTHONPATH": str(PROJECT_DIR / "src")}

    def start(out: Path, *options: str) -> subprocess.Popen[str]:
        bounds = ["--from", f"{WINDOW.start:%Y-%m-%d}", "--to", f"{WINDOW.end:%Y-%m-%d}"]
        words = ["generate", *bounds, "--events-per-day", str(EVENTS_PER_DAY)]
        process = subprocess.Popen(
            [sys.executable, str(script), *words, "--workers", "2", "--out", str(out), *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is of POSIX")
def test_killed_processes(
    tmp_path: Path, command: Callable[..., subprocess.Popen[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker is killed, then the whole command; --resume gives the bytes of a run without a break."""
    monkeypatch.setattr(generate, "_EVENTS_PER_PART", 20_000)
    whole = generate.build(
        Settings(),
        window=WINDOW,
        opens_at=None,
        events_per_day=EVENTS_PER_DAY,
        profile="fashion-retail",
        seed=7,
        file_format=Format.PARQUET,
        folder=tmp_path / "whole",
        workers=2,
    )
    monkeypatch.setattr(whole.__class__, "_run_workers", _work_in_turn)
    whole.run()
    partial = tmp_path / "one.partial"

    lost = command(tmp_path / "one")
    _wait_for(lambda: all((partial / f"worker-{number}.json").exists() for number in (0, 1)), lost)
    # multiprocessing has a process of its own that counts semaphores; the workers are the others.
    _find_workers(lost)[0].kill()
    _, said = lost.communicate(timeout=60)
    assert lost.returncode == 75
    assert "one.partial was killed" in said
    assert "--resume" in said
    assert "Traceback" not in said

    before = _read_parts(partial)
    killed = command(tmp_path / "one", "--resume")
    _wait_for(lambda: _read_parts(partial) > before, killed)
    workers = _find_workers(killed)
    killed.kill()
    killed.communicate(timeout=60)
    _, alive = psutil.wait_procs(workers, timeout=20)
    assert len(workers) == 2
    assert not alive, "a worker that goes on writes into what --resume writes"

    resumed = command(tmp_path / "one", "--resume")
    assert resumed.wait(120) == 0, resumed.communicate()[1]
    assert read_files(tmp_path / "one") == read_files(tmp_path / "whole")


def _work_in_turn(job: generate.GenerateJob, progress: generate.Progress) -> None:
    """What the workers do at once, one after the other and in this process."""
    for worker in range(job.workers):
        job._write(worker, job.open_folder(), progress)  # noqa: SLF001 - as a worker does


def _find_workers(command: subprocess.Popen[str]) -> list[psutil.Process]:
    children = psutil.Process(command.pid).children()
    return [child for child in children if "spawn_main" in " ".join(child.cmdline())]


def _read_parts(partial: Path) -> int:
    """Parts that the workers have completed."""
    notes = [partial / f"worker-{number}.json" for number in (0, 1)]
    return sum(json.loads(note.read_text(encoding="utf-8"))["parts"] for note in notes if note.exists())


def _wait_for(happens: Callable[[], bool], command: subprocess.Popen[str]) -> None:
    """Look often until it happens, while the command runs."""
    while not happens():
        assert command.poll() is None, f"ended too early: {command.communicate()}"
