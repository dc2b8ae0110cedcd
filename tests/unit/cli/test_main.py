"""What is wrong with a command line is one line, as every other error is."""

import subprocess
import sys

import pyarrow as pa
import pytest
import typer
from deltalake import write_deltalake
from typer.main import get_command

from stafford.cli.main import COMMANDS, app, main


def _run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    monkeypatch.setattr(sys, "argv", ["stafford", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0), capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("generate", "--from", "2025-01-01", "--to", "2025-01-02", "--workers", "0"), "'--workers'"),
        (("simulate", "--rate=-5/s"), "'-5/s' is no rate"),
        (("simulate", "--bogus"), "No such option: --bogus"),
        (("generate",), "Missing option '--from'"),
        (("nonsense",), "No such command 'nonsense'"),
        (("spool", "list", "--home", "there"), "--home goes before the command"),
    ],
)
def test_one_line_says_what_is_wrong_and_where_to_look(monkeypatch, capsys, words, said):
    """With exit code 2, as shells expect of a wrong command line."""
    status, err = _run(monkeypatch, capsys, *words)
    assert status == 2
    assert err.count("\n") == 1
    assert said in err
    assert "see: stafford" in err


def test_ctrl_c_says_that_it_was_heard(monkeypatch, capsys):
    """A command that ends without a word looks as if it had broken."""

    def be_interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("stafford.jobs.broker.status", be_interrupted)
    status, err = _run(monkeypatch, capsys, "kafka", "status")
    assert status == 130
    assert err.startswith("stopped by Ctrl-C")


def test_help_is_no_error(monkeypatch, capsys):
    """Negative control: a right command line says nothing there."""
    assert _run(monkeypatch, capsys, "generate", "--help") == (0, "")


def test_the_list_of_commands_says_what_each_says_itself():
    """It needs none of them imported, so its lines are written twice, and compared here."""
    group = get_command(app)
    for name, line in COMMANDS.items():
        command = group.get_command(typer.Context(group), name)
        assert " ".join(command.help.split("\n\n")[0].split()) == line


def test_the_list_imports_no_command():
    """Help is the first thing that is asked for; control: a command does import what it needs."""
    loaded = """
import sys
from stafford.cli.main import main
try: main()
except SystemExit: print("numba" in sys.modules)
"""
    for words, expected in ((("--help",), "False"), (("simulate", "--help"), "True")):
        done = subprocess.run(
            [sys.executable, "-c", loaded, *words], capture_output=True, text=True, check=True, timeout=120
        )
        assert done.stdout.splitlines()[-1] == expected


_READS_ON = """
import sys
from deltalake import DeltaTable
from stafford.cli import main

def read_on():
    for _ in DeltaTable(sys.argv[1]).to_pyarrow_dataset().to_batches():
        break  # Arrow reads ahead
    print("read", flush=True)
    sys.exit(65)

main.main = read_on
main.run() if sys.argv[2] == "run" else main.main()
"""


def _end(table, how):
    """How a program ends that leaves Arrow reading; None where it does not end."""
    command = [sys.executable, "-c", _READS_ON, str(table), how]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as program:
        assert program.stdout.readline() == "read\n"
        try:
            return program.wait(20)
        except subprocess.TimeoutExpired:
            program.kill()
            return None


def test_a_thread_that_reads_on_does_not_change_how_it_ends(tmp_path):
    """Not once of three times; control: without it, it does at least once, by hanging or by SIGABRT."""
    for part in range(60):
        write_deltalake(tmp_path, pa.table({"a": [part] * 1000, "s": ["x" * 50] * 1000}), mode="append")
    assert [_end(tmp_path, "run") for _ in range(3)] == [65, 65, 65]
    assert any(_end(tmp_path, "main") != 65 for _ in range(3))
