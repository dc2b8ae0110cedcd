"""What is said when a PostgreSQL server is not there, does not want us, or cannot hold a warehouse."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from tests.postgres import Database, TestServer

from stafford.errors import ConfigError, NotReady
from stafford.warehouse.postgres import publish, read_cents
from stafford.warehouse.postgres_server import PostgresServer

SECRET = "hunter2-in-the-open"  # noqa: S105  # what must not be shown


@pytest.mark.parametrize(
    "dsn",
    [
        f"postgresql://warehouse:{SECRET}@127.0.0.1/warehouse",
        f"host=127.0.0.1 user=warehouse password={SECRET}",
        f"postgresql://127.0.0.1/warehouse?sslpassword={SECRET}",
    ],
)
def test_a_password_in_the_connection_string_is_refused(dsn: str) -> None:
    """It would stand in process lists and logs; the message says where to put it, and does not repeat it."""
    with pytest.raises(ConfigError, match="STAFFORD_POSTGRES_PASSWORD_FILE") as caught:
        PostgresServer.parse(dsn)
    assert SECRET not in str(caught.value)


def test_a_string_that_cannot_be_read_is_not_repeated() -> None:
    """Neither the message nor its cause has what was written, for a password may be in it."""
    with pytest.raises(ConfigError, match="no connection string") as caught:
        PostgresServer.parse(f"postgresql://warehouse:{SECRET}@[half/warehouse")
    assert caught.value.__suppress_context__
    assert SECRET not in str(caught.value)


def test_a_password_file_must_hold_one(tmp_path: Path) -> None:
    """A missing file and an empty one are named."""
    with pytest.raises(ConfigError, match="nowhere cannot be read"):
        PostgresServer.parse("postgresql://127.0.0.1", tmp_path / "nowhere")
    (tmp_path / "empty").write_text("\n")
    with pytest.raises(ConfigError, match="empty holds no password"):
        PostgresServer.parse("postgresql://127.0.0.1", tmp_path / "empty")


def test_a_server_is_shown_without_its_password(tmp_path: Path) -> None:
    """Neither its address nor its representation has the password."""
    (tmp_path / "secret").write_text(f"{SECRET}\r\n")
    server = PostgresServer.parse("postgresql://ada@db.example.org:5433/shop", tmp_path / "secret")
    assert server.password == SECRET
    assert server.address == "postgresql://ada@db.example.org:5433/shop"
    assert SECRET not in repr(server)


def test_a_server_that_is_not_there() -> None:
    """Nobody listens: somebody may again, so the error is one to retry."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        with pytest.raises(NotReady, match="does not answer") as caught:
            publish({}, PostgresServer.parse(f"postgresql://w@127.0.0.1:{port}/w"), {})
    assert caught.value.exit_code == 75


def test_a_name_that_nobody_knows() -> None:
    """A host that cannot be resolved does not answer either."""
    with pytest.raises(NotReady, match=r"db\.invalid"):
        publish({}, PostgresServer.parse("postgresql://w@db.invalid/w"), {})


@pytest.mark.postgres
def test_a_wrong_password(database: Database, tmp_path: Path) -> None:
    """The server answers and refuses: a setting is wrong, and no retry will help."""
    wrong = tmp_path / "wrong"
    wrong.write_text(SECRET)
    with pytest.raises(ConfigError, match="STAFFORD_POSTGRES_PASSWORD_FILE") as caught:
        publish({}, PostgresServer.parse(database.dsn, wrong), {})
    assert SECRET not in str(caught.value)


@pytest.mark.postgres
def test_a_database_that_does_not_exist(database: Database) -> None:
    """It is named."""
    dsn = f"postgresql://{database.user}@127.0.0.1:{database.port}/elsewhere"
    with pytest.raises(ConfigError, match="elsewhere"):
        publish({}, PostgresServer.parse(dsn, database.password_file), {})


@pytest.mark.postgres
def test_libpq_s_own_password_keeps_working(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a password file PGPASSWORD is taken, and PGPASSFILE; with neither the server refuses."""
    server = PostgresServer.parse(database.dsn)
    with pytest.raises(ConfigError, match="refused the connection"):
        publish({}, server, {})
    monkeypatch.setenv("PGPASSWORD", database.password)
    assert publish({}, server, {}).rows == {}
    monkeypatch.delenv("PGPASSWORD")
    escaped = database.password.replace("\\", "\\\\").replace(":", "\\:")
    passfile = tmp_path / "pgpass"
    passfile.write_text(f"127.0.0.1:{database.port}:*:{database.user}:{escaped}\n")
    passfile.chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(passfile))
    assert publish({}, server, {}).rows == {}


@pytest.mark.postgres
def test_a_user_without_rights(database: Database, postgres_server: TestServer) -> None:
    """Who may not make a schema is told to become the owner."""
    stranger = postgres_server.make_database()
    dsn = f"postgresql://{stranger.user}@127.0.0.1:{database.port}/{database.name}"
    with pytest.raises(ConfigError, match=r"permission denied .* owner of the database"):
        publish({}, PostgresServer.parse(dsn, stranger.password_file), {})


@pytest.mark.postgres
def test_a_database_that_cannot_hold_every_name(postgres_server: TestServer) -> None:
    """A database that is not in UTF-8 is refused before anything is written."""
    latin = postgres_server.make_database("ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    with pytest.raises(ConfigError, match="LATIN1"):
        publish({}, PostgresServer.parse(latin.dsn, latin.password_file), {})


@pytest.mark.postgres
def test_no_marts_yet(database: Database) -> None:
    """Reading money before a build names the commands that come first."""
    server = PostgresServer.parse(database.dsn, database.password_file)
    with pytest.raises(ConfigError, match="stafford build --target postgres"):
        read_cents(server, {"orders": "SELECT sum(total_cents) FROM marts.fct_orders"})


@pytest.mark.postgres
def test_a_server_that_is_lost(database: Database, postgres_server: TestServer) -> None:
    """A connection that is cut in the middle is an error to retry, and what was written is undone."""
    server = PostgresServer.parse(database.dsn, database.password_file)

    def lose_it() -> None:
        with server.session() as connection, connection.transaction():
            connection.execute("CREATE TABLE half (n int)")
            with postgres_server.admin() as admin:
                admin.execute("SELECT pg_terminate_backend(%s)", [connection.info.backend_pid])
            connection.execute("SELECT 1")

    with pytest.raises(NotReady, match="repeating is safe"):
        lose_it()
    assert database.query("SELECT to_regclass('half')") == [(None,)]


@pytest.mark.postgres
def test_the_password_is_never_printed(database: Database, tmp_path: Path) -> None:
    """Not when all goes well, not when the password is refused, and it is in no argument of the command."""
    wrong = tmp_path / "wrong"
    wrong.write_text(SECRET)
    command = [sys.executable, "-m", "stafford"]
    for environment, status, secret in (
        (database.environment, 0, database.password),
        ({**database.environment, "STAFFORD_POSTGRES_PASSWORD_FILE": str(wrong)}, 78, SECRET),
        ({"STAFFORD_POSTGRES": database.dsn.replace("@", f":{SECRET}@", 1)}, 78, SECRET),
    ):
        done = subprocess.run(
            [*command, "--home", str(tmp_path / "home"), "publish", "--target", "postgres"],
            env={**os.environ, **environment, "COLUMNS": "400"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == status, done.stderr
        assert secret not in done.stdout + done.stderr
        assert f"{database.port}/{database.name}" in done.stdout or "error:" in done.stderr
