"""From an hour's figures to a month's quantities, and from these to dollars. Plain arithmetic, no measuring."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from costing.prices import Price, Prices

Figures = Mapping[str, Any]
HOURS, DAYS = 730, 730 / 24
"""Of a month, as AWS reckons it."""
BACKFILLS_A_DAY = 4
TAPE_DAYS = 30
GB = 2**30
PUBLISH_BYTES = 64 * 1024
PLATFORM_LOG_BYTES = 1_000
"""What Lambda itself writes to the log of an invocation, about: start and report, in JSON."""
REQUEST_BYTES = 1_000
"""What a request to a venue sends, about: its head, TLS, and its share of a connection."""
DAILY = ("supply", "evidence")
"""Kinds that one hour of a day writes anew."""
LATE_S = 95.0
"""How long a run takes that waits for a late bar until it gives up (H + 90 s), and computes after it."""


class Line(NamedTuple):
    """One line of the bill: a month's quantity of what a price is for."""

    price: Price
    quantity: float

    def usd(self, region: int = 0, *, with_free: bool = False) -> float:
        """Return the line's dollars."""
        return self.price.cost_usd(self.quantity, region, with_free=with_free)


def billed_s(run: Figures) -> float:
    """Return what Lambda bills for a cold start: loading, which it bills too, and the handler."""
    return float(run["init_s"]) + float(run["handler_s"])


def gb_s(run: Figures) -> float:
    """Return the memory that the function is given, times the time."""
    return billed_s(run) * float(run["memory_mb"]) / 1024


def units(run: Figures, kind: str) -> float:
    """Return the read or write units of a run by its items' sizes: the double of DynamoDB tells others."""
    return float(sum(spent[f"computed_{kind}_units"] for spent in run["spent"]))


def daily_units(run: Figures) -> float:
    """Return the write units of what one hour of a day writes anew."""
    return float(
        sum(spent["by_kind"].get(kind, {}).get("computed_write_units", 0) for spent in run["spent"] for kind in DAILY)
    )


def _a_month(measured: Figures, of_run: Any) -> float:
    """Return a month's sum: every hour's run, four backfills a day of which one folds the day before."""
    idle = BACKFILLS_A_DAY - 1
    return float(HOURS * of_run(measured["hour"]) + DAYS * (of_run(measured["fold"]) + idle * of_run(measured["idle"])))


def _calls(name: str) -> Any:
    return lambda run: run["calls"].get(name, 0)


def _asked(measured: Figures) -> float:
    return float(sum(venue["requests"] for venue in measured["hour"]["bound"]["venues"].values()))


def quantities(measured: Figures, template: Figures) -> dict[str, float]:
    """Return a month's quantities by the prices' names.

    `measured` are the figures of `measure.measure` with upkeep; `template` the numbers of `watched.count_template`. Of
    the metrics the larger number counts: a run that saw nothing unusual may write fewer than are there.
    """
    hour, starts = measured["hour"], HOURS + BACKFILLS_A_DAY * DAYS
    messages = hour["calls"].get("sns.Publish", 0) and math.ceil(hour["bytes"]["sns.Publish"] / PUBLISH_BYTES)
    table_gb = sum(measured["stored"].values()) / GB
    return {
        "lambda_gb_s": _a_month(measured, gb_s),
        "lambda_requests": starts,
        "schedules": starts,
        "read_units": _a_month(measured, lambda run: units(run, "read")),
        "write_units": _a_month(measured, lambda run: units(run, "write")) + DAYS * daily_units(measured["before"]),
        "table_gb": table_gb,
        "recovery_gb": table_gb,
        "tape_gb": hour["bytes"].get("s3.PutObject", 0) * 24 * TAPE_DAYS / GB,
        "tape_puts": _a_month(measured, _calls("s3.PutObject")),
        "secrets": 1,
        "secret_calls": _a_month(measured, _calls("secretsmanager.GetSecretValue")),
        "publishes": HOURS * messages,
        "emails": HOURS * hour["calls"].get("sns.Publish", 0),
        "log_gb": _a_month(measured, lambda run: run["log_bytes"] + PLATFORM_LOG_BYTES) / GB,
        **template,
        "metrics": max(template["metrics"], *(run["metrics"] for run in (hour, measured["idle"]))),
        "out_gb": HOURS * _asked(measured) * REQUEST_BYTES / GB,
    }


def bill(prices: Prices, quantity: Mapping[str, float]) -> list[Line]:
    """Return the lines in the table's order, of the prices that have a quantity."""
    return [Line(price, quantity[price.name]) for price in prices.price if price.name in quantity]


def total_usd(lines: list[Line], region: int = 0, *, with_free: bool = False) -> float:
    """Return the sum of the lines."""
    return math.fsum(line.usd(region, with_free=with_free) for line in lines)


def late_gb_s(measured: Figures) -> float:
    """Return a month's GB-seconds if every hour waited for a late bar until the run gives up."""
    return float(lambda_rest(measured) + HOURS * LATE_S * measured["hour"]["memory_mb"] / 1024)


def lambda_rest(measured: Figures) -> float:
    """Return a month's GB-seconds of the backfills."""
    return _a_month({**measured, "hour": {**measured["hour"], "init_s": 0.0, "handler_s": 0.0}}, gb_s)
