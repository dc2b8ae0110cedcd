"""Cleaning deletes a home, and never a folder that only looks like one."""

import pytest

from stafford.errors import ConfigError
from stafford.jobs import clean
from stafford.settings import Settings


@pytest.fixture
def settings(tmp_path):
    """A home with a lake and a report, and a cache with jars beside something else."""
    for folder in ("home/lake/bronze", "cache/jars", "cache/mine"):
        (tmp_path / folder).mkdir(parents=True)
    for page in ("report.html", "realism-fashion-retail.html"):
        (tmp_path / "home" / page).write_text("<html>")
    return Settings(home=tmp_path / "home", cache_dir=tmp_path / "cache")


def test_a_home_is_deleted_and_the_cache_stays(settings):
    """The downloads are for every home, so they go only when that is asked for."""
    clean.build(settings).run()
    assert not settings.home_dir.exists()
    assert (settings.cache_dir / "jars").exists()


def test_the_cache_goes_when_asked_but_not_what_others_put_there(settings):
    """Only the folders that we fill are deleted."""
    clean.build(settings, cache=True).run()
    assert [path.name for path in settings.cache_dir.iterdir()] == ["mine"]


def test_a_folder_with_something_else_is_left_alone(settings):
    """One file that no command wrote is enough to refuse, and nothing is deleted."""
    (settings.home_dir / "thesis.tex").write_text("mine")
    with pytest.raises(ConfigError, match=r"thesis\.tex"):
        clean.build(settings)
    assert (settings.home_dir / "lake").exists()


def test_cleaning_nothing_is_fine(tmp_path):
    """A home that does not exist needs no cleaning."""
    assert clean.build(Settings(home=tmp_path / "none", cache_dir=tmp_path)).doomed == ()
