"""A shop that is sending has no verdict yet."""

import os
from pathlib import Path

import pytest

from stafford.errors import NotReady
from stafford.jobs.shop_state import await_rest


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home whose shop was saved at second 1,000."""
    path = tmp_path / "shop.json"
    path.write_text("{}", encoding="utf-8")
    os.utime(path, (1000, 1000))
    return tmp_path


def test_a_shop_that_sent_just_now_is_not_at_rest(home: Path) -> None:
    """The error says how long ago, and what to do."""
    with pytest.raises(NotReady, match=r"sending 30 s ago.*stop the simulator"):
        await_rest(home, 60, lambda: 1030.0)


def test_a_shop_that_was_quiet_long_enough_is_at_rest(home: Path) -> None:
    """At the bound it passes; and asked for no rest, a shop may be as lively as it likes."""
    await_rest(home, 60, lambda: 1060.0)
    await_rest(home, 0, lambda: 1000.0)


def test_a_home_without_a_shop_is_at_rest(tmp_path: Path) -> None:
    """Nobody sends there."""
    await_rest(tmp_path, 60)
