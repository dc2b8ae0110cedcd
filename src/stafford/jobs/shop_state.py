"""Which shop lives in a home, and how far its events have been sent: `home/shop.json`."""

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from filelock import FileLock, Timeout

from stafford.domain.flash_sale import FlashSale
from stafford.errors import ConfigError, HomeInUse, NotReady, StorageError
from stafford.ledger.durable_file import replace_durably


@dataclass(frozen=True, slots=True)
class ShopState:
    """A shop's inputs, and the instant before which every event of it has been acknowledged."""

    profile: str
    seed: int
    opens_at: datetime
    events_per_day: float
    sent_through: datetime
    flash_sales: tuple[FlashSale, ...] = ()
    asked_per_day: float | None = None  # as asked for, at the traffic of the opening


class ShopFile:
    """The state of a home's shop, held by one process at a time; use it in a `with`.

    A kill at any moment leaves the old state or the new one, never half of it. The state follows the
    acknowledgement, so after a crash at most the batch in doubt is sent again, under the same ids.
    """

    def __init__(self, home: Path) -> None:
        """Name the home; nothing is touched yet."""
        self._path = home / "shop.json"
        self._lock = FileLock(home / "shop.lock", timeout=0)

    def __enter__(self) -> Self:
        """Take the shop for this process.

        Raises:
            HomeInUse: another process simulates the same shop.
            StorageError: the home cannot be written.
        """
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._lock.acquire()
        except Timeout as exc:
            raise HomeInUse(
                f"another process is simulating the shop of {self._path.parent}; wait until it ends, or "
                "choose another home with --home"
            ) from exc
        except OSError as exc:
            raise StorageError(f"home {self._path.parent} cannot be written: {exc.strerror}") from exc
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let it go."""
        self._lock.release()

    def load(self) -> ShopState | None:
        """Read the state; None where no shop has opened yet.

        Raises:
            ConfigError: the file is not what this version writes.
        """
        try:
            fields = json.loads(self._path.read_text(encoding="utf-8"))
            instants = {name: datetime.fromisoformat(fields[name]) for name in ("opens_at", "sent_through")}
            sales = tuple(FlashSale(**sale) for sale in fields.get("flash_sales", ()))
            return ShopState(**{**fields, **instants, "flash_sales": sales})
        except FileNotFoundError:
            return None
        except (ValueError, TypeError, KeyError) as exc:
            raise ConfigError(
                f"{self._path} cannot be understood: {exc}; restore it, or begin anew with `stafford clean`"
            ) from exc

    def save(self, state: ShopState) -> None:
        """Replace the state; durable when this returns.

        Raises:
            StorageError: the disk is full or cannot be written.
        """
        instants = {name: getattr(state, name).isoformat() for name in ("opens_at", "sent_through")}
        content = json.dumps({**asdict(state), **instants}, indent=2)
        try:
            replace_durably(self._path, content.encode())
        except OSError as exc:
            raise StorageError(f"{self._path} cannot be written: {exc.strerror}; free the disk") from exc


def await_rest(home: Path, rest_s: float, now: Callable[[], float] = time.time) -> None:
    """Pass when a home's shop has sent nothing for a time; what is under way has no verdict yet.

    Args:
        home: of the shop; one without a shop is at rest.
        rest_s: how long nothing must have been sent; 0 asks for nothing.
        now: seconds since the epoch.

    Raises:
        NotReady: the shop lived more recently.
    """
    path = home / "shop.json"
    if rest_s <= 0 or not path.exists():
        return
    # The state is written after every batch and every tick, whatever the shop's own clock says.
    ago_s = now() - path.stat().st_mtime
    if ago_s < rest_s:
        raise NotReady(
            f"the shop of {home} was sending {ago_s:.0f} s ago, so events are under way; stop the simulator, "
            f"and repeat after {rest_s:.0f} s"
        )


def settle(
    stored: ShopState | None,
    *,
    profile: str | None,
    seed: int | None,
    events_per_day: float | None,
    opens_at: datetime,
) -> ShopState:
    """Decide which shop to simulate: the one that the home has, or a new one.

    Args:
        stored: what the home has.
        profile: as asked for; None takes what is stored, or `fashion-retail`.
        seed: likewise; or 42.
        events_per_day: likewise; or five records a second.
        opens_at: when a new shop opens.

    Raises:
        ConfigError: the home has another shop than the one asked for.
    """
    if stored is None:
        return ShopState(
            profile=profile or "fashion-retail",
            seed=42 if seed is None else seed,
            opens_at=opens_at,
            events_per_day=events_per_day or 5 * 86_400.0,
            sent_through=opens_at,
            asked_per_day=events_per_day,
        )
    known = {"profile": stored.profile, "seed": stored.seed}
    known["events_per_day"] = stored.asked_per_day or stored.events_per_day
    asked = {"profile": profile, "seed": seed, "events_per_day": events_per_day}
    differences = [
        f"{name} {known[name]} and not {value}"
        for name, value in asked.items()
        if value is not None and value != known[name]
    ]
    if differences:
        raise ConfigError(
            f"this home has a shop already, with {', '.join(differences)}; leave the option out to go on "
            "with it, or open another shop with --home"
        )
    return stored
