"""The table of list prices, `prices.toml`."""

import math
import tomllib
from pathlib import Path
from typing import NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

FILE = Path(__file__).with_name("prices.toml")


class Price(BaseModel):
    """What `per` units cost in each region, and how many units a month are free for ever."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    says: str
    unit: str
    per: int = Field(gt=0)
    usd: list[float] = Field(description="per region, in the table's order")
    free: float = Field(ge=0)
    page: str
    seen: str

    def cost_usd(self, quantity: float, region: int, *, with_free: bool = False) -> float:
        """Return what a month's quantity costs in the region of this place in the table."""
        billed = max(0.0, quantity - self.free) if with_free else quantity
        return billed / self.per * self.usd[region]


class Sms(NamedTuple):
    """What one part of a message costs, about."""

    country: str
    usd: float


class Prices(BaseModel):
    """The whole table."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    made: str
    regions: list[str]
    price: list[Price]
    sms: list[Sms]

    @model_validator(mode="after")
    def _whole(self) -> Self:
        """Refuse a name that comes twice, a region without a price, a price that is no number."""
        names = [price.name for price in self.price]
        if len(set(names)) < len(names):
            raise ValueError(f"a price comes twice: {sorted(names)}")
        for price in self.price:
            if len(price.usd) != len(self.regions) or not all(math.isfinite(usd) and usd >= 0 for usd in price.usd):
                raise ValueError(f"{price.name}: give one price for each of {', '.join(self.regions)}")
        return self

    def of(self, name: str) -> Price:
        """Return a price by its name (KeyError)."""
        return {price.name: price for price in self.price}[name]


def load_prices(path: Path = FILE) -> Prices:
    """Return the table of a file."""
    with path.open("rb") as file:
        said = tomllib.load(file)
    return Prices.model_validate(said | {"sms": [tuple(row.values()) for row in said["sms"]]})
