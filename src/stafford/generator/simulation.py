"""The shop's life, stretch by stretch: what begins in each, and all that follows from it."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from stafford.domain.flash_sale import FlashSale
from stafford.generator.arrivals import ArrivalProcess, Arrivals
from stafford.generator.baskets import Baskets, Warehouse
from stafford.generator.calendar import DAY, MINUTE, SECOND, WEEK, ZONES
from stafford.generator.campaigns import WIN_BACK, Campaigns, Running
from stafford.generator.catalogue import Catalogue, Shelf
from stafford.generator.clocks import Clocks
from stafford.generator.customers import Customers, Purchases
from stafford.generator.draft import Draft
from stafford.generator.fulfilment import Fulfilment
from stafford.generator.holidays import Holidays
from stafford.generator.kept import KeptBaskets
from stafford.generator.layout import NOTHING
from stafford.generator.lifetimes import SELL_OFF
from stafford.generator.mess import MOST_DELAY
from stafford.generator.mess_profile import Defect
from stafford.generator.orders import PLACED, OrderDesk, draft_orders
from stafford.generator.profile import Profile
from stafford.generator.promotions import Promotions
from stafford.generator.purchases import expect_repeats, tabulate
from stafford.generator.randomness import Flags, Floats, Ints, Keys, derive, draw_unit, mix, name_stream
from stafford.generator.returning import AWAY_AT_MOST, NOT, ReturningCarts
from stafford.generator.sessions import CARTS, SessionPlanner, Sessions
from stafford.generator.stock import Stock
from stafford.generator.story import Storyteller
from stafford.generator.traffic import Stretch, list_sales

WHOLE = (0, 1)
CROWD_STEP = 10 * SECOND
_LONGEST_SESSION = 3 * DAY
LOOKBACK = _LONGEST_SESSION + MOST_DELAY
"""Longer than any session lasts and any click is late."""
# A visit, the time until its cart is come back to, and the visit that does so.
assert SELL_OFF >= 2 * _LONGEST_SESSION + AWAY_AT_MOST  # noqa: S101

_PURCHASE = name_stream("session of a purchase")
_INVITED = name_stream("session of a mail")
_SHARDS = name_stream("shards")
_GUEST_SPENDER = 40
_GUEST_WEEKS, _GUEST_STRETCHES = 4, 65  # five years; after them, as in the last weeks


class Simulation:
    """Computes stretches of time one after the other.

    What begins in a stretch is a function of the shop alone. Some things run on: who is registered and when
    they come again, and what is in stock. They follow time, not the way in which it is cut.

    Args:
        profile: what kind of shop.
        root: the key that all its numbers come from.
        opens_at: UTC microseconds, a whole minute.
        weekly_sessions: in a week of mean traffic.
        most_initial: customers it begins with, at most.
        sales: flash sales beside those of the profile.
        crowd: visits at the opening beyond the usual, by CROWD_STEP, in multiples of those.
        start: sessions that can have no click from there on are not told, only what follows from them.
        shard: (index, count); of clicks, only those of this shard's sessions are told.
    """

    def __init__(
        self,
        profile: Profile,
        root: int,
        opens_at: int,
        weekly_sessions: float,
        most_initial: int,
        sales: Sequence[FlashSale] = (),
        crowd: Floats | None = None,
        start: int | None = None,
        shard: tuple[int, int] = WHOLE,
    ) -> None:
        self._profile = profile
        self._root = root
        self._opens_at = opens_at
        self._now = opens_at
        self._tells_from = opens_at if start is None else start - LOOKBACK
        self._shard = shard
        orders = weekly_sessions * profile.sessions.conversion
        repeats = expect_repeats(profile.customers.purchases, profile.customers.history_weeks)
        registrations = orders * (1 - profile.sessions.guests) / (1 + repeats)
        promotions = Promotions(root, profile.orders.discounted, profile.orders.discount_percent)
        self.catalogue = Catalogue(profile.catalogue, root, opens_at, promotions)
        holidays = Holidays(profile.traffic.days)
        self.customers = Customers(
            profile.customers, root, opens_at, registrations, most_initial, holidays,
            profile.sessions.returning,
        )  # fmt: skip
        bots = profile.mess.rates("clickstream").get(Defect.BOT, 0.0)
        self._campaigns = Campaigns(profile.traffic.campaigns, profile.sessions.channels, opens_at)
        self._returning = ReturningCarts(profile.sessions.returning, self.customers)
        self._kept = KeptBaskets()
        # What comes long after a visit: the end of it, and the beginning of the one that follows it.
        self._reach = _LONGEST_SESSION + self._returning.longest_wait
        self.planner = SessionPlanner(profile.sessions, profile.traffic, self.customers, bots)
        self._has_staff = profile.mess.rates("orders").get(Defect.TEST_ORDER, 0.0) > 0
        self._spending = tabulate(profile.customers.purchases, profile.customers.spend)
        self._warehouse = Warehouse(profile, root, opens_at, orders / 7)
        self._storyteller = Storyteller(
            profile.sessions, profile.carts, self.planner.moves, self._campaigns.pulls, opens_at
        )
        fraud = profile.mess.rates("orders").get(Defect.FRAUD, 0.0)
        self._desk = OrderDesk(profile.orders, self.catalogue, fraud)
        self._fulfilment = Fulfilment(profile, self.catalogue)
        self._stock = Stock(root, opens_at, self._warehouse.first_lot)
        home = ZONES[int(self.customers.zone_of_country[self.customers.countries[0]])]
        sales = [*list_sales(profile.traffic, home, opens_at), *sales]
        self._sales = np.array(
            [[s.start, s.end, s.category, s.discount_percent] for s in sales], np.int64
        ).reshape(len(sales), 4)
        people = self.customers
        self.clocks = Clocks(
            profile.traffic, self.planner.device_shares, people, opens_at, sales, self._campaigns
        )
        shares = [people.share_of_zone(place) for place in range(len(ZONES))]
        visits = weekly_sessions - orders
        self._visits = [
            ArrivalProcess(root, f"visits {zone.name}", visits * share)
            for zone, share in zip(ZONES, shares, strict=True)
        ]
        self._crowd = np.zeros(1, np.float64) if crowd is None else crowd
        self._most_crowd = float(self._crowd.max())
        self._waiting = [
            ArrivalProcess(root, f"crowd {zone.name}", visits * share * self._most_crowd)
            for zone, share in zip(ZONES, shares, strict=True)
        ]
        # Guests make up for customers whom a bounded base leaves out, and for those who are still to come.
        self._expected_guests = _expect_guests(profile, orders, registrations, people.base_share)
        self._most_guests = float(self._expected_guests.max())
        self._guests = [
            ArrivalProcess(root, f"guests {zone.name}", self._most_guests * share)
            for zone, share in zip(ZONES, shares, strict=True)
        ]

    @property
    def now(self) -> int:
        """Everything that begins before this instant has been computed; UTC microseconds."""
        return self._now

    def advance(self, end: int) -> list[Draft]:
        """Compute what begins before `end`: every event, however late it ends."""
        start, self._now = self._now, max(end, self._now)
        if self._now == start:
            return []
        drafts = []
        if start == self._opens_at:
            drafts.append(self.customers.open())
            if self._has_staff:
                drafts.append(self.customers.open_staff())
            everybody = np.arange(self.customers.initial, dtype=np.int64)
            drafts.append(self.customers.draft_changes(everybody))
        stretches, of_countries = self.clocks.reach(start, self._now + self._reach)
        running = self._campaigns.find_running(start, self._now)
        sales = self._sales[(self._sales[:, 0] < self._now) & (self._sales[:, 1] > start)]
        # The first minute is for the catalogue and the base.
        begins = max(start, self._opens_at + MINUTE)
        registrations, new = self.customers.register(stretches, of_countries, begins, self._now)
        drafts += [registrations, self.customers.draft_changes(new)]
        products = self.catalogue.draft(start, self._now)
        shelf = self.catalogue.tabulate(self._now + WEEK)
        self._warehouse.stock_up(self.catalogue.launch(np.arange(shelf.prices.shape[1], dtype=np.int64)))

        comings = self.customers.purchase(of_countries, self._now)
        sessions, spenders, firsts, orders_at = self._gather_buyers(
            comings.orders, stretches, running, begins
        )
        baskets, lots = self._warehouse.fill(
            sessions.key, sessions.start, spenders, shelf, self._spending, sales,
            self._campaigns.find_pulls(sessions.campaign),
        )  # fmt: skip
        outages = self._warehouse.outages
        has_goods = np.bincount(baskets.buyer, minlength=len(sessions)) > 0
        keeps = has_goods & (orders_at > sessions.start)
        # Whoever found everything sold out does not come; only a tiny shop knows such days.
        at_once = has_goods & ~keeps
        drafts += self._fill_carts(
            sessions.take(keeps), orders_at[keeps], baskets.take(keeps), shelf, outages, sales
        )
        sessions, baskets, firsts, carries = self._add_kept(
            sessions.take(at_once), baskets.take(at_once), firsts[at_once], stretches, running
        )
        mine = self._find_mine(sessions)
        stories = self._storyteller.tell(sessions, shelf, outages, sales, baskets, carries, wanted=mine)
        orders, lines = self._desk.take(sessions, stories.ended_at, baskets, self._sales, firsts)
        self._stock.note(orders, lines, lots)
        drafts += [
            products,
            stories.clicks,
            draft_orders(orders, PLACED, orders.placed_at),
            *self._fulfilment.draft(orders, lines),
            self._stock.draft(products, self._now),
            self.customers.draft_first_orders(orders.customer[firsts], orders.placed_at[firsts]),
        ]
        for zone, stretch in enumerate(stretches):
            for arrivals in (
                self._visits[zone].arrive(stretch, begins, self._now),
                self._let_in(zone, stretch, begins),
            ):
                found = self._choose_planned(arrivals)
                visits = self.planner.plan_visits(found.key, found.at, zone, stretch, running)
                drafts += self._tell_visits(visits, stretch, shelf, outages, sales)
            invited = self._plan_invited(comings.invited[zone], zone, stretch, begins)
            drafts += self._tell_visits(invited, stretch, shelf, outages, sales)
        returns = self._returning.take(self._now)
        if returns is not None:
            country = self.customers.country[returns.customer]
            hours = self._find_hours(country, returns.start, stretches)
            planned = self.planner.plan_returns(
                returns.key, returns.start, returns.customer, returns.is_reminded, hours, running
            )
            mine = self._find_mine(planned)
            carries = np.ones(len(planned), np.bool_)
            told = self._storyteller.tell(planned, shelf, outages, sales, returns.carts, carries, wanted=mine)
            drafts.append(told.clicks)
        return drafts

    def _fill_carts(
        self, buyers: Sessions, orders_at: Ints, baskets: Baskets, shelf: Shelf, outages: Ints, sales: Ints
    ) -> list[Draft]:
        """Tell visits that fill carts and end without an order, and keep what lies in them for the order."""
        if not len(buyers):
            return []
        keys = self._kept.find_fillings(buyers.key)
        visits = replace(buyers, key=keys, depth=np.full(len(keys), CARTS))
        told = self._storyteller.tell(visits, shelf, outages, sales, baskets, wanted=self._find_mine(visits))
        # Somebody who dawdles beyond the order fills the cart when they order, and was not here.
        is_filled = told.ended_at + MINUTE < orders_at
        self._kept.keep(buyers.key, orders_at, buyers.customer, is_filled, baskets)
        dawdles = np.isin(told.clicks.column("session"), keys[~is_filled].view(np.int64))
        return [told.clicks.take(~dawdles)]

    def _add_kept(
        self,
        sessions: Sessions,
        baskets: Baskets,
        firsts: Flags,
        stretches: list[Stretch],
        running: Running,
    ) -> tuple[Sessions, Baskets, Flags, Flags]:
        """Buyers, and behind them those who come to order what was kept; and whose goods lie in the cart."""
        kept = self._kept.take(self._now)
        carries = np.concatenate([np.zeros(len(sessions), np.bool_), kept.is_filled])
        if not len(kept.key):
            return sessions, baskets, firsts, carries
        country = self.customers.country[kept.customer]
        hours = self._find_hours(country, kept.start, stretches)
        reminded = kept.is_filled & self._returning.reminds(kept.key, kept.customer, kept.start)
        planned = self.planner.plan_buyers(
            kept.key, kept.start, kept.customer, country, hours, running, reminded
        )
        both = Baskets(
            np.concatenate([baskets.buyer, kept.baskets.buyer + len(sessions)]),
            np.concatenate([baskets.product, kept.baskets.product]),
            np.concatenate([baskets.quantity, kept.baskets.quantity]),
        )
        firsts = np.concatenate([firsts, np.zeros(len(planned), np.bool_)])
        return sessions.join(planned), both, firsts, carries

    def _tell_visits(
        self, visits: Sessions, stretch: Stretch, shelf: Shelf, outages: Ints, sales: Ints
    ) -> list[Draft]:
        """Tell visits of one zone that end without an order, and keep the carts to which somebody returns.

        They have no other consequences: those of others need not be told.
        """
        how = self._returning.choose(visits)
        comes_back, wanted = how != NOT, visits.start >= self._tells_from
        if self._shard != WHOLE:
            wanted &= self.is_mine(visits.key.view(np.int64))
            places = np.flatnonzero(comes_back)
            following = self._returning.find_keys(visits.key[places])
            comes_back[places] = self.is_mine(following.view(np.int64))
        wanted |= comes_back
        if not wanted.all():
            visits, how, comes_back = visits.take(wanted), how[wanted], comes_back[wanted]
        if not len(visits):
            return []
        mine = self._find_mine(visits)
        told = self._storyteller.tell(visits, shelf, outages, sales, comes_back=comes_back, wanted=mine)
        self._returning.keep(
            visits.take(comes_back), how[comes_back], told.ended_at[comes_back], told.left, stretch
        )
        return [told.clicks]

    def _plan_invited(self, invited: Purchases, zone: int, stretch: Stretch, start: int) -> Sessions:
        """Visits of customers of one zone whom a mail asked to come back, if they consent to mail."""
        at = np.maximum(invited.at, start)
        comes = (at >= self._tells_from - self._reach) & self.customers.consents(invited.customer, at)
        customer, at = invited.customer[comes], at[comes]
        key = derive(self.customers.keys(customer), _INVITED, invited.ordinal[comes])
        return self.planner.plan_invited(key, at, customer, zone, stretch, WIN_BACK)

    def measure_traffic(self, micros: int) -> float:
        """How busy the shop is at an instant; 1.0 is its mean."""
        busy = 0.0
        for zone, traffic in enumerate(self.clocks.of_zones):
            busy += self.customers.share_of_zone(zone) * traffic.multiply(micros)
        return busy

    def is_mine(self, owners: Ints) -> Flags:
        """Which keys fall to this shard; owners: hashes or numbers of what record keys name."""
        index, count = self._shard
        mine: Flags = mix(owners.view(np.uint64) ^ np.uint64(_SHARDS)) % np.uint64(count) == np.uint64(index)
        return mine

    def _find_mine(self, sessions: Sessions) -> Flags | None:
        return None if self._shard == WHOLE else self.is_mine(sessions.key.view(np.int64))

    def _choose_planned(self, arrivals: Arrivals) -> Arrivals:
        """Visits that are to be told, and those that could be followed by one that is."""
        wanted = arrivals.at >= self._tells_from
        if self._shard != WHOLE:
            wanted &= self.is_mine(arrivals.key.view(np.int64))
        if wanted.all():
            return arrivals
        rest = (arrivals.at >= self._tells_from - self._reach) & self._returning.may_return(arrivals.key)
        wanted |= rest
        return Arrivals(arrivals.key[wanted], arrivals.at[wanted])

    def _gather_buyers(
        self, bought: Purchases, stretches: list[Stretch], running: Running, start: int
    ) -> tuple[Sessions, Floats, Flags, Ints]:
        """Customers and guests who come to buy, or to fill a cart for it, in order of (start, key).

        Beside them, how much each tends to spend, whether it is a customer's first order, and when it is
        ordered: later than the start for who fills a cart.
        """
        key = derive(self.customers.keys(bought.customer), _PURCHASE, bought.ordinal)
        guests = [self._admit_guests(zone, stretch, start) for zone, stretch in enumerate(stretches)]
        guest_key = np.concatenate([g.key for g in guests])
        zones = np.repeat(np.arange(len(ZONES)), [len(g.at) for g in guests])
        guest_at = np.concatenate([g.at for g in guests])
        country = self.customers.choose_country(draw_unit(guest_key, 4), zones, guest_at)
        keys: Keys = np.concatenate([key, guest_key])
        at = np.concatenate([np.maximum(bought.at, start), guest_at])
        orders_at = np.concatenate([np.maximum(bought.orders_at, start), guest_at])
        customer = np.concatenate([bought.customer, np.full(len(guest_key), NOTHING)])
        countries = np.concatenate([self.customers.country[bought.customer], country])
        spenders = np.concatenate(
            [self.customers.draw_spender(bought.customer), draw_unit(guest_key, _GUEST_SPENDER)]
        )
        is_first = np.concatenate([bought.ordinal == 0, np.zeros(len(guest_key), np.bool_)])
        order = np.lexsort((keys, at))
        keys, at, customer, countries = keys[order], at[order], customer[order], countries[order]
        hours = self._find_hours(countries, at, stretches)
        sessions = self.planner.plan_buyers(keys, at, customer, countries, hours, running)
        return sessions, spenders[order], is_first[order], orders_at[order]

    def _find_hours(self, countries: Ints, at: Ints, stretches: list[Stretch]) -> Ints:
        hours = np.zeros(len(at), np.int64)
        zones = self.customers.zone_of_country[countries]
        for zone, stretch in enumerate(stretches):
            here = zones == zone
            hours[here] = stretch.hours[at[here] // MINUTE - stretch.first]
        return hours

    def _let_in(self, zone: int, stretch: Stretch, start: int) -> Arrivals:
        """Of the crowd at the door, those who come in."""
        opens_at = self._opens_at + MINUTE
        end = min(self._now, opens_at + len(self._crowd) * CROWD_STEP)
        arrivals = self._waiting[zone].arrive(stretch, start, end)
        wanted = self._crowd[(arrivals.at - opens_at) // CROWD_STEP]
        comes = draw_unit(arrivals.key, 42) * self._most_crowd < wanted
        return Arrivals(arrivals.key[comes], arrivals.at[comes])

    def _admit_guests(self, zone: int, stretch: Stretch, start: int) -> Arrivals:
        arrivals = self._guests[zone].arrive(stretch, start, self._now)
        weeks = np.minimum(
            (arrivals.at - self._opens_at) // (_GUEST_WEEKS * WEEK), len(self._expected_guests) - 1
        )
        comes = draw_unit(arrivals.key, 41) * self._most_guests < self._expected_guests[weeks]
        return Arrivals(arrivals.key[comes], arrivals.at[comes])


def _expect_guests(profile: Profile, orders: float, registrations: float, base_share: float) -> Floats:
    """Guests in a week, for each stretch after the opening: what customers leave of the orders."""
    purchases, history = profile.customers.purchases, profile.customers.history_weeks
    middles = [_GUEST_WEEKS * (place + 0.5) for place in range(_GUEST_STRETCHES)]
    young = [expect_repeats(purchases, weeks) for weeks in middles]
    old = [expect_repeats(purchases, history + weeks) for weeks in middles]
    guests = [
        max(orders - registrations * (1 + y + base_share * (o - y)), orders * 0.01)
        for y, o in zip(young, old, strict=True)
    ]
    return np.array(guests, np.float64)
