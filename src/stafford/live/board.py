"""The live numbers in Redis: one key for each shop, replaced as a whole."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import TypeAdapter, ValidationError
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, AuthorizationError, NoPermissionError, RedisError
from redis.retry import Retry

from stafford.errors import ConfigError, LiveUnavailable
from stafford.live.numbers import Numbers

KEPT_FOR = timedelta(days=2)
"""How long Redis keeps the numbers of a shop that nobody counts any more."""

TIMEOUT_S = 1.0
"""For connecting and for each answer: who waits longer than this for a picture of now has none."""


@dataclass(frozen=True, slots=True)
class _Document:
    """What stands in Redis, as JSON."""

    written_at: datetime
    numbers: Numbers


_DOCUMENT = TypeAdapter(_Document)


@dataclass(frozen=True, slots=True)
class Reading:
    """Numbers, and how old they are."""

    numbers: Numbers
    written_at: datetime
    """By the clock of who counted."""
    age_s: float
    """By the clock of Redis, so that two machines need not agree on the time."""


class Board:
    """The place in Redis where the numbers of one shop stand.

    One key holds all of it, so that Redis forgets all of it or nothing: no time limit, eviction or restart
    leaves a part that looks whole.
    """

    def __init__(self, url: str, password: str | None, shop: str) -> None:
        """Name the place; nothing is connected yet.

        Args:
            url: such as redis://127.0.0.1:6379/0, or rediss:// for TLS; carries no password.
            password: None where Redis wants none.
            shop: sets the shop apart from others in the same Redis.

        Raises:
            ConfigError: the URL is none that Redis has.
        """
        self.key = f"stafford:live:{shop}"
        self._has_password = password is not None
        try:
            self._redis: Redis = Redis.from_url(
                url,
                password=password,
                socket_connect_timeout=TIMEOUT_S,
                socket_timeout=TIMEOUT_S,
                # One attempt: the next round comes soon, and has newer numbers.
                retry=Retry(NoBackoff(), 0),
            )
            self.address = "{host}:{port}".format_map(
                {"host": "?", "port": 6379, **self._redis.get_connection_kwargs()}
            )
        except ValueError as exc:
            raise ConfigError(
                f"STAFFORD_REDIS is no address of a Redis: {exc}; write redis://127.0.0.1:6379/0"
            ) from exc

    def write(self, numbers: Numbers, written_at: datetime) -> None:
        """Replace what stands there.

        Delivery: idempotent. One command replaces one key, so a reader sees the numbers before or these.

        Raises:
            LiveUnavailable: Redis is away or refuses. The old numbers or these stand there.
        """
        text = _DOCUMENT.dump_json(_Document(written_at, numbers))
        with self._answering():
            self._redis.set(self.key, text, ex=KEPT_FOR)

    def read(self) -> Reading | None:
        """Give what stands there; None when nothing does.

        Raises:
            LiveUnavailable: Redis is away or refuses, or something else stands there.
        """
        with self._answering():
            both = self._redis.pipeline()
            both.get(self.key)
            both.pttl(self.key)
            text, left_ms = both.execute()
        if text is None:
            return None
        try:
            document = _DOCUMENT.validate_json(text)
        except ValidationError as exc:
            raise LiveUnavailable(
                f"what stands at {self.key} in Redis at {self.address} are no live numbers of this version; "
                "the next round of `stafford ingest` replaces them"
            ) from exc
        return Reading(
            document.numbers, document.written_at, max(0.0, KEPT_FOR.total_seconds() - left_ms / 1000)
        )

    def close(self) -> None:
        """Let go of the connections."""
        self._redis.close()

    @contextmanager
    def _answering(self) -> Iterator[None]:
        try:
            yield
        except (AuthenticationError, AuthorizationError, NoPermissionError) as exc:
            reason = exc if self._has_password else "it wants a password"
            raise LiveUnavailable(
                f"Redis at {self.address} refuses us: {reason}; set STAFFORD_REDIS_PASSWORD_FILE to a file "
                "with its password"
            ) from exc
        except (RedisError, OSError) as exc:
            raise LiveUnavailable(
                f"Redis at {self.address} does not answer: {str(exc).rstrip('.')}; start it, or set "
                "STAFFORD_REDIS right"
            ) from exc
