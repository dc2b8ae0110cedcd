"""A shop whose events a test writes by hand, and its gold tables counted a second time without Spark."""

import json
from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from deltalake import DeltaTable, write_deltalake
from typer.testing import CliRunner

from stafford.cli import batch
from stafford.contracts.reference import example_body
from stafford.lakehouse.gold.rebuild import Rebuilt, backfill, refresh
from stafford.lakehouse.gold.tables import GoldTable, daily_table, sessions_table

from .conftest import SmallLake, event_id

DAY = date(2026, 1, 10)


def day(number: int) -> date:
    """So many days after DAY."""
    return DAY + timedelta(days=number)


def instant(text: str, on: date = DAY) -> datetime:
    """Such as "23:50" on a day; "24:10" is on the next."""
    hours, minutes = map(int, text.split(":"))
    return datetime(on.year, on.month, on.day, tzinfo=UTC) + timedelta(hours=hours, minutes=minutes)


class GoldShop:
    """Events of a small lake, and what batch jobs make of them."""

    def __init__(self, small_lake: SmallLake) -> None:
        self.small_lake, self.lake = small_lake, small_lake.lake
        self.sessions, self.daily = sessions_table(30), daily_table(("clickstream", "orders"))
        self._number = 0

    def batch(self, *words: str) -> str:
        """What `stafford batch` prints in the shop's home; it finds the Spark session that runs."""
        home = Path(self.lake.uri).parent
        ran = CliRunner().invoke(batch.app, words, env={"STAFFORD_HOME": str(home)}, catch_exceptions=False)
        return ran.stdout

    def spark(self) -> Any:
        """The session that runs."""
        return self.small_lake.spark

    def click(self, visit: str, at: datetime, customer: str | None = None) -> dict[str, Any]:
        """An action of a visit."""
        signed_in = {"customer_id": customer} if customer else {"customer_id": ...}
        return self._event(topic="clickstream", session_id=visit, occurred_at=at, **signed_in)

    def order(self, name: str, at: datetime, cents: int) -> dict[str, Any]:
        """A submission of an order."""
        return self._event(
            topic="orders", order_id=name, occurred_at=at, event_type="order_placed", total_cents=cents
        )

    def arrive(self, *events: Mapping[str, Any]) -> None:
        """Bring events into silver by the real path."""
        for topic in {event["topic"] for event in events}:
            self.small_lake.land(topic, *(self._body(event) for event in events if event["topic"] == topic))
        self.small_lake.refine()

    def put(self, *events: Mapping[str, Any]) -> None:
        """Put events into silver at once, in one commit a topic, as if they had been judged."""
        for topic in {event["topic"] for event in events}:
            uri = self.lake.silver(topic)
            schema = pa.schema(DeltaTable(uri).schema().to_arrow())
            rows = []
            for event in events:
                if event["topic"] == topic:
                    row = json.loads(self._body(event))
                    instants = {f.name for f in schema if pa.types.is_timestamp(f.type)} & row.keys()
                    rows.append(row | {name: datetime.fromisoformat(row[name]) for name in instants})
            known = [{field.name: row.get(field.name) for field in schema} for row in rows]
            write_deltalake(uri, pa.Table.from_pylist(known, schema=schema), mode="append")

    def refresh(self) -> list[Rebuilt]:
        """Bring both tables up to date."""
        return [refresh(self.spark, self.lake, table) for table in (self.sessions, self.daily)]

    def backfill(self, table: GoldTable, *days: date) -> Rebuilt:
        """Make days of a table anew."""
        return backfill(self.spark, self.lake, table, frozenset(days))

    def rows(self, table: str) -> list[dict[str, Any]]:
        """A gold table's rows, in the order of their days, without Spark."""
        rows = DeltaTable(self.lake.gold(table)).to_pyarrow_table().to_pylist()
        return sorted(rows, key=lambda row: (row["event_date"], row.get("started_at"), row.get("visitor_id")))

    def version(self, table: str) -> int:
        """Of a gold table."""
        return DeltaTable(self.lake.gold(table)).version()

    def files(self, table: str) -> dict[date, set[str]]:
        """Data files of each day of a gold table."""
        files = defaultdict(set)
        for uri in DeltaTable(self.lake.gold(table)).file_uris():
            folder, name = uri.split("/")[-2:]
            files[date.fromisoformat(folder.removeprefix("event_date="))].add(name)
        return dict(files)

    def check_daily(self) -> None:
        """The daily numbers are what DuckDB counts in silver."""
        clicks, orders = (
            DeltaTable(self.lake.silver(topic)).to_pyarrow_table(columns=list(columns))
            for topic, columns in (
                ("clickstream", ("event_id", "session_id", "customer_id", "occurred_at")),
                ("orders", ("event_id", "event_type", "order_id", "occurred_at", "total_cents")),
            )
        )
        clicks, orders = _without_zone(clicks), _without_zone(orders)  # DuckDB reads both by their names
        expected = duckdb.sql("""
            WITH events AS (SELECT occurred_at FROM clicks UNION ALL SELECT occurred_at FROM orders),
            placed AS (
                SELECT min_by(total_cents, (occurred_at, event_id)) AS cents, min(occurred_at) AS instant
                FROM orders WHERE event_type = 'order_placed' GROUP BY order_id
            )
            SELECT instant::DATE AS event_date, sum(events)::BIGINT, sum(visits)::BIGINT, sum(orders)::BIGINT,
                sum(cents)::BIGINT
            FROM (
                SELECT occurred_at AS instant, 1 AS events, 0 AS visits, 0 AS orders, 0 AS cents FROM events
                UNION ALL SELECT instant, 0, 0, 1, cents FROM placed
                UNION ALL SELECT * FROM (
                    SELECT occurred_at::DATE, 0, count(DISTINCT session_id), 0, 0 FROM clicks GROUP BY 1
                )
            )
            GROUP BY 1 ORDER BY 1
        """).fetchall()
        names = ("event_date", "events", "visits", "orders", "revenue_cents")
        assert [tuple(row[name] for name in names) for row in self.rows("daily")] == expected

    def check_sessions(self) -> None:
        """The sessions are those that a reader finds who has all of silver before them."""
        rows = DeltaTable(self.lake.silver("clickstream")).to_pyarrow_table().to_pylist()
        found = [
            (row["event_date"], row["visitor_id"], row["started_at"], row["ended_at"], row["events"])
            for row in self.rows("sessions")
        ]
        assert found == sorted(find_sessions(rows), key=lambda row: (row[0], row[2], row[1]))

    def _event(self, **fields: Any) -> dict[str, Any]:
        self._number += 1
        return {"number": self._number, **fields}

    def _body(self, event: Mapping[str, Any]) -> bytes:
        fields = {name: value for name, value in event.items() if name not in {"topic", "number"}}
        fields["occurred_at"] = f"{fields['occurred_at']:%Y-%m-%dT%H:%M:%S}Z"
        body = {
            **example_body(self.small_lake.contracts[event["topic"]]),
            "event_id": event_id(event["number"]),
            **fields,
        }
        return json.dumps({name: value for name, value in body.items() if value is not ...}).encode()


GAP = timedelta(minutes=30)


def find_sessions(clicks: list[dict[str, Any]]) -> list[tuple[date, str, datetime, datetime, int]]:
    """Day, visitor, begin, end and number of actions of each session, by going through them one by one."""
    visits = defaultdict(list)
    for click in sorted(clicks, key=lambda click: (click["occurred_at"], click["event_id"])):
        parts = visits[click["session_id"]]
        if not parts or click["occurred_at"] - parts[-1][-1]["occurred_at"] > GAP:
            parts.append([])
        parts[-1].append(click)
    of_visitor = defaultdict(list)
    for visit, parts in visits.items():
        for part in parts:
            named = Counter(click["customer_id"] for click in part if click["customer_id"])
            most = max(named.values(), default=0)
            visitor = min((name for name, count in named.items() if count == most), default=visit)
            of_visitor[visitor].append((part[0]["occurred_at"], part[-1]["occurred_at"], len(part)))
    sessions = []
    for visitor, parts in of_visitor.items():
        joined: list[list[Any]] = []
        for start, end, count in sorted(parts):
            if joined and start - joined[-1][1] <= GAP:
                joined[-1][1:] = [max(end, joined[-1][1]), joined[-1][2] + count]
            else:
                joined.append([start, end, count])
        sessions += [(start.date(), visitor, start, end, count) for start, end, count in joined]
    return sessions


def _without_zone(table: pa.Table) -> pa.Table:
    place = table.schema.get_field_index("occurred_at")
    return table.set_column(place, "occurred_at", table["occurred_at"].cast(pa.timestamp("us")))
