"""What the parts of a profile are made of: shares, weights, ranges, and the words that stand in contracts."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Share = Annotated[float, Field(ge=0, le=1)]
Weight = Annotated[float, Field(gt=0)]
Power = Annotated[int, Field(ge=1, le=8)]
Country = Literal["DE", "FR", "GB", "NL", "US"]
Category = Literal["apparel", "shoes", "accessories", "beauty", "home", "electronics"]
Device = Literal["mobile", "desktop", "tablet"]
Channel = Literal["direct", "organic_search", "paid_search", "email", "social", "affiliate"]
Look = Literal["product", "category", "search", "home"]
Method = Literal["card", "paypal", "bank_transfer", "gift_card"]
Carrier = Literal["dhl", "ups", "postnl", "royal_mail"]


class Part(BaseModel):
    """A part of a profile: an unknown name is an error, and nothing changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Range(Part):
    """Whole numbers from least to most, both included."""

    least: int = Field(ge=0)
    most: int = Field(ge=0)

    @model_validator(mode="after")
    def _check_order(self) -> Self:
        if self.most < self.least:
            raise ValueError(f"most is {self.most}, which is below least, {self.least}")
        return self
