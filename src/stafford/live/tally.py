"""Folds rows of silver into the live numbers: pure, without clock or I/O."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from stafford.domain.window import from_micros, to_micros
from stafford.live.numbers import (
    ACTIVE_FOR,
    TOP_MINUTES,
    TOP_PRODUCTS,
    TREND_MINUTES,
    Numbers,
    ProductSales,
    Sales,
)

PLACED = "order_placed"

_MINUTE = 60_000_000
_MINUTES_PER_DAY = 1440
_DAY = _MINUTE * _MINUTES_PER_DAY
_ACTIVE = ACTIVE_FOR.seconds * 1_000_000


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of silver, each table with the columns that the tally reads and perhaps more.

    Args:
        orders: event_type, order_id, occurred_at, total_cents, lines.
        clickstream: session_id, occurred_at.
        products: product_id, name, occurred_at.
    """

    orders: pa.Table
    clickstream: pa.Table
    products: pa.Table


@dataclass(slots=True)
class _Minute:
    orders: int = 0
    cents: int = 0
    units_of: Counter[str] = field(default_factory=Counter)
    cents_of: Counter[str] = field(default_factory=Counter)


class Tally:
    """The numbers of all rows that were folded in, in any order and any portions.

    An order that was submitted twice counts once, when it was submitted first.

    Small however long the shop lives: minutes and orders of the shop's yesterday and today, sessions of the
    last half hour, and the names of the catalogue. The shop's clock never goes back, so what was forgotten is
    never asked for again.
    """

    def __init__(self) -> None:
        """Start with nothing."""
        self._newest = 0
        self._now = 0
        self._minutes: dict[int, _Minute] = {}
        self._placed: dict[str, int] = {}
        self._seen: dict[str, int] = {}
        self._names: dict[str, tuple[int, str]] = {}

    def fold(self, rows: Rows, wall: datetime) -> None:
        """Add rows.

        Args:
            rows: in no order.
            wall: our clock, UTC. A device that is a day ahead passes the contract; it must not take the
                shop's clock with it.
        """
        ordered = _micros(rows.orders)
        clicked = _micros(rows.clickstream)
        self._newest = max(self._newest, *(pc.max(times).as_py() or 0 for times in (ordered, clicked)))
        self._now = max(self._now, min(self._newest, to_micros(wall)))
        placed = rows.orders.append_column("_at", ordered).filter(pc.field("event_type") == PLACED)
        self._add_orders(placed.filter(pc.field("_at") >= self._yesterday))
        self._add_sessions(rows.clickstream.append_column("_at", clicked))
        for product, name, at in _columns(rows.products, "product_id", "name", _micros(rows.products)):
            self._names[product] = max(self._names.get(product, (0, "")), (at, name))
        self._forget()

    def numbers(self) -> Numbers:
        """The numbers as they are now."""
        now = self._now // _MINUTE
        day = now // _MINUTES_PER_DAY
        today = [minute for at, minute in self._minutes.items() if at // _MINUTES_PER_DAY == day]
        running = self._minutes.get(now, _Minute())
        trend = range(now - TREND_MINUTES + 1, now + 1)
        return Numbers(
            shop_time=from_micros(self._now) if self._now else None,
            minute=Sales(running.orders, running.cents),
            today=Sales(sum(minute.orders for minute in today), sum(minute.cents for minute in today)),
            active_sessions=sum(at >= self._now - _ACTIVE for at in self._seen.values()),
            revenue_by_minute_cents=tuple(self._minutes.get(at, _Minute()).cents for at in trend),
            top_products=tuple(self._rank(now)),
        )

    def _rank(self, now: int) -> Iterator[ProductSales]:
        cents: Counter[str] = Counter()
        units: Counter[str] = Counter()
        for at in range(now - TOP_MINUTES + 1, now + 1):
            if at in self._minutes:
                cents.update(self._minutes[at].cents_of)
                units.update(self._minutes[at].units_of)
        best = sorted(cents, key=lambda product: (-cents[product], product))
        for product in best[:TOP_PRODUCTS]:
            name = self._names[product][1] if product in self._names else None
            yield ProductSales(product, name, units[product], cents[product])

    @property
    def _yesterday(self) -> int:
        """When the shop's yesterday began."""
        return (self._now // _DAY - 1) * _DAY

    def _add_orders(self, placed: pa.Table) -> None:
        for order, at, cents, lines in _columns(placed, "order_id", "_at", "total_cents", "lines"):
            before = self._placed.get(order)
            if before is not None and before <= at:
                continue
            if before is not None:
                self._count(before, -1, cents, lines)
            self._placed[order] = at
            self._count(at, 1, cents, lines)

    def _count(self, at: int, sign: int, cents: int, lines: list[dict[str, Any]]) -> None:
        """Add an order, or take it off again: a second submission repeats the first one's amounts."""
        minute = self._minutes.setdefault(at // _MINUTE, _Minute())
        minute.orders += sign
        minute.cents += sign * cents
        for line in lines:
            product = line["product_id"]
            minute.units_of[product] += sign * line["quantity"]
            minute.cents_of[product] += sign * line["line_total_cents"]
            if not minute.units_of[product]:
                del minute.units_of[product], minute.cents_of[product]

    def _add_sessions(self, clicks: pa.Table) -> None:
        recent = clicks.filter(pc.field("_at") >= self._now - _ACTIVE)
        last = recent.select(["session_id", "_at"]).group_by("session_id").aggregate([("_at", "max")])
        for session, at in _columns(last, "session_id", "_at_max"):
            self._seen[session] = max(at, self._seen.get(session, 0))

    def _forget(self) -> None:
        now = self._now // _MINUTE
        yesterday = self._yesterday
        self._minutes = {at: minute for at, minute in self._minutes.items() if at * _MINUTE >= yesterday}
        self._placed = {order: at for order, at in self._placed.items() if at >= yesterday}
        for at, minute in self._minutes.items():
            if at <= now - TOP_MINUTES:
                minute.units_of.clear()
                minute.cents_of.clear()
        self._seen = {name: at for name, at in self._seen.items() if at >= self._now - _ACTIVE}


def _micros(table: pa.Table) -> pa.ChunkedArray:
    """Event times as microseconds since EPOCH: whole numbers need no time zone database."""
    return table["occurred_at"].cast(pa.int64())


def _columns(table: pa.Table, *columns: str | pa.ChunkedArray) -> Iterator[tuple[Any, ...]]:
    """The rows of some columns as Python values."""
    values = (table[column] if isinstance(column, str) else column for column in columns)
    return zip(*(column.to_pylist() for column in values), strict=True)
