"""A PostgreSQL server that holds a warehouse: how to reach it, and what its errors mean to a caller."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import psycopg
from psycopg import errors as pg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import Conninfo, PGconn, Ping

from stafford.errors import (
    ConfigError,
    ContractViolation,
    HomeInUse,
    NotReady,
    StaffordError,
    StorageError,
)

OLDEST = 14
"""The oldest major version that we run against."""

SECRETS = ("password", "sslpassword")
PUBLISH_LOCK = 0x5374_6166_666F_7264
"""Key of the advisory lock that every writer of a warehouse takes; locks are apart for each database."""

CONNECT_TIMEOUT_S = 10

Connection = psycopg.Connection[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """One database on a server, and who we are there. It holds a password and never shows it."""

    parameters: Mapping[str, str]
    """libpq's connection parameters, without a secret."""
    password: str | None = field(default=None, repr=False)
    """None leaves it to libpq: PGPASSWORD, or the file that PGPASSFILE names."""

    @classmethod
    def parse(cls, dsn: str, password_file: Path | None = None) -> Self:
        """Read a connection string, and the password from the first line of a file.

        Raises:
            ConfigError: the string cannot be read or holds a secret, or the file cannot be read.
        """
        try:
            parameters = {name: str(value) for name, value in conninfo_to_dict(dsn).items()}
        except psycopg.Error:
            # Not chained and not quoted: what could not be read may hold a password.
            raise ConfigError(
                "STAFFORD_POSTGRES is no connection string; write it as "
                "postgresql://warehouse@127.0.0.1:5432/warehouse, with %40 for an @ in a name"
            ) from None
        if any(name in parameters for name in SECRETS):
            raise ConfigError(
                "STAFFORD_POSTGRES holds a password, which would stand in process lists and logs; take it "
                "out, write it into a file of your own and name that in STAFFORD_POSTGRES_PASSWORD_FILE"
            )
        return cls(parameters, None if password_file is None else _read_secret(password_file))

    @property
    def address(self) -> str:
        """Where it is, in a form that may be shown; what is not set is left to libpq."""
        get = self.parameters.get
        user = f"{get('user')}@" if "user" in self.parameters else ""
        host = get("host", get("hostaddr", ""))
        port = f":{get('port')}" if "port" in self.parameters else ""
        return f"postgresql://{user}{host}{port}/{get('dbname', '')}"

    @contextmanager
    def session(self) -> Iterator[Connection]:
        """A connection in autocommit mode; what is open when it ends in an error is rolled back.

        Raises:
            ConfigError: the server refuses us, is too old, or its database is not in UTF-8.
            NotReady: the server does not answer, or was lost.
            StaffordError: what `translate` makes of an error inside.
        """
        connection = self._connect()
        try:
            self._check(connection)
            yield connection
        except psycopg.Error as exc:
            raise self.translate(exc) from exc
        finally:
            connection.close()

    def hold(self, connection: Connection, wait_s: float) -> None:
        """Keep every other writer of this warehouse out until the session ends.

        From here on no statement of the session waits longer than `wait_s` for a lock.

        Raises:
            psycopg.Error: LockNotAvailable after `wait_s`; `session` makes it a HomeInUse.
        """
        connection.execute("SELECT set_config('lock_timeout', %s, false)", [f"{wait_s * 1000:.0f}ms"])
        connection.execute("SET idle_session_timeout = 0")
        connection.execute("SELECT pg_advisory_lock(%s)", [PUBLISH_LOCK])

    def client_environment(self, connection: Connection) -> dict[str, str]:
        """Parameters beside host, port, user, database and password, as libpq's own variables.

        So that another libpq, in a child process, connects just as we did.
        """
        known = {
            option.keyword.decode(): option.envvar.decode()
            for option in Conninfo.get_defaults()
            if option.envvar
        }
        apart = {"host", "port", "user", "dbname", "password"}
        environment = {
            known[name]: value
            for name, value in self.parameters.items()
            if name in known and name not in apart
        }
        info = connection.info
        return environment | {
            "STAFFORD_POSTGRES_HOST": info.host,
            "STAFFORD_POSTGRES_PORT": str(info.port),
            "STAFFORD_POSTGRES_USER": info.user,
            "STAFFORD_POSTGRES_DATABASE": info.dbname,
            # dbt takes variables of this prefix in its profile alone, and strikes them out of its log.
            "DBT_ENV_SECRET_POSTGRES_PASSWORD": info.password,
        }

    def translate(self, exc: psycopg.Error) -> StaffordError:
        """What an error of a session means to a caller.

        Only the server's first sentence is passed on: the details of some errors hold a whole row.
        """
        said = exc.diag.message_primary or self._one_line(exc)
        at = self.address
        match exc:
            case pg.LockNotAvailable():
                return HomeInUse(
                    f"somebody else holds {at}: another publish or build, or a reader of one of its "
                    f"tables; wait for it, or end it, and repeat ({said})"
                )
            case pg.CardinalityViolation() | pg.NotNullViolation():
                return ContractViolation(
                    f"silver does not have one row for each event_id, so {at} was left as it was ({said}); "
                    "`stafford reconcile --no-marts` names the events"
                )
            case pg.InsufficientPrivilege() | pg.ReadOnlySqlTransaction():
                return ConfigError(
                    f"{at} does not permit that: {said}; make the user the owner of the database, "
                    "and name the primary server"
                )
            case pg.DiskFull() | pg.OutOfMemory():
                return StorageError(f"{at} has no room left and was left as it was: {said}; free its disk")
            case psycopg.OperationalError():
                return NotReady(
                    f"{at} was lost in the middle: {said}; what was not committed is undone, and repeating "
                    "is safe"
                )
        return StorageError(f"{at} refused, and was left as it was: {said}")

    def _connect(self) -> Connection:
        parameters: dict[str, Any] = {"connect_timeout": CONNECT_TIMEOUT_S, **self.parameters}
        parameters |= {"client_encoding": "utf8", "application_name": "stafford"}
        try:
            if self.password is None:
                return psycopg.connect(**parameters, autocommit=True)
            return psycopg.connect(**parameters, password=self.password, autocommit=True)
        except psycopg.Error as exc:
            raise self._refusal(exc, make_conninfo("", **parameters)) from exc

    def _refusal(self, exc: psycopg.Error, conninfo: str) -> StaffordError:
        # A refused connection carries no error code, and its words come in the server's language. A ping
        # needs no password, so it tells a server that is not there from one that does not want us.
        said = self._one_line(exc)
        answer = PGconn.ping(conninfo.encode())
        if answer == Ping.OK and "too many" not in said and "connection slots" not in said:
            return ConfigError(
                f"{self.address} refused the connection: {said}; check STAFFORD_POSTGRES (user, database) "
                "and the file that STAFFORD_POSTGRES_PASSWORD_FILE names"
            )
        if answer == Ping.NO_ATTEMPT:
            return ConfigError(f"{self.address} cannot be tried: {said}; correct STAFFORD_POSTGRES")
        return NotReady(
            f"{self.address} does not answer: {said}; start the server, or set STAFFORD_POSTGRES to where it "
            "is, and repeat"
        )

    def _check(self, connection: Connection) -> None:
        version = connection.info.server_version // 10_000
        if version < OLDEST:
            raise ConfigError(f"{self.address} is PostgreSQL {version}; take {OLDEST} or newer")
        encoding = connection.info.parameter_status("server_encoding")
        if encoding != "UTF8":
            raise ConfigError(
                f"{self.address} keeps text in {encoding}, which cannot hold every name; make the database "
                "with ENCODING 'UTF8' TEMPLATE template0"
            )

    def _one_line(self, exc: BaseException) -> str:
        said = " ".join(str(exc).split())
        return said.replace(self.password, "***") if self.password else said


def _read_secret(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigError(
            f"the password file {path} cannot be read: {exc}; correct STAFFORD_POSTGRES_PASSWORD_FILE"
        ) from exc
    secret = text.rstrip("\r\n")
    if not secret or "\0" in secret:
        raise ConfigError(f"the password file {path} holds no password; write one line into it")
    return secret
