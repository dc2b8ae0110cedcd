"""Killing a publish into PostgreSQL: readers find what was published before, or all of the new."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from tests.integration.warehouse.test_publish_recovery import TOPICS, write_silver
from tests.postgres import Database

from stafford.jobs.publish import PublishJob, build
from stafford.jobs.warehouse import Target
from stafford.settings import Settings

pytestmark = pytest.mark.postgres

PUBLISH = """
import sys, time
from pathlib import Path
from stafford.jobs.publish import build
from stafford.jobs.warehouse import Target
from stafford.settings import Settings

job = build(Settings(home=Path(sys.argv[1])), Target.POSTGRES)
tables = int(sys.argv[2])
done = []

def hold(said):
    done.append(said)
    if len(done) == tables:
        print("holding", flush=True)
        time.sleep(600)

print("ready", flush=True)
job.run(hold)
print("published", flush=True)
time.sleep(600)
"""

OLD, NEW = 10, 4_000


class Home:
    """A home and its warehouse, and processes that publish from one into the other."""

    def __init__(self, path: Path, database: Database) -> None:
        self.path = path
        self.database = database
        self.started: list[subprocess.Popen[str]] = []

    @property
    def job(self) -> PublishJob:
        """A publish in this process."""
        settings = Settings(
            home=self.path,
            postgres=self.database.dsn,
            postgres_password_file=self.database.password_file,
        )
        return build(settings, Target.POSTGRES)

    def start(self, hold_after: int) -> subprocess.Popen[str]:
        """A process that publishes, once it said "ready"; it stops for good after so many tables."""
        process = subprocess.Popen(
            [sys.executable, "-c", PUBLISH, str(self.path), str(hold_after)],
            env={**os.environ, **self.database.environment},
            stdout=subprocess.PIPE,
            text=True,
        )
        self.started.append(process)
        self.expect(process, "ready")
        return process

    @staticmethod
    def expect(process: subprocess.Popen[str], word: str) -> None:
        """Wait until the process says that."""
        assert process.stdout is not None
        assert process.stdout.readline() == f"{word}\n"

    @staticmethod
    def kill(process: subprocess.Popen[str]) -> None:
        """End the process without any chance to clean up."""
        psutil.Process(process.pid).kill()
        process.wait()
        if process.stdout:
            process.stdout.close()

    def published_rows(self) -> set[int]:
        """Row counts over all topics: one number when all tables are of the same publish."""
        union = " UNION ALL ".join(f"SELECT count(*) FROM raw.{topic}" for topic in TOPICS)
        counts = self.database.query(union)
        known = self.database.query("SELECT row_count FROM raw._publications WHERE version IS NOT NULL")
        assert set(counts) == set(known)
        return {count for (count,) in counts}


@pytest.fixture
def home(tmp_path: Path, database: Database) -> Iterator[Home]:
    """A home that was published once, and whose silver has newer versions of every table."""
    home = Home(tmp_path, database)
    write_silver(tmp_path, OLD)
    home.job.run()
    write_silver(tmp_path, NEW)
    yield home
    for process in home.started:
        if process.poll() is None:
            home.kill(process)


@pytest.mark.parametrize("tables", [1, 4, 6])
def test_killed_half_way_leaves_the_old(home: Home, tables: int) -> None:
    """A kill after some, or all, tables were written and before the commit leaves the publish before."""
    process = home.start(hold_after=tables)
    home.expect(process, "holding")
    home.kill(process)
    assert home.published_rows() == {OLD}
    # and the next publish is whole, and does not wait for the dead one's lock
    assert set(home.job.run().changed) == set(TOPICS)
    assert home.published_rows() == {NEW}


def test_killed_after_the_commit_leaves_the_new(home: Home) -> None:
    """Negative control: without a kill before the commit, the new tables are there."""
    process = home.start(hold_after=1000)
    home.expect(process, "published")
    home.kill(process)
    assert home.published_rows() == {NEW}
    assert home.job.run().changed == ()


def test_two_at_once_publish_once(home: Home) -> None:
    """Of two publishes that start together one does the work, and the other finds it done."""
    first, second = home.start(hold_after=1000), home.start(hold_after=1000)
    for process in (first, second):
        home.expect(process, "published")
        home.kill(process)
    assert home.published_rows() == {NEW}


@pytest.mark.slow
def test_killed_at_any_instant_leaves_no_mixture(home: Home) -> None:
    """Wherever a kill falls, in the copy, the merge or the commit, all tables are of one publish."""
    outcomes = []
    for attempt in range(5):
        process = home.start(hold_after=1000)
        time.sleep(0.2 * attempt)
        home.kill(process)
        outcomes.append(home.published_rows())
        # A statement that runs on the server when its client dies runs to its end, and is not committed.
        write_silver(home.path, OLD)
        home.job.run()
        assert home.published_rows() == {OLD}
        write_silver(home.path, NEW)
    assert all(outcome in ({OLD}, {NEW}) for outcome in outcomes)
