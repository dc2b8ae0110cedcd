"""What visitors do: the part of a profile that shapes sessions and carts."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from stafford.generator.profile_parts import Channel, Device, Look, Part, Range, Share, Weight

LOOKS: tuple[Look, ...] = ("home", "category", "search", "product")
_MOST_OTHER_CLICKS = 48  # beyond those of the steps: goods that go into the cart, and the checkout
LONGEST_AWAY_H = 48
_LONGEST_SESSION_S = 252_000  # shorter than what a stream looks back for sessions that are still open


class PathProfile(Part):
    """How a visitor goes through the shop. steps: looks after the landing page; moves: from page to page."""

    steps: Range
    devices: dict[Device, Weight] = Field(min_length=1)
    moves: dict[Look, dict[Look, Weight]] | None = None


class IntentProfile(PathProfile):
    """Why visitors come who do not buy this time; the shares are of this intent's sessions."""

    share: Weight
    with_cart: Share
    with_checkout: Share
    signed_in: Share

    @model_validator(mode="after")
    def _check_funnel(self) -> Self:
        if self.with_checkout > self.with_cart:
            raise ValueError(
                f"with_checkout {self.with_checkout} is above with_cart {self.with_cart}: nobody checks out "
                "without a cart"
            )
        if self.with_cart > 0 and self.steps.least < 1:
            raise ValueError("steps.least must be at least 1 where with_cart is above 0")
        return self


class ReturningProfile(PathProfile):
    """Signed-in visitors who left a cart and come back to it, once.

    share: of those carts, how many see their owner again unasked. reminded: share of those of customers with
    consent to mail that get a reminder; of these, share_reminded come, by it. after_h: hours of mean traffic
    from the end of the visit to the next one. adds, removes: shares that put something more in, and that take
    something out; checks_out: share that begins a checkout, and gives up.

    bought: share of customers' orders after the first whose goods lay in the cart of a visit before, which
    began after_h (plain hours here) earlier; of these, reminded come by a mail.
    """

    share: Share
    reminded: Share
    share_reminded: Share
    after_h: Range
    adds: Share
    removes: Share
    checks_out: Share
    bought: Share = 0.0

    @model_validator(mode="after")
    def _check_delay(self) -> Self:
        if self.after_h.most > LONGEST_AWAY_H:
            raise ValueError(
                f"after_h.most is {self.after_h.most}; a cart waits for {LONGEST_AWAY_H} hours, give less"
            )
        return self


class DwellProfile(Part):
    """Time on a page: Weibull."""

    shape: float = Field(ge=0.3, le=3)
    scale_s: float = Field(gt=0, le=600)
    most_s: int = Field(ge=1, le=1_700)


class SessionsProfile(Part):
    """What visitors do. conversion: share of sessions with an order; guests: of orders without a customer.

    moves: from page to page, of every path that has none of its own. returning: None where no cart lasts.
    """

    conversion: Annotated[float, Field(gt=0, le=0.5)]
    guests: Annotated[float, Field(ge=0.01, le=0.95)]
    dwell: DwellProfile
    landing: dict[Literal["home", "category", "product"], Weight] = Field(min_length=1)
    moves: dict[Look, dict[Look, Weight]]
    channels: dict[Channel, Weight] = Field(min_length=1)
    intents: dict[str, IntentProfile] = Field(min_length=1)
    buying: PathProfile
    returning: ReturningProfile | None = None

    @property
    def paths(self) -> dict[str, PathProfile]:
        """Every path by its name: those of the intents, of buyers, and of those who come back to a cart."""
        last = {} if self.returning is None else {"returning": self.returning}
        return {**self.intents, "buying": self.buying, **last}

    @model_validator(mode="after")
    def _check_paths(self) -> Self:
        for name, path in self.paths.items():
            moves = path.moves or self.moves
            missing = set(LOOKS) - moves.keys()
            if missing:
                raise ValueError(f"moves of {name} say nothing of {', '.join(sorted(missing))}")
            if any(not row for row in moves.values()):
                raise ValueError(f"moves of {name} have a page that leads nowhere")
            if not any("product" in row for row in moves.values()):
                raise ValueError(
                    f"moves of {name} never lead to a product: nobody buys what they did not see"
                )
        return self

    @model_validator(mode="after")
    def _check_length(self) -> Self:
        for name, path in self.paths.items():
            longest_s = (2 * path.steps.most + _MOST_OTHER_CLICKS) * self.dwell.most_s
            if longest_s > _LONGEST_SESSION_S:
                raise ValueError(
                    f"a session of {name} could last {longest_s:,} s, and none may last more than "
                    f"{_LONGEST_SESSION_S:,}; lower its steps.most, which is {path.steps.most}, or "
                    f"dwell.most_s, which is {self.dwell.most_s}"
                )
        return self

    @model_validator(mode="after")
    def _check_carts(self) -> Self:
        if self.buying.steps.least < 1:
            raise ValueError("buying.steps.least must be at least 1: nobody buys what they did not see")
        return self


class CartsProfile(Part):
    """What goes into a cart: weights of 1, 2, 3 ... items, and of 1, 2, 3 ... units of each.

    affinity: share of an order's lines after the first that keep to its category, if that has something at
    about the price that the line is to have.
    """

    items: Annotated[tuple[Weight, ...], Field(min_length=1, max_length=20)]
    quantities: Annotated[tuple[Weight, ...], Field(min_length=1, max_length=5)]
    removed: Share
    affinity: Share = 0.0
