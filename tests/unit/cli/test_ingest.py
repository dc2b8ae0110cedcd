"""Options of `stafford ingest` that make no sense together are refused before anything starts."""

import sys

import pytest

from stafford.cli.main import main
from stafford.errors import ConfigError


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--metrics-port", "9999"), "without --continuous"),
        (("--accept-loss", "--continuous"), "--accept-loss is for one run"),
    ],
)
def test_a_contradiction_is_one_line(monkeypatch, capsys, tmp_path, words, said):
    """It says what to do, and makes no home."""
    monkeypatch.setattr(sys, "argv", ["stafford", "--home", str(tmp_path / "home"), "ingest", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == ConfigError.exit_code
    assert said in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "home").exists()


def test_nothing_to_read_is_said_before_anything_is_made(monkeypatch, capsys, tmp_path):
    """Neither Spark nor a table is needed to know that there is no broker and no spool."""
    monkeypatch.delenv("STAFFORD_KAFKA", raising=False)
    monkeypatch.setattr(sys, "argv", ["stafford", "--home", str(tmp_path / "home"), "ingest"])
    monkeypatch.setattr("stafford.jobs.ingest.open_session", lambda *_, **__: pytest.fail("Spark ran"))
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == ConfigError.exit_code
    assert "nothing to ingest" in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "home" / "lake").exists()
