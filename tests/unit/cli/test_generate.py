"""`stafford generate` refuses what cannot be, in one clear line, and writes nothing."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from stafford.cli.main import app
from stafford.errors import ConfigError

DAY = ("--from", "2026-01-01", "--to", "2026-01-02")


def test_ctrl_c_names_the_way_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The parts that are complete stay, and --resume makes the others."""

    def be_interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("stafford.jobs.generate.GenerateJob.run", be_interrupted)
    done = CliRunner().invoke(app, ["generate", *DAY, "--out", str(tmp_path / "run")])
    assert done.exit_code == 130
    assert "--resume goes on from here" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--from", "2026-01-02", "--to", "2026-01-01"), "window ends at 2026-01-01.* not after its start"),
        (("--from", "2026-01-01", "--to", "2026-01-01"), "window ends at 2026-01-01.* not after its start"),
        (
            (*DAY, "--profile", "corner-shop"),
            "no profile 'corner-shop'.*known profiles: electronics, fashion",
        ),
        ((*DAY, "--opens-at", "2026-01-05"), "before the shop opens at 2026-01-05"),
        (("--from", "1990-01-01", "--to", "1990-01-02"), "before 2000-01-01.*open the shop at 2001-12-29"),
        (("--from", "2099-12-01", "--to", "2100-01-01"), "the end 2100-01-01.*until 2099-12-30"),
        ((*DAY, "--events-per-day", "1"), "too few for profile fashion-retail"),
        (
            (*DAY, "--events-per-day", "1e12"),
            "events_per_day is 1000000000000.0; give a number from 1 to 1e10",
        ),
    ],
)
def test_impossible_orders_are_refused(tmp_path: Path, arguments: tuple[str, ...], told: str) -> None:
    """What is wrong, with its value, in one line; the folder is not made."""
    done = CliRunner().invoke(app, ["generate", *arguments, "--out", str(tmp_path / "run")])
    assert isinstance(done.exception, ConfigError)
    with pytest.raises(ConfigError, match=told):
        raise done.exception
    assert "\n" not in str(done.exception)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "option"),
    [
        ((*DAY, "--events-per-day", "-5"), "--events-per-day"),
        ((*DAY, "--events-per-day", "nan"), "--events-per-day"),
        ((*DAY, "--customers", "-5"), "--customers"),
        ((*DAY, "--customers", "0"), "--customers"),
        ((*DAY, "--customers", "10", "--events-per-day", "10"), "--customers or --events-per-day, not both"),
        ((*DAY, "--workers", "0"), "--workers"),
        (("--from", "2026-13-01", "--to", "2026-01-02"), "--from"),
    ],
)
def test_impossible_options_are_refused(tmp_path: Path, arguments: tuple[str, ...], option: str) -> None:
    """Negative rates and dates that are none: the option is named, exit code 2, the folder is not made."""
    done = CliRunner().invoke(app, ["generate", *arguments, "--out", str(tmp_path / "run")])
    assert done.exit_code == 2
    assert option in " ".join(done.output.replace("│", " ").split())
    assert not list(tmp_path.iterdir())


def test_an_impossible_mix_is_refused(tmp_path: Path) -> None:
    """A profile in which more visitors check out than have a cart: the field, and both numbers."""
    shown = CliRunner().invoke(app, ["profile", "show", "fashion-retail"]).output
    mine = tmp_path / "mine.yaml"
    mine.write_text(shown.replace("with_cart: 0.770", "with_cart: 0.2"), encoding="utf-8")
    done = CliRunner().invoke(app, ["generate", *DAY, "--profile", str(mine), "--out", str(tmp_path / "run")])
    assert isinstance(done.exception, ConfigError)
    first, fault = str(done.exception).splitlines()
    assert first == f"profile {mine} is wrong:"
    assert fault.startswith(
        "  sessions.intents.fill_a_cart: with_checkout 0.26 is above with_cart 0.2: nobody"
    )
    assert list(tmp_path.iterdir()) == [mine]
