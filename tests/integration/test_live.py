"""Counting and showing over a real Redis, without Spark: tables written by delta-rs stand in for silver."""

import json
import shutil
import socket
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from typer.testing import CliRunner

from stafford.cli.main import app
from stafford.domain.lake import Lake
from stafford.errors import ConfigError, LiveUnavailable
from stafford.jobs.live import build, find_publisher
from stafford.live import publisher as publisher_module
from stafford.live.board import KEPT_FOR, Board
from stafford.live.numbers import Sales
from stafford.live.publisher import Publisher
from stafford.live.silver import SCHEMAS, Silver
from stafford.live.tally import Tally
from stafford.settings import Settings

pytestmark = pytest.mark.redis

NOON = datetime(2026, 2, 1, 12, tzinfo=UTC)


class Shop:
    """A lake of three small tables, and the home that it belongs to."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.lake = Lake(settings.lake_uri)

    def sell(self, *cents: int, at: datetime = NOON) -> None:
        """Commit one order for each amount, and a click."""
        line = {"product_id": "p-1", "quantity": 1}
        orders = [
            {
                "event_type": "order_placed",
                "order_id": f"o-{uuid4()}",
                "occurred_at": at,
                "total_cents": amount,
                "lines": [{**line, "line_total_cents": amount}],
            }
            for amount in cents
        ]
        self.commit("orders", orders)
        self.commit("clickstream", [{"session_id": "s-1", "occurred_at": at}])
        self.commit("products", [{"product_id": "p-1", "name": "Hat", "occurred_at": at}])

    def commit(self, topic: str, rows: list[dict]) -> None:
        table = pa.Table.from_pylist(rows, schema=SCHEMAS[topic])
        write_deltalake(self.lake.silver(topic), table, mode="append")

    def count(self, told=lambda _: None) -> None:
        """What an ingestion does: begin, and end."""
        with find_publisher(self.settings, told)():
            pass

    def today(self) -> int | None:
        reading = build(self.settings).read()
        return reading and reading.numbers.today.revenue_cents


@pytest.fixture
def shop(tmp_path, redis_server):
    return Shop(Settings(home=tmp_path / "home", redis=redis_server.url))


def silver_of(shop) -> Silver:
    return Silver({topic: shop.lake.silver(topic) for topic in SCHEMAS})


def revenue(silver: Silver, tally: Tally) -> tuple[bool, int]:
    """What is new in silver, folded in: whether it was everything, and the revenue then."""
    news = silver.read()
    tally = Tally() if news.is_everything else tally
    tally.fold(news.rows, datetime.now(UTC))
    return news.is_everything, tally.numbers().today.revenue_cents


def test_numbers_appear_and_follow(shop):
    """Nothing, then what was committed, then what was committed since."""
    assert shop.today() is None
    shop.sell(100, 20)
    shop.count()
    assert shop.today() == 120
    shop.sell(3, at=NOON - timedelta(minutes=5))
    shop.count()
    assert shop.today() == 123


def test_a_running_publisher_follows_by_itself(shop):
    """Between begin and end it counts without being asked."""
    shop.sell(100)
    with find_publisher(shop.settings, lambda _: None)():
        await_revenue(shop, 100)
        shop.sell(11)
        await_revenue(shop, 111)


def await_revenue(shop, cents: int) -> None:
    deadline = time.monotonic() + 30
    while shop.today() != cents:
        assert time.monotonic() < deadline, f"{shop.today()} after 30 s"
        time.sleep(0.05)


def test_each_commit_is_given_once(shop):
    """First everything, then only what is new, and nothing when nothing is."""
    shop.sell(100)
    silver = silver_of(shop)
    first, second = silver.read(), silver.read()
    shop.sell(7, 8)
    third = silver.read()
    assert [news.is_everything for news in (first, second, third)] == [True, False, False]
    assert [news.rows.orders.num_rows for news in (first, second, third)] == [1, 0, 2]


def test_rewriting_files_is_no_news(shop):
    """A compaction changes files and no row, so it counts nothing twice."""
    shop.sell(100)
    shop.sell(20)
    silver, tally = silver_of(shop), Tally()
    tally.fold(silver.read().rows, NOON)
    DeltaTable(shop.lake.silver("orders")).optimize.compact()
    assert revenue(silver, tally) == (False, 120)


@pytest.mark.parametrize("how", ["erased", "made anew", "cleaned up"])
def test_what_cannot_be_followed_is_counted_anew(shop, how):
    """Rows that were erased, a table that was replaced, and commits that are gone lead to a whole count."""
    shop.sell(100)
    shop.sell(20)
    silver, tally = silver_of(shop), Tally()
    tally.fold(silver.read().rows, NOON)
    orders = DeltaTable(shop.lake.silver("orders"))
    if how == "erased":
        orders.delete("total_cents = 20")
        expected = 100
    elif how == "made anew":
        kept = orders.to_pyarrow_table().slice(0, 1)
        expected = kept["total_cents"][0].as_py()
        write_elsewhere_and_swap(shop.lake.silver("orders"), kept)
    else:
        shop.sell(3)
        orders = DeltaTable(shop.lake.silver("orders"))
        orders.optimize.compact()
        orders.vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False)
        expected = 123
    assert revenue(silver, tally) == (True, expected)


def write_elsewhere_and_swap(uri: str, table: pa.Table) -> None:
    shutil.rmtree(uri)
    for part in range(2):
        write_deltalake(uri, table.slice(part, 1), mode="append")


def test_two_shops_do_not_mix(shop, tmp_path, redis_server):
    """Homes of one name in one Redis have places of their own."""
    other = Shop(Settings(home=tmp_path / "elsewhere" / "home", redis=redis_server.url))
    shop.sell(100)
    other.sell(5)
    shop.count()
    other.count()
    assert (shop.today(), other.today()) == (100, 5)
    keys = redis_server.client().keys()
    assert len(keys) == 2
    assert all(key.startswith("stafford:live:home-") for key in keys)


def test_redis_forgets_a_shop_that_nobody_counts(shop, redis_server):
    """The one key has a time limit, and its age is read from it."""
    shop.sell(100)
    shop.count()
    client = redis_server.client()
    (key,) = client.keys()
    assert 0 < client.ttl(key) <= KEPT_FOR.total_seconds()
    client.expire(key, int(KEPT_FOR.total_seconds()) - 3600)
    assert build(shop.settings).read().age_s == pytest.approx(3600, abs=5)


def test_a_redis_that_was_lost_is_filled_again(shop, redis_server):
    """Nothing stops without Redis; one that comes back empty is right to the cent after one round."""
    told = []
    board = Board(redis_server.url, None, "shop")
    publisher = Publisher(silver_of(shop), board, told.append)
    shop.sell(100)
    assert publisher.refresh()
    redis_server.kill()
    shop.sell(20)
    assert not publisher.refresh()
    shop.sell(3)
    assert not publisher.refresh()
    redis_server.start()
    assert board.read() is None
    shop.sell(4000)

    assert publisher.refresh()
    assert publisher.refresh()
    assert board.read().numbers.today == Sales(4, 4123)
    # once for each change, not once for each round
    assert [text.split(":")[0] for text in told] == [
        "no live numbers, the stream goes on",
        "the live numbers are back, and complete",
    ]


def test_a_running_publisher_survives_redis(shop, redis_server, monkeypatch):
    """The thread goes on through an outage and fills the Redis that comes after it."""
    monkeypatch.setattr(publisher_module, "RETRY_AFTER_S", 0.1)
    told = []
    shop.sell(100)
    with find_publisher(shop.settings, told.append)():
        await_revenue(shop, 100)
        redis_server.kill()
        shop.sell(11)
        deadline = time.monotonic() + 30
        while not told:
            assert time.monotonic() < deadline, "nobody noticed"
            time.sleep(0.05)
        redis_server.start()
        await_revenue(shop, 111)
    assert len(told) == 2


def test_silver_that_cannot_be_read_stops_nothing(shop):
    """Damage in a table is told, and the numbers before it stay as they are."""
    shop.sell(100)
    shop.count()
    for path in Path(shop.lake.silver("orders")).rglob("_delta_log/*.json"):
        path.write_text("no json")
    told = []
    shop.count(told.append)
    assert shop.today() == 100
    assert len(told) == 1
    assert "silver cannot be read" in told[0]


def test_a_mistake_of_ours_reaches_nobody(shop, redis_server, monkeypatch):
    """An error that nobody foresaw is told, and what it interrupted is counted once all the same."""
    told = []
    board = Board(redis_server.url, None, "shop")
    publisher = Publisher(silver_of(shop), board, told.append)
    shop.sell(100)
    assert publisher.refresh()
    shop.sell(20)
    with monkeypatch.context() as broken_code:
        # the rows are folded in already when it happens
        broken_code.setattr(Tally, "numbers", lambda _: 1 // 0)
        assert not publisher.refresh()
    shop.sell(3)
    assert publisher.refresh()
    assert board.read().numbers.today == Sales(3, 123)
    assert "ZeroDivisionError" in told[0]


@pytest.mark.parametrize("password", [None, "wrong"])
def test_a_wrong_password_is_said_once_and_stops_nothing(tmp_path, redis_server, password):
    """Ingestion goes on and says why there are no numbers; with the right password there are."""
    redis_server.kill()
    redis_server.start_with_password("right")
    path = tmp_path / "password"
    path.write_text(f"{password}\n")
    file = {"redis_password_file": path}
    shop = Shop(Settings(home=tmp_path / "home", redis=redis_server.url, **(file if password else {})))
    shop.sell(100)
    told = []
    shop.count(told.append)
    assert len(told) == 1
    assert "refuses us" in told[0]
    assert "STAFFORD_REDIS_PASSWORD_FILE" in told[0]
    with pytest.raises(LiveUnavailable, match="refuses us"):
        shop.today()

    path.write_text("right\n")
    shop.settings = Settings(home=tmp_path / "home", redis=redis_server.url, **file)
    shop.count(told.append)
    assert shop.today() == 100
    assert len(told) == 1


def test_a_redis_that_hangs_is_given_up():
    """Somebody who takes the connection and never answers is no Redis for long."""
    with socket.create_server(("127.0.0.1", 0)) as mute:
        board = Board(f"redis://127.0.0.1:{mute.getsockname()[1]}", None, "shop")
        with pytest.raises(LiveUnavailable, match="does not answer"):
            board.read()


def test_something_else_at_the_place_is_named(shop, redis_server):
    """What another version or another program wrote there is no crash, and is replaced by the next round."""
    shop.sell(100)
    key = build(shop.settings).board.key
    for text in ("[]", "{}", '{"written_at": 7}', "no json"):
        redis_server.client().set(key, text)
        with pytest.raises(LiveUnavailable, match="no live numbers of this version"):
            shop.today()
    shop.count()
    assert shop.today() == 100


@pytest.mark.parametrize(
    "url",
    ["redis://:hunter2@127.0.0.1:6379/0", "redis://me:hunter2@127.0.0.1", "redis://h:1/0?password=hunter2"],
)
def test_a_password_in_the_url_is_refused(tmp_path, url):
    """It is refused with the way to do it right, and is not repeated."""
    with pytest.raises(ConfigError, match="STAFFORD_REDIS_PASSWORD_FILE") as refused:
        build(Settings(home=tmp_path, redis=url))
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({}, "STAFFORD_REDIS names none"),
        ({"redis": "http://127.0.0.1"}, "no address of a Redis"),
        ({"redis": "redis://127.0.0.1:port"}, "no address of a Redis"),
        ({"redis": "redis://[::1"}, "is no URL"),
        ({"redis": "redis://127.0.0.1", "redis_password_file": "gone"}, "cannot be read from gone"),
    ],
)
def test_a_wrong_setting_is_one_clear_line(tmp_path, settings, problem):
    """Each says which setting it is, and what to write."""
    with pytest.raises(ConfigError, match=problem):
        build(Settings(home=tmp_path, **settings))


def test_an_empty_password_file_is_refused(tmp_path):
    """An empty password would be no password."""
    (tmp_path / "password").write_text("\n")
    with pytest.raises(ConfigError, match="has no password"):
        build(Settings(home=tmp_path, redis="redis://h", redis_password_file=tmp_path / "password"))


def run(shop, *words: str):
    environment = {"STAFFORD_REDIS": shop.settings.redis, "COLUMNS": "60", "STAFFORD_HOME": ""}
    return CliRunner(env=environment).invoke(app, ["--home", str(shop.settings.home_dir), "live", *words])


def test_the_command_prints_one_object(shop):
    """--json gives the numbers with both times, and null when there are none."""
    assert json.loads(run(shop, "--json").stdout) is None
    shop.sell(100, 20)
    shop.count()
    found = json.loads(run(shop, "--json").stdout)
    assert found["numbers"]["today"] == {"orders": 2, "revenue_cents": 120}
    assert found["numbers"]["shop_time"] == "2026-02-01T12:00:00Z"
    assert found["numbers"]["top_products"] == [
        {"product_id": "p-1", "name": "Hat", "units": 2, "revenue_cents": 120}
    ]
    assert found["age_s"] < 60


def test_the_command_draws_once(shop):
    """--once shows the picture and ends; with Redis away it fails as `try again`."""
    shop.sell(100)
    shop.count()
    shown = run(shop, "--once")
    assert shown.exit_code == 0
    assert "this minute      EUR 1.00 in 1 order" in shown.output
    shop.settings = shop.settings.model_copy(update={"redis": "redis://127.0.0.1:1/0"})
    failed = run(shop, "--once")
    assert isinstance(failed.exception, LiveUnavailable)
    assert failed.exception.exit_code == 75
