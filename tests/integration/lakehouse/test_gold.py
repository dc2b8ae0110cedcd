"""Gold tables: days that are made anew, and no others, whatever comes late and in whatever order."""

import json
from datetime import UTC, date, datetime, timedelta
from random import Random

import pytest
from deltalake import DeltaTable

from stafford.errors import ConfigError
from stafford.lakehouse.gold import rebuild
from stafford.lakehouse.gold.rebuild import refresh
from stafford.lakehouse.gold.snapshot import SilverSnapshot
from stafford.lakehouse.maintenance import compact, list_tables

from .conftest import ARRIVED_AT
from .gold_shop import GoldShop, day, instant

pytestmark = [pytest.mark.spark, pytest.mark.slow]


@pytest.fixture
def shop(small_lake):
    """A shop whose events a test writes by hand."""
    return GoldShop(small_lake)


def test_sessions_end_at_a_gap_and_belong_to_the_day_they_begin(shop):
    """A pause of half an hour is within a session, a longer one ends it; midnight ends none.

    A customer is one visitor in several visits, a stranger is one in each.
    """
    shop.put(
        *(shop.click("s-0001", instant(at)) for at in ("10:00", "10:30", "11:01")),
        *(shop.click("s-0002", instant(at), "c-0001") for at in ("23:50", "24:10")),
        shop.click("s-0003", instant("24:20"), "c-0001"),
        shop.click("s-0004", instant("24:20")),
    )
    said = shop.batch("refresh")
    assert said == "".join(
        f"{table}: 2 days made anew: 2026-01-10 to 2026-01-11\n" for table in ("sessions", "daily")
    )
    found = [(row["event_date"], row["visit_ids"], row["events"]) for row in shop.rows("sessions")]
    assert found == [
        (day(0), ["s-0001"], 2),
        (day(0), ["s-0001"], 1),
        (day(0), ["s-0002", "s-0003"], 3),
        (day(1), ["s-0004"], 1),
    ]
    shop.check_sessions()

    # running again changes nothing; a backfill writes its day, gives the same, and takes no other
    rows, files = (each("sessions") for each in (shop.rows, shop.files))
    versions = [shop.version(table) for table in ("sessions", "daily")]
    assert json.loads(shop.batch("refresh", "--json")) == [
        {"table": "sessions", "days": []},
        {"table": "daily", "days": []},
    ]
    assert [shop.version(table) for table in ("sessions", "daily")] == versions
    said = shop.batch("backfill", "--from", "2026-01-09", "--to", "2026-01-10")
    assert said.startswith("sessions: 2 days made anew: 2026-01-09 to 2026-01-10\n")
    assert shop.rows("sessions") == rows
    assert shop.files("sessions")[day(1)] == files[day(1)]
    assert not shop.files("sessions")[day(0)] & files[day(0)]
    shop.check_daily()

    # another gap is another table: a backfill does not mix them, a refresh makes all days anew
    with pytest.raises(ConfigError, match="gap_minutes 30"):
        shop.batch("backfill", "--from", "2026-01-10", "--to", "2026-01-10", "--gap-minutes", "15")
    with pytest.raises(ConfigError, match="no day from"):
        shop.batch("backfill", "--from", "2026-01-10", "--to", "2026-01-09")
    shop.batch("refresh", "--table", "sessions", "--gap-minutes", "15")
    assert len(shop.rows("sessions")) == 6
    assert shop.batch("refresh") == "sessions: up to date\ndaily: up to date\n"


def test_what_comes_late_changes_its_own_days_alone(shop, monkeypatch):
    """Hours late, days late, and late again: through bronze and silver into the day of event time.

    With them come the first instant that a contract permits and the last, which are days as others; 1970 and
    2036 are in quarantine. Negative control: who rebuilds the day on which events arrive has wrong numbers.
    """
    visits = [
        shop.click(f"s-1{number:03}", instant(at, day(number)))
        for number in range(6)
        for at in ("9:00", "9:10")
    ]
    orders = [shop.order(f"o-1{number:03}", instant("9:20", day(number)), 1000) for number in range(6)]
    evening = shop.click("s-2000", instant("23:55", day(2)))
    odd = [shop.click("s-3000", datetime(year, 1, 1, tzinfo=UTC)) for year in (1970, 2000, 2036)]
    ahead = shop.click("s-3000", ARRIVED_AT + timedelta(hours=23))
    shop.arrive(*visits, *orders, evening, *odd, ahead)
    days = (date(2000, 1, 1), *map(day, range(6)), ahead["occurred_at"].date())
    assert [done.days for done in shop.refresh()] == [days, days]
    assert [row["reason"] for row in shop.small_lake.read(shop.lake.quarantine)] == [
        "out_of_range:occurred_at",
        "too_far_ahead:occurred_at",
    ]
    shop.check_daily()
    shop.check_sessions()
    sessions, daily = shop.files("sessions"), shop.files("daily")

    # a click of five days ago; the first submission, yesterday, of an order of today; and doubles of old
    shop.arrive(
        shop.click("s-1000", instant("9:20", day(0))),
        shop.order("o-1005", instant("23:59", day(4)), 1000),
        visits[3],
        orders[2],
    )
    with monkeypatch.context() as broken_code:
        broken_code.setattr(SilverSnapshot, "days_since", lambda *_: frozenset({day(5)}))
        broken_code.setattr("stafford.lakehouse.gold.rebuild._replace", lambda *_: None)
        refresh(shop.spark, shop.lake, shop.daily)
        with pytest.raises(AssertionError):
            shop.check_daily()
    done = shop.refresh()
    assert [each.days for each in done] == [(day(0),), (day(0), day(4), day(5))]
    assert [each.looked_at for each in done] == [3, 3]  # sessions: with both neighbours; daily: these
    shop.check_daily()
    shop.check_sessions()
    assert {when for when, names in shop.files("sessions").items() if names != sessions[when]} == {day(0)}
    changed = {when for when, names in shop.files("daily").items() if names != daily[when]}
    assert changed == {day(0), day(4), day(5)}

    # hours late, after midnight: it lengthens the session of the evening, and is an event of its own day
    compact(list_tables(shop.lake, shop.small_lake.contracts), lambda _: None)
    shop.put(shop.click("s-2000", instant("0:05", day(3))))
    assert [done.days for done in shop.refresh()] == [(day(2),), (day(3),)]
    shop.check_daily()
    shop.check_sessions()


def test_sessions_do_not_depend_on_the_order_of_arrival(shop):
    """Portions in any order give what all at once would: also for who never pauses, and for changed names."""
    dice = Random(5)  # noqa: S311  # no secret
    clicks = [
        shop.click(
            f"s-3{dice.randrange(12):03}",
            instant("0:00") + timedelta(minutes=dice.randrange(5 * 1440)),
            dice.choice((None, "c-0001", "c-0002")),
        )
        for _ in range(300)
    ]
    # a machine that acts without a pause for two and a half days
    clicks += [
        shop.click("s-4000", instant("7:00") + timedelta(minutes=25 * step)) for step in range(60 * 60 // 25)
    ]
    dice.shuffle(clicks)
    for portion in (clicks[:300], clicks[300:330], clicks[330:]):
        shop.put(*portion)
        refresh(shop.spark, shop.lake, shop.sessions)
        shop.check_sessions()
    lengths = [row["ended_at"] - row["started_at"] for row in shop.rows("sessions")]
    assert max(lengths) > timedelta(days=2)
    # a single day of it is the same, and the control: a row less is noticed
    shop.backfill(shop.sessions, day(1))
    shop.check_sessions()
    DeltaTable(shop.lake.gold("sessions")).delete(f"event_date = '{day(1)}'")
    with pytest.raises(AssertionError):
        shop.check_sessions()


def test_what_comes_while_a_job_runs_is_taken_by_the_next(shop, monkeypatch):
    """Beside a running ingestion a job works on one version of silver, and notes which.

    Negative control: one that notes the version of the moment it writes never sees what came in between.
    """
    replace = rebuild._replace  # between reading and writing nothing else can be hooked

    def beside(*late, notes_newest=False):
        def replace_later(lake, table, rows, days, seen):
            shop.put(*late)
            newest = SilverSnapshot.pin(shop.spark, lake, table.topics).versions
            replace(lake, table, rows, days, newest if notes_newest else seen)

        with monkeypatch.context() as ingestion:
            ingestion.setattr(rebuild, "_replace", replace_later)
            return refresh(shop.spark, shop.lake, shop.sessions)

    shop.put(shop.click("s-0001", instant("9:00")))
    done = beside(shop.click("s-0001", instant("9:10")), shop.click("s-0002", instant("9:00", day(1))))
    assert done.days == (day(0),)
    assert [row["events"] for row in shop.rows("sessions")] == [1]
    assert refresh(shop.spark, shop.lake, shop.sessions).days == (day(0), day(1))
    shop.check_sessions()

    shop.put(shop.click("s-0003", instant("9:00")))
    beside(shop.click("s-0003", instant("9:10")), notes_newest=True)
    assert refresh(shop.spark, shop.lake, shop.sessions).days == ()
    with pytest.raises(AssertionError):
        shop.check_sessions()


def test_what_silver_no_longer_knows_is_made_anew(shop):
    """Without the commits since the last run all days are looked at, and those that are right stay."""
    shop.put(shop.click("s-0001", instant("9:00")), shop.click("s-0002", instant("9:00", day(1))))
    refresh(shop.spark, shop.lake, shop.sessions)
    files = shop.files("sessions")
    shop.put(shop.click("s-0003", instant("9:00", day(1))))
    silver = SilverSnapshot.pin(shop.spark, shop.lake, ("clickstream",))
    assert silver.days_since({"clickstream": ("another table", 0)}) is None
    assert silver.days_since({}) is None
    DeltaTable(shop.lake.silver("clickstream")).alter.set_table_properties(
        {"delta.logRetentionDuration": "interval 0 seconds"}
    )
    table = DeltaTable(shop.lake.silver("clickstream"))
    table.create_checkpoint()
    table.cleanup_metadata()
    done = refresh(shop.spark, shop.lake, shop.sessions)
    assert (done.days, done.looked_at) == ((day(1),), None)
    assert shop.files("sessions")[day(0)] == files[day(0)]
    shop.check_sessions()
