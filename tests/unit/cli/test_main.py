"""What is wrong with a command line is one line, as every other error is."""

import sys

import pytest

from stafford.cli.main import main


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
    ],
)
def test_one_line_says_what_is_wrong_and_where_to_look(monkeypatch, capsys, words, said):
    """With exit code 2, as shells expect of a wrong command line."""
    status, err = _run(monkeypatch, capsys, *words)
    assert status == 2
    assert err.count("\n") == 1
    assert said in err
    assert "see: stafford" in err


def test_help_is_no_error(monkeypatch, capsys):
    """Negative control: a right command line says nothing there."""
    assert _run(monkeypatch, capsys, "generate", "--help") == (0, "")
