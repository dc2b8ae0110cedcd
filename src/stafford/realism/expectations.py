"""Curves and models of a kind of shop that metrics compare with."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from stafford.realism.estimators.bgnbd import BgNbd
from stafford.realism.estimators.gamma_gamma import GammaGamma
from stafford.realism.evidence.visits import Device

Positive = Annotated[float, Field(gt=0)]
Hours = Annotated[tuple[Positive, ...], Field(min_length=24, max_length=24)]
Weekdays = Annotated[tuple[Positive, ...], Field(min_length=7, max_length=7)]


class Part(BaseModel):
    """A part of a targets file: an unknown name is an error, and nothing changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class PurchaseParameters(Part):
    """BG/NBD, in weeks."""

    r: Positive
    alpha: Positive
    a: Positive
    b: Positive

    def model(self) -> BgNbd:
        """The parameters as the estimators take them."""
        return BgNbd(self.r, self.alpha, self.a, self.b)


class ValueParameters(Part):
    """Gamma-Gamma, v in euros."""

    p: Positive
    q: Positive
    v: Positive

    def model(self) -> GammaGamma:
        """The parameters as the estimators take them."""
        return GammaGamma(self.p, self.q, self.v)


class Expectations(Part):
    """Curves and models that metrics compare with. Curves are weights: only their proportions matter."""

    purchases: PurchaseParameters | None = None
    order_value: ValueParameters | None = None
    hours: dict[Device, Hours] = Field(default_factory=dict)
    weekdays: dict[Device, Weekdays] = Field(default_factory=dict)
