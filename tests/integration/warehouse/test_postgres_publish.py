"""Publishing into PostgreSQL: what arrives, what is left alone, and what is refused."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from tests.integration.warehouse.conftest import arrow_type
from tests.postgres import Database

from stafford.contracts import Contract, Field, load_contracts
from stafford.errors import ContractViolation, HomeInUse, StorageError
from stafford.settings import Settings
from stafford.warehouse.postgres import publish
from stafford.warehouse.postgres_server import PostgresServer
from stafford.warehouse.silver import Snapshot

pytestmark = pytest.mark.postgres

Contracts = Mapping[str, Contract]
Write = Callable[..., None]

NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)
MAX_INT64 = 2**63 - 1
TEXTS = (
    "",
    " ",
    "plain",
    "\\N",
    "\\.",
    "\n\\.\n",
    "a\\.\nb",
    "tab\there",
    "line\nfeed",
    "return\r\n",
    "back\\slash\\",
    "quote\"s and 's, and, commas",
    "Grüße, 漢字",
    "\U0001f6d2\U0001f469\u200d\U0001f4bb",
    "\u200b\ufeff\x01\x7f",
    "{}",
    "NULL",
)

HOLD_LOCK = """
import sys
from pathlib import Path
from stafford.warehouse.postgres_server import PostgresServer

server = PostgresServer.parse(sys.argv[1], Path(sys.argv[2]))
with server.session() as connection:
    server.hold(connection, 5)
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(scope="module")
def contracts() -> Contracts:
    """The project's own contracts of two topics."""
    everything = load_contracts(Settings().contracts_dir)
    return {topic: everything[topic] for topic in ("orders", "products")}


@pytest.fixture
def silver(tmp_path: Path, contracts: Contracts) -> dict[str, str]:
    """Where the silver tables are; there is no table yet."""
    return {topic: str(tmp_path / "silver" / topic) for topic in contracts}


@pytest.fixture
def server(database: Database) -> PostgresServer:
    """The test's database, as publish gets it."""
    return PostgresServer.parse(database.dsn, database.password_file)


@pytest.fixture
def write(silver: dict[str, str], contracts: Contracts) -> Write:
    """A function that adds events to a silver table, in one commit."""

    def write_events(topic: str, *events: dict[str, Any], mode: str = "append") -> None:
        fields = contracts[topic].fields
        schema = pa.schema(
            [(f.name, arrow_type(f)) for f in fields] + [("_ingested_at", pa.timestamp("us", tz="UTC"))]
        )
        rows = [
            {f.name: f.example if f.type in {"string", "integer", "boolean"} else None for f in fields}
            | {"occurred_at": NOON, "_ingested_at": NOON}
            | event
            for event in events
        ]
        write_deltalake(silver[topic], pa.Table.from_pylist(rows, schema=schema), mode=mode)

    return write_events


def line(**values: Any) -> dict[str, Any]:
    """A line of an order with every field."""
    return {
        "line_number": 1,
        "product_id": "p-1",
        "quantity": 2,
        "unit_price_cents": 4999,
        "discount_cents": 0,
        "line_total_cents": 9998,
    } | values


def places(database: Database, topic: str) -> dict[str, tuple[str, str]]:
    """Where each row stands and which transaction wrote it: a row that is written again has another."""
    found = database.query(f'SELECT event_id, xmin::text, ctid::text FROM raw."{topic}"')
    return {event_id: (writer, place) for event_id, writer, place in found}


def test_every_text_arrives_as_it_was(
    silver: dict[str, str],
    write: Write,
    server: PostgresServer,
    database: Database,
    contracts: Contracts,
) -> None:
    """What COPY's format gives a meaning to, and what no single byte holds, comes back unchanged."""
    write("products", *({"event_id": f"e-{n:02}", "name": text} for n, text in enumerate(TEXTS)))
    published = publish(silver, server, contracts)
    assert published.rows == {"orders": 0, "products": len(TEXTS)}
    assert published.notes == ()
    assert tuple(n for (n,) in database.query("SELECT name FROM raw.products ORDER BY event_id")) == TEXTS


def test_every_type_arrives(
    silver: dict[str, str],
    write: Write,
    server: PostgresServer,
    database: Database,
    contracts: Contracts,
) -> None:
    """Whole numbers keep all their digits, instants are UTC without a zone, and lines are jsonb."""
    lines = [line(product_id='p-"\\\n\U0001f6d2', unit_price_cents=MAX_INT64), line(line_number=2)]
    late = datetime(2026, 1, 15, 23, 30, 0, 125, tzinfo=UTC)
    write(
        "orders",
        {"event_id": "e-1", "total_cents": MAX_INT64, "occurred_at": late, "lines": lines},
        {"event_id": "e-2", "total_cents": -MAX_INT64 - 1, "lines": [], "customer_id": None},
        {"event_id": "e-3", "lines": None, "occurred_at": datetime(1, 1, 1, tzinfo=UTC)},
        {"event_id": "e-4", "occurred_at": datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)},
    )
    publish(silver, server, contracts)
    first, second, third, fourth = database.query(
        "SELECT total_cents, occurred_at, lines, customer_id FROM raw.orders ORDER BY event_id"
    )
    assert first[:3] == (MAX_INT64, late.replace(tzinfo=None), lines)
    assert (second[0], second[2], second[3]) == (-MAX_INT64 - 1, [], None)
    assert third[1:3] == (datetime(1, 1, 1), None)  # noqa: DTZ001  # what the warehouse gives
    assert fourth[1].year == 9999
    types = dict(
        database.query(
            "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = 'orders'"
        )
    )
    assert [types[name] for name in ("event_id", "total_cents", "occurred_at", "lines")] == [
        "text",
        "bigint",
        "timestamp without time zone",
        "jsonb",
    ]


def test_a_nul_is_replaced_and_counted(
    silver: dict[str, str],
    write: Write,
    server: PostgresServer,
    database: Database,
    contracts: Contracts,
) -> None:
    """PostgreSQL cannot hold a NUL: U+FFFD stands in its place, here and inside lines, and a note says so."""
    write("products", {"event_id": "e-1", "name": "a\0b"}, {"event_id": "e-2", "name": "clean"})
    write("orders", {"event_id": "e-3", "lines": [line(product_id="p\0"), line(product_id="\\u0000")]})
    published = publish(silver, server, contracts)
    assert database.query("SELECT name FROM raw.products ORDER BY 1") == [("a\ufffdb",), ("clean",)]
    [(lines,)] = database.query("SELECT lines FROM raw.orders")
    assert [item["product_id"] for item in lines] == ["p\ufffd", "\\u0000"]
    assert [note.split(",")[0] for note in published.notes] == [
        "orders: 1 values had a NUL character",
        "products: 1 values had a NUL character",
    ]


def test_repeating_changes_nothing(
    silver: dict[str, str],
    write: Write,
    server: PostgresServer,
    database: Database,
    contracts: Contracts,
) -> None:
    """Publishing the same versions again writes no row."""
    write("orders", {"event_id": "e-1"}, {"event_id": "e-2"})
    first = publish(silver, server, contracts)
    before = places(database, "orders")
    again = publish(silver, server, contracts)
    assert first.changed == ("orders", "products")
    assert again.changed == ()
    assert (again.rows, again.versions) == (first.rows, first.versions)
    assert places(database, "orders") == before


def test_only_new_rows_are_written(
    silver: dict[str, str],
    write: Write,
    server: PostgresServer,
    database: Database,
    contracts: Contracts,
) -> None:
    """After an append the rows from before are not even read: their files may be gone."""
    write("orders", {"event_id": "e-1"}, {"event_id": "e-2"})
    publish(silver, server, contracts)
    before = places(database, "orders")
    old_files = DeltaTable(silver["orders"]).file_uris()
    write("orders", {"event_id": "e-3", "lines": [line()]}, {"event_id": "e-4"})
    for file in old_files:
        Path(file).unlink()
    assert publish(silver, server, contracts).changed == ("orders",)
    after = places(database, "orders")
    assert set(after) == {"e-1", "e-2", "e-3", "e-4"}
    assert {event_id: after[event_id] for event_id in before} == before
    assert database.query("SELECT lines FROM raw.orders WHERE event_id = 'e-3'") == [([line()],)]


def test_what_silver_lost_or_changed_does_not_survive(
    silver: dict[str, str],
    write: Write,
    server: PostgresServer,
    database: Database,
    contracts: Contracts,
) -> None:
    """After a rewrite of silver `raw` has its rows and no other; rows that are equal stay where they are."""
    write("orders", {"event_id": "e-1"}, {"event_id": "e-2"}, {"event_id": "e-3"})
    publish(silver, server, contracts)
    before = places(database, "orders")
    write("orders", {"event_id": "e-2", "total_cents": 7}, {"event_id": "e-3"}, mode="overwrite")
    write("orders", {"event_id": "e-4"})
    publish(silver, server, contracts)
    after = places(database, "orders")
    assert set(after) == {"e-2", "e-3", "e-4"}
    assert after["e-3"] == before["e-3"]
    assert database.query("SELECT total_cents FROM raw.orders WHERE event_id = 'e-2'") == [(7,)]


def test_a_deleted_row_does_not_survive(
    silver: dict[str, str],
    write: Write,
    server: PostgresServer,
    database: Database,
    contracts: Contracts,
) -> None:
    """A delete in silver and an append after it are seen both."""
    write("orders", {"event_id": "e-1"}, {"event_id": "e-2"})
    publish(silver, server, contracts)
    DeltaTable(silver["orders"]).delete("event_id = 'e-1'")
    write("orders", {"event_id": "e-3"})
    publish(silver, server, contracts)
    assert set(places(database, "orders")) == {"e-2", "e-3"}


def test_compacted_silver_writes_no_row(
    silver: dict[str, str],
    write: Write,
    server: PostgresServer,
    database: Database,
    contracts: Contracts,
) -> None:
    """Other files with the same rows are not read again, and nothing is written."""
    for number in range(3):
        write("orders", {"event_id": f"e-{number}"})
    publish(silver, server, contracts)
    before = places(database, "orders")
    DeltaTable(silver["orders"]).optimize.compact()
    assert publish(silver, server, contracts).changed == ("orders",)
    assert places(database, "orders") == before


def spoil(files: set[str]) -> None:
    for file in files:
        Path(file).write_bytes(b"spoilt")


def test_only_new_files_are_read_whatever_became_of_the_log(
    silver: dict[str, str],
    write: Write,
    server: PostgresServer,
    database: Database,
    contracts: Contracts,
) -> None:
    """Joined files are new ones, with rows that are there already. Control: one that is needed is spoilt."""
    uri = silver["orders"]
    write("orders", *({"event_id": f"large-{number}"} for number in range(9000)))
    seen = set(DeltaTable(uri).file_uris())
    for number in range(2):
        write("orders", {"event_id": f"e-{number}"})
    publish(silver, server, contracts)
    before = places(database, "orders")
    write("orders", {"event_id": "e-2"})
    table = DeltaTable(uri)
    assert table.optimize.compact(target_size=32_000)["numFilesRemoved"] == 3
    table.create_checkpoint()
    for commit in (Path(uri) / "_delta_log").glob("*.json"):
        if int(commit.stem) < table.version():
            commit.unlink()
    spoil(seen)
    publish(silver, server, contracts)
    after = places(database, "orders")
    assert after.keys() - before.keys() == {"e-2"}
    assert {event_id: after[event_id] for event_id in before} == before

    write("orders", {"event_id": "e-3"})
    spoil(set(DeltaTable(uri).file_uris()) - set(table.file_uris()))
    with pytest.raises(StorageError, match="nothing was published"):
        publish(silver, server, contracts)
    assert places(database, "orders") == after


@pytest.mark.parametrize("made_before", ["by another release", "from files that do not tell the whole"])
def test_files_that_nobody_noted_are_read_once(
    silver: dict[str, str],
    write: Write,
    server: PostgresServer,
    database: Database,
    contracts: Contracts,
    made_before: str,
) -> None:
    """A warehouse without the column gets it, and then only new files are read."""
    write("orders", {"event_id": "e-1"})
    publish(silver, server, contracts)
    if made_before == "by another release":
        database.run("ALTER TABLE raw._publications DROP COLUMN files")
    else:
        database.run("UPDATE raw._publications SET files = NULL")
    for number in (2, 3):
        old = set(DeltaTable(silver["orders"]).file_uris())
        write("orders", {"event_id": f"e-{number}"})
        if number == 3:
            spoil(old)
        publish(silver, server, contracts)
    assert set(places(database, "orders")) == {"e-1", "e-2", "e-3"}


def test_files_that_do_not_tell_the_whole_are_not_read_alone(
    silver: dict[str, str],
    write: Write,
    server: PostgresServer,
    database: Database,
    contracts: Contracts,
) -> None:
    """A table that may mask rows or rename columns is read by Delta's own reader, old rows included."""
    write("orders", {"event_id": "e-1"})
    publish(silver, server, contracts)
    write("orders", {"event_id": "e-2"})
    assert Snapshot.open("orders", silver["orders"]).files is not None
    commit = Path(silver["orders"]) / "_delta_log" / f"{2:020}.json"
    commit.write_text('{"protocol":{"minReaderVersion":2,"minWriterVersion":5}}\n', encoding="utf-8")
    assert Snapshot.open("orders", silver["orders"]).files is None
    publish(silver, server, contracts)
    assert set(places(database, "orders")) == {"e-1", "e-2"}


def test_a_column_that_came_later_is_read_with_the_old_rows(
    silver: dict[str, str],
    write: Write,
    server: PostgresServer,
    database: Database,
    contracts: Contracts,
) -> None:
    """Files that lack it, and one that has it, in one publish."""
    colour = Field(name="colour", type="string", required=False, description="Colour.")
    wider = replace(contracts["products"], fields=(*contracts["products"].fields, colour))
    contracts = {**contracts, "products": wider}
    uri = silver["products"]
    write("products", {"event_id": "e-1"})
    publish(silver, server, contracts)
    old = set(DeltaTable(uri).file_uris())
    write("products", {"event_id": "e-2"})
    late = pa.table({"event_id": ["e-3"], "colour": ["red"]})
    write_deltalake(uri, late, mode="append", schema_mode="merge")
    spoil(old)
    publish(silver, server, contracts)
    found = database.query("SELECT event_id, colour FROM raw.products ORDER BY event_id")
    assert found == [("e-1", None), ("e-2", None), ("e-3", "red")]


def test_table_made_anew_is_published(
    silver: dict[str, str],
    write: Write,
    server: PostgresServer,
    database: Database,
    contracts: Contracts,
) -> None:
    """A silver table that was deleted and made again is published, though its version is the same."""
    write("orders", {"event_id": "e-old"})
    publish(silver, server, contracts)
    shutil.rmtree(silver["orders"])
    write("orders", {"event_id": "e-new"})
    publish(silver, server, contracts)
    assert set(places(database, "orders")) == {"e-new"}


def test_a_row_that_was_taken_out_comes_back(
    silver: dict[str, str],
    write: Write,
    server: PostgresServer,
    database: Database,
    contracts: Contracts,
) -> None:
    """A row that somebody deleted from raw by hand is there again after the next new event."""
    write("orders", {"event_id": "e-1"}, {"event_id": "e-2"})
    publish(silver, server, contracts)
    database.run("DELETE FROM raw.orders WHERE event_id = 'e-1'")
    write("orders", {"event_id": "e-3"})
    publish(silver, server, contracts)
    assert set(places(database, "orders")) == {"e-1", "e-2", "e-3"}


def test_a_dropped_table_comes_back(
    silver: dict[str, str],
    write: Write,
    server: PostgresServer,
    database: Database,
    contracts: Contracts,
) -> None:
    """A table of raw that somebody dropped is made again, though its version was published."""
    write("orders", {"event_id": "e-1"})
    publish(silver, server, contracts)
    database.run("DROP TABLE raw.orders")
    assert publish(silver, server, contracts).changed == ("orders",)
    assert set(places(database, "orders")) == {"e-1"}


def test_other_columns_make_the_table_anew(
    silver: dict[str, str],
    write: Write,
    server: PostgresServer,
    database: Database,
    contracts: Contracts,
) -> None:
    """A contract that gains a field gets a new table, and a note names the views that fell with the old."""
    write("products", {"event_id": "e-1"})
    publish(silver, server, contracts)
    database.run("CREATE VIEW public.mine AS SELECT event_id FROM raw.products")
    colour = Field(name="colour", type="string", required=False, description="Colour.")
    wider = replace(contracts["products"], fields=(*contracts["products"].fields, colour))
    published = publish(silver, server, {**contracts, "products": wider})
    assert published.changed == ("products",)
    assert "view mine" in published.notes[0]
    assert database.query("SELECT event_id, colour FROM raw.products") == [("e-1", None)]


@pytest.mark.parametrize("first", [True, False], ids=["at-once", "later"])
def test_a_doubled_event_is_refused(
    silver: dict[str, str],
    write: Write,
    server: PostgresServer,
    database: Database,
    contracts: Contracts,
    first: bool,
) -> None:
    """Two rows of silver with one event_id are not merged into one in silence; what was there stays."""
    write("orders", {"event_id": "e-1", "total_cents": 1})
    publish(silver, server, contracts)
    twice = [{"event_id": "e-2"}, {"event_id": "e-2"}] if first else [{"event_id": "e-1", "total_cents": 2}]
    write("orders", *twice)
    write("products", {"event_id": "e-3"})
    with pytest.raises(ContractViolation, match="stafford reconcile --no-marts"):
        publish(silver, server, contracts)
    assert database.query("SELECT event_id, total_cents FROM raw.orders") == [("e-1", 1)]
    assert places(database, "products") == {}


def test_a_row_without_an_id_is_refused(
    silver: dict[str, str], write: Write, server: PostgresServer, contracts: Contracts
) -> None:
    """A row that no event stands for is refused, without a word of what is in it."""
    write("orders", {"event_id": None, "customer_id": "c-secret"})
    with pytest.raises(ContractViolation, match="event_id") as caught:
        publish(silver, server, contracts)
    assert "c-secret" not in str(caught.value)


def test_lost_data_file_leaves_the_old(
    silver: dict[str, str],
    write: Write,
    server: PostgresServer,
    database: Database,
    contracts: Contracts,
) -> None:
    """When a table cannot be read to its end, every table keeps what was published before."""
    write("orders", {"event_id": "e-1"})
    publish(silver, server, contracts)
    write("orders", {"event_id": "e-3"})
    write("products", {"event_id": "e-4"})
    for data_file in Path(silver["products"]).glob("*.parquet"):
        data_file.unlink()
    with pytest.raises(StorageError, match=r"silver table products at .* nothing was published"):
        publish(silver, server, contracts)
    assert set(places(database, "orders")) == {"e-1"}
    assert places(database, "products") == {}


def test_two_publishes_do_not_meet(
    silver: dict[str, str],
    write: Write,
    server: PostgresServer,
    database: Database,
    contracts: Contracts,
) -> None:
    """While another process publishes, one is refused after its wait; once that one is gone, it works."""
    write("orders", {"event_id": "e-1"})
    command = [sys.executable, "-c", HOLD_LOCK, database.dsn, str(database.password_file)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline().strip() == b"held"
        with pytest.raises(HomeInUse, match="another publish or build"):
            publish(silver, server, contracts, wait_s=0.2)
        holder.kill()
        # and a killed holder leaves no lock behind
        assert publish(silver, server, contracts, wait_s=30).changed == ("orders", "products")


def test_readers_are_not_kept_waiting(
    silver: dict[str, str],
    write: Write,
    server: PostgresServer,
    database: Database,
    contracts: Contracts,
) -> None:
    """A reader in the middle of a transaction neither stops a publish nor sees half of it."""
    write("orders", {"event_id": "e-1"})
    publish(silver, server, contracts)
    write("orders", {"event_id": "e-2"}, mode="overwrite")
    with database.connect() as reader, reader.transaction():
        reader.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        before = reader.execute("SELECT event_id FROM raw.orders").fetchall()
        publish(silver, server, contracts, wait_s=1)
        assert reader.execute("SELECT event_id FROM raw.orders").fetchall() == before == [("e-1",)]
    assert set(places(database, "orders")) == {"e-2"}
