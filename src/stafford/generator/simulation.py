"""The shop's life in cells of one minute: what begins in each, and all that follows from it."""

import numpy as np

from stafford.generator.catalogue import Catalogue
from stafford.generator.curve import MINUTE, Arrivals, Curve
from stafford.generator.customers import MOST_INITIAL, Customers, Registrations
from stafford.generator.draft import Draft
from stafford.generator.fulfilment import Fulfilment
from stafford.generator.orders import PLACED, OrderDesk, draft_orders
from stafford.generator.profile import Profile
from stafford.generator.randomness import Flags, Ints, derive, name_stream, to_unit
from stafford.generator.sessions import SessionPlanner, Sessions
from stafford.generator.stock import Stock
from stafford.generator.story import Storyteller
from stafford.generator.waiting import WaitingRoom

_SESSIONS = name_stream("sessions of a cell")
_REGISTRATIONS = name_stream("registrations of a cell")


class Simulation:
    """Computes spans of cells one after the other.

    What begins in a cell is a function of (root, cell) alone. Three things run on from span to span: how
    many customers there are, what has been sold, and who has ordered before; they follow time, not spans.
    """

    def __init__(
        self,
        profile: Profile,
        root: int,
        opens_at: int,
        daily_sessions: float,
        most_initial: int = MOST_INITIAL,
    ) -> None:
        curve = Curve(profile.traffic.hours, profile.traffic.weekdays)
        self._root = root
        self._opens_at = opens_at
        self._next_cell = 0
        self._sessions_of_cell = Arrivals(curve, daily_sessions)
        daily_registrations = daily_sessions * profile.customers.registrations_per_session
        self._registrations_of_cell = Arrivals(curve, max(daily_registrations, 1e-9))
        self.catalogue = Catalogue(profile.catalogue, root, opens_at)
        self.customers = Customers(profile.customers, root, opens_at, daily_sessions, most_initial)
        self.planner = SessionPlanner(profile.sessions, root, self.customers)
        self._storyteller = Storyteller(profile.sessions, profile.carts, self.catalogue)
        self._desk = OrderDesk(profile.orders, self.catalogue)
        self.fulfilment = Fulfilment(profile, self.catalogue)
        self._stock = Stock(self.catalogue, root, profile.catalogue.stock_lot_units)
        self._first_orders = WaitingRoom(("at", "key", "customer"))
        self._registered_at: Ints = self.customers.open().registered_at
        self._has_city: Flags = np.ones(self.customers.initial, np.bool_)

    def find_cell(self, micros: int) -> int:
        """Cells that begin before an instant."""
        return max(-((self._opens_at - micros) // MINUTE), 0)

    @property
    def next_cell(self) -> int:
        """The first cell that was not computed yet."""
        return self._next_cell

    def advance(self, through_cell: int) -> tuple[list[Draft], Sessions]:
        """Compute the cells before `through_cell`: every event that begins in them, however late it ends."""
        cells = np.arange(self._next_cell, max(through_cell, self._next_cell), dtype=np.int64)
        opens = self._next_cell == 0
        self._next_cell += len(cells)
        starts = self._opens_at + cells * MINUTE
        through = self._opens_at + self._next_cell * MINUTE
        registrations, known = self._register(cells, starts)
        drafts = self._open_doors() if opens and len(cells) else []
        sessions = self._plan(cells, starts, known)
        stories = self._storyteller.tell(sessions)
        orders, lines = self._desk.take(sessions, stories)
        self._stock.sell(orders, lines)
        signed_in = orders.customer >= 0
        self._first_orders.hold(
            {
                "at": orders.placed_at[signed_in],
                "key": orders.key[signed_in],
                "customer": orders.customer[signed_in],
            }
        )
        products = self.catalogue.draft(through - max(len(cells), 1) * MINUTE, through)
        drafts += [
            products,
            self.customers.draft_registrations(registrations),
            stories.clicks,
            draft_orders(orders, PLACED, orders.placed_at),
            *self.fulfilment.draft(orders, lines),
            self._stock.draft(products, through),
            self._tell_cities(through),
        ]
        return drafts, sessions

    def _open_doors(self) -> list[Draft]:
        base = self.customers.open()
        return [self.customers.draft_registrations(base), self.customers.draft_moves(base)]

    def _register(self, cells: Ints, starts: Ints) -> tuple[Registrations, Ints]:
        """New customers, and how many there were before each cell."""
        units = to_unit(derive(self._root, _REGISTRATIONS, cells))
        counts = np.where(cells > 0, self._registrations_of_cell.count(starts, units), 0)
        already = len(self._registered_at)
        new = self.customers.register(already, counts, starts)
        self._registered_at = np.concatenate([self._registered_at, new.registered_at])
        self._has_city = np.concatenate([self._has_city, np.zeros(len(new.numbers), np.bool_)])
        return new, already + np.cumsum(counts) - counts

    def _plan(self, cells: Ints, starts: Ints, known: Ints) -> Sessions:
        units = to_unit(derive(self._root, _SESSIONS, cells))
        # The first minute is for the catalogue and the initial customers.
        counts = np.where(cells > 0, self._sessions_of_cell.count(starts, units), 0)
        return self.planner.plan(cells, counts, starts, known)

    def _tell_cities(self, through: int) -> Draft:
        due = self._first_orders.release(through)
        numbers, first = np.unique(due["customer"], return_index=True)
        news = ~self._has_city[numbers]
        numbers, first = numbers[news], first[news]
        self._has_city[numbers] = True
        return self.customers.draft_first_orders(numbers, self._registered_at[numbers], due["at"][first])
