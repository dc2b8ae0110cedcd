"""What buyers say of goods that arrived: stars by the quality of the product, and a title that fits them."""

import numpy as np

from stafford.generator.calendar import DAY
from stafford.generator.catalogue import Catalogue
from stafford.generator.chances import draw_span
from stafford.generator.distributions import accumulate_shares, choose
from stafford.generator.draft import Draft, draft
from stafford.generator.opinions import MOST_WORDS
from stafford.generator.orders import Lines, Orders
from stafford.generator.profile import ReviewsProfile
from stafford.generator.randomness import Flags, Ints, derive, draw_below, draw_unit, name_stream
from stafford.generator.vocabulary import COUNTRIES

_SUBMITTED = 0
_REVIEW = name_stream("review")
_EVENT = name_stream("review event")


class Reviews:
    """Draws who reviews what they bought, and how."""

    def __init__(self, profile: ReviewsProfile, catalogue: Catalogue) -> None:
        self._profile = profile
        self._catalogue = catalogue
        self._pleased = accumulate_shares(profile.pleased)
        self._disappointed = accumulate_shares(profile.disappointed)

    def draft(self, orders: Orders, lines: Lines, delivered_at: Ints, arrives: Flags, faulty: Flags) -> Draft:
        """A review of some of the lines that arrive.

        Args:
            orders: all of them.
            lines: of these orders.
            delivered_at: by order, UTC microseconds.
            arrives: the orders that are delivered.
            faulty: the lines that go back because they are damaged or not as described.
        """
        keys = derive(lines.key, _REVIEW, 0)
        rows = np.flatnonzero(arrives[lines.order] & (draw_unit(keys, 0) < self._profile.share))
        keys, order, product = keys[rows], lines.order[rows], lines.product[rows]
        submitted_at = delivered_at[order] + draw_span(keys, 1, self._profile.after_days, DAY)
        percent = self._profile.disappointed_percent
        poor = 1 - self._catalogue.draw_quality(product)
        share = (percent.least + (percent.most - percent.least) * poor) / 100
        disappointed = faulty[rows] | (draw_unit(keys, 2) < share)
        units = draw_unit(keys, 3)
        stars = np.where(disappointed, choose(units, self._disappointed), choose(units, self._pleased))
        words = draw_below(keys, 4, MOST_WORDS)
        return draft(
            "reviews",
            kind=_SUBMITTED,
            occurred=submitted_at,
            # By the shop's own clock when it arrives, so that the reviews of a product are in order.
            emitted=submitted_at,
            key=derive(keys, _EVENT, _SUBMITTED),
            review=keys,
            order=orders.key[order],
            product=product,
            customer=orders.customer[order],
            rating=1 + stars,
            title=orders.country[order] + len(COUNTRIES) * words,
        )
