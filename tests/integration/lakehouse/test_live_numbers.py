"""The live numbers are silver's: after messy events, after replayed batches, after a Redis that was lost."""

from datetime import UTC, datetime, timedelta

import duckdb
import pytest
from deltalake import DeltaTable

from stafford.domain.window import from_micros
from stafford.jobs import simulate
from stafford.lakehouse.bronze import Lander
from stafford.lakehouse.silver import stream
from stafford.live.board import Board
from stafford.live.numbers import TOP_MINUTES, TOP_PRODUCTS, TREND_MINUTES
from stafford.live.publisher import Publisher
from stafford.live.silver import SCHEMAS, Silver
from stafford.settings import Settings
from stafford.transport import read_segments

pytestmark = [pytest.mark.spark, pytest.mark.redis, pytest.mark.slow]

OPENS_AT = datetime(2026, 1, 30, tzinfo=UTC)

# Written apart from the code that it judges, over whole tables.
FACTS = f"""
WITH placed AS (
    SELECT epoch_us(occurred_at) AS micros, micros // 60000000 AS minute, micros // 86400000000 AS day,
        total_cents, lines
    FROM (
        SELECT DISTINCT ON (order_id) * FROM orders WHERE event_type = 'order_placed'
        ORDER BY order_id, occurred_at
    )
),
clock AS (
    SELECT max(epoch_us(occurred_at)) AS now, now // 60000000 AS minute, now // 86400000000 AS day
    FROM (SELECT occurred_at FROM orders UNION ALL SELECT occurred_at FROM clickstream)
),
last_seen AS (SELECT session_id, max(epoch_us(occurred_at)) AS micros FROM clickstream GROUP BY ALL),
sold AS (
    SELECT unnest(lines) AS line FROM placed, clock WHERE placed.minute > clock.minute - {TOP_MINUTES}
),
ranked AS (
    SELECT line.product_id AS product, sum(line.quantity)::INT AS units,
        sum(line.line_total_cents)::INT AS cents
    FROM sold GROUP BY ALL ORDER BY cents DESC, product LIMIT {TOP_PRODUCTS}
)
SELECT
    now,
    (SELECT count(*) FROM placed WHERE placed.day = clock.day),
    (SELECT coalesce(sum(total_cents), 0)::INT FROM placed WHERE placed.day = clock.day),
    (SELECT coalesce(sum(total_cents), 0)::INT FROM placed WHERE placed.minute = clock.minute),
    (SELECT coalesce(sum(total_cents), 0)::INT FROM placed
     WHERE placed.minute > clock.minute - {TREND_MINUTES}),
    (SELECT count(*) FROM last_seen WHERE micros >= now - 1800000000),
    (SELECT list((product, units, cents) ORDER BY cents DESC, product) FROM ranked)
FROM clock
"""


def ask_silver(lake):
    """The facts by SQL."""
    with duckdb.connect() as connection:
        for topic in ("orders", "clickstream"):
            connection.register(topic, DeltaTable(lake.silver(topic)).to_pyarrow_table())
        now, *facts, products = connection.execute(FACTS).fetchone()
    return (from_micros(now), *facts, products)


def ask_redis(board):
    numbers = board.read().numbers
    return (
        numbers.shop_time,
        numbers.today.orders,
        numbers.today.revenue_cents,
        numbers.minute.revenue_cents,
        sum(numbers.revenue_by_minute_cents),
        numbers.active_sessions,
        [(product.product_id, product.units, product.revenue_cents) for product in numbers.top_products],
    )


@pytest.fixture
def board(redis_server):
    board = Board(redis_server.url, None, "shop")
    yield board
    board.close()


def open_publisher(small_lake, board) -> Publisher:
    return Publisher(Silver({topic: small_lake.lake.silver(topic) for topic in SCHEMAS}), board)


def test_the_numbers_are_those_of_silver(small_lake, board, redis_server, tmp_path):
    """Two messy days of a shop, read as they are committed or all at once, are what SQL over silver says."""
    settings = Settings(home=tmp_path / "home")
    with simulate.build(settings, events_per_day=12_000.0, opens_at=OPENS_AT, transport="files") as shop:
        shop.backfill(OPENS_AT + timedelta(hours=42))
    publisher = open_publisher(small_lake, board)
    # a look at the empty tables: what comes now is read from their commits
    assert publisher.refresh()
    assert board.read().numbers.shop_time is None
    Lander(small_lake.lake).land(part for _, part in read_segments(settings.spool_dir))
    small_lake.refine()
    assert publisher.refresh()
    assert ask_redis(board) == ask_silver(small_lake.lake)

    # the run was as messy as it says, and the numbers are not zeros
    fates = {row["fate"] for row in small_lake.read(small_lake.lake.arrivals)}
    assert fates == {"silver", "quarantine", "duplicate"}
    numbers = board.read().numbers
    assert numbers.today.orders > 10
    assert numbers.active_sessions > 10
    assert numbers.top_products
    assert all(product.name for product in numbers.top_products)
    # who starts now and reads everything at once says the same
    again = Board(redis_server.url, None, "again")
    assert open_publisher(small_lake, again).refresh()
    assert ask_redis(again) == ask_redis(board)
    again.close()


def test_a_replayed_batch_changes_nothing(small_lake, board, redis_server, monkeypatch):
    """The process dies after silver's commit and before the checkpoint; the batch comes again, counts once.

    The first round stands for a start after a crash between silver and Redis, and also for the write before
    a crash between Redis and the checkpoint.

    Negative control: a sink that adds to Redis what each batch has counts the replay too.
    """
    client, decide = redis_server.client(), stream.decide_fates

    def decide_and_add(stands, memory):
        decided = decide(stands, memory)
        client.incrby("naive", decided["fate"].to_pylist().count("silver"))
        return decided

    monkeypatch.setattr(stream, "decide_fates", decide_and_add)
    small_lake.land("orders", *(small_lake.body("orders", n, order_id=f"o-{n:04d}") for n in (1, 2, 2, 3)))
    # silver has its rows, and the batch will be judged again
    small_lake.refine_but_for_arrivals(monkeypatch)
    publisher = open_publisher(small_lake, board)
    assert publisher.refresh()
    before = ask_redis(board)
    assert before == ask_silver(small_lake.lake)
    assert board.read().numbers.today.orders == int(client.get("naive")) == 3

    small_lake.refine()
    assert publisher.refresh()
    assert ask_redis(board) == before == ask_silver(small_lake.lake)
    # the control: what was right after the first try is doubled by the second
    assert int(client.get("naive")) == 6
