"""The live numbers of a home: who writes them beside an ingestion, and who reads them."""

import hashlib
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from urllib.parse import parse_qs, urlsplit

from stafford.domain.lake import Lake
from stafford.errors import ConfigError
from stafford.live.board import Board, Reading
from stafford.live.publisher import Publisher
from stafford.live.silver import SCHEMAS, Silver
from stafford.settings import Settings

EXAMPLE = "redis://127.0.0.1:6379/0"


@dataclass(frozen=True, slots=True)
class LiveJob:
    """The place where the numbers of a home stand."""

    board: Board

    def read(self) -> Reading | None:
        """Give the numbers; None when nobody has written any, or nobody has for two days.

        Raises:
            LiveUnavailable: Redis is away or refuses; ask again later.
        """
        return self.board.read()


def build(settings: Settings) -> LiveJob:
    """Wire the home to its place in Redis; connects to nothing yet.

    Raises:
        ConfigError: STAFFORD_REDIS is not set, or a setting of Redis is wrong.
    """
    board = find_board(settings)
    if board is None:
        raise ConfigError(
            "the live numbers are kept in Redis, and STAFFORD_REDIS names none; start one and set it, for "
            f"example STAFFORD_REDIS={EXAMPLE}, for `stafford ingest --continuous` and here"
        )
    return LiveJob(board)


def find_publisher(
    settings: Settings, notify: Callable[[str], None]
) -> Callable[[], AbstractContextManager[object]]:
    """Give what keeps the live numbers for as long as a `with` lasts: nothing, where no Redis is named.

    Args:
        settings: which home, and which Redis.
        notify: is told when Redis goes away, and when it is back.

    Raises:
        ConfigError: a setting of Redis is wrong.
    """
    board = find_board(settings)
    if board is None:
        return nullcontext
    lake = Lake(settings.lake_uri)
    return partial(Publisher, Silver({topic: lake.silver(topic) for topic in SCHEMAS}), board, notify)


def find_board(settings: Settings) -> Board | None:
    """Give the place of the home's numbers; None where no Redis is named.

    Raises:
        ConfigError: the URL is wrong or carries a password, or the password file cannot be read.
    """
    if settings.redis is None:
        return None
    # The URL is not shown: it may be the secret that it should not have.
    try:
        url = urlsplit(settings.redis)
        has_password = url.password is not None or "password" in parse_qs(url.query)
    except ValueError as exc:
        raise ConfigError(f"STAFFORD_REDIS is no URL; write it as {EXAMPLE}") from exc
    if has_password:
        raise ConfigError(
            "STAFFORD_REDIS has a password in it, where every process list and log may show it; write the "
            f"URL without one, as {EXAMPLE}, and name a file with it in STAFFORD_REDIS_PASSWORD_FILE"
        )
    return Board(settings.redis, _read_password(settings), _name_shop(settings))


def _read_password(settings: Settings) -> str | None:
    path = settings.redis_password_file
    if path is None:
        return None
    try:
        lines = path.expanduser().read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigError(
            f"the password of Redis cannot be read from {path}: {exc}; set STAFFORD_REDIS_PASSWORD_FILE to a "
            "readable text file, or unset it"
        ) from exc
    if not lines or not lines[0]:
        raise ConfigError(f"{path} has no password of Redis on its first line; write it there")
    return lines[0]


def _name_shop(settings: Settings) -> str:
    """A name that people recognise, and that no other lake has."""
    digest = hashlib.sha256(settings.lake_uri.encode()).hexdigest()
    return f"{settings.home_dir.name}-{digest[:8]}"
