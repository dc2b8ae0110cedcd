"""Gold tables: days that are made anew, and no others, whatever comes late and whenever a job dies."""

from datetime import UTC, date, datetime, timedelta

import pytest
from deltalake import DeltaTable

from stafford.lakehouse.gold.days import days_between
from stafford.lakehouse.gold.rebuild import backfill, refresh
from stafford.lakehouse.gold.tables import daily_table, sessions_table

pytestmark = [pytest.mark.spark, pytest.mark.slow]

DAY = date(2026, 1, 10)
SESSIONS = sessions_table(30)


class Shop:
    """Visits in a small lake, in silver by the real path."""

    def __init__(self, small_lake):
        self.small_lake, self.lake, self.spark = small_lake, small_lake.lake, small_lake.spark
        self.daily = daily_table(tuple(small_lake.contracts))
        self._clicks = []
        self._number = 0

    def click(self, visit, when, *, day=DAY, customer=None, event_type="page_viewed"):
        """One action: when is such as "23:50", or later than 24 h; kept until silver is made."""
        hours, minutes = map(int, when.split(":"))
        at = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(hours=hours, minutes=minutes)
        self._number += 1
        signed_in = {"customer_id": customer} if customer else {"customer_id": ...}
        self._clicks.append(
            self.small_lake.body(
                "clickstream", self._number, session_id=visit, occurred_at=f"{at:%Y-%m-%dT%H:%M:%S}Z",
                event_type=event_type, **signed_in,
            )
        )  # fmt: skip
        return self._clicks[-1]

    def arrive(self, *more):
        """Everything that was done so far is in silver."""
        self.small_lake.land("clickstream", *self._clicks, *more)
        self.small_lake.refine()
        self._clicks = []

    def rows(self, table):
        """A gold table's rows, in the order of their days."""
        rows = DeltaTable(self.lake.gold(table)).to_pyarrow_table().to_pylist()
        return sorted(rows, key=lambda row: (row["event_date"], str(row.get("started_at"))))

    def sessions(self):
        """Day, visits, and number of events of each session."""
        return [(row["event_date"], row["visit_ids"], row["events"]) for row in self.rows("sessions")]

    def files(self, table):
        """Data files of each day."""
        files = {}
        for uri in DeltaTable(self.lake.gold(table)).file_uris():
            folder, name = uri.split("/")[-2:]
            files.setdefault(date.fromisoformat(folder.removeprefix("event_date=")), set()).add(name)
        return files


@pytest.fixture
def shop(small_lake):
    """A shop whose visits a test writes by hand."""
    return Shop(small_lake)


def test_sessions_end_at_a_gap_and_belong_to_the_day_they_begin(shop):
    """A gap of half an hour is within a session, a longer one ends it; midnight ends none.

    A customer is one visitor in several visits, a stranger is one in each.
    """
    shop.click("s-0001", "10:00")
    shop.click("s-0001", "10:30")
    shop.click("s-0001", "11:01")
    shop.click("s-0002", "23:50", customer="c-0001")
    shop.click("s-0002", "24:10", customer="c-0001")
    shop.click("s-0003", "24:20", customer="c-0001")
    shop.click("s-0004", "24:20")
    shop.arrive()
    assert refresh(shop.spark, shop.lake, SESSIONS).days == (DAY, DAY + timedelta(days=1))
    assert shop.sessions() == [
        (DAY, ["s-0001"], 2),
        (DAY, ["s-0001"], 1),
        (DAY, ["s-0002", "s-0003"], 3),
        (DAY + timedelta(days=1), ["s-0004"], 1),
    ]
    before = DeltaTable(shop.lake.gold("sessions")).version()
    rows = shop.rows("sessions")
    # nothing new: no commit
    assert refresh(shop.spark, shop.lake, SESSIONS).days == ()
    assert DeltaTable(shop.lake.gold("sessions")).version() == before
    # a backfill writes, and gives the same
    backfill(shop.spark, shop.lake, SESSIONS, days_between(DAY, DAY))
    assert DeltaTable(shop.lake.gold("sessions")).version() == before + 1
    assert shop.rows("sessions") == rows
