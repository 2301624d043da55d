"""From an hour's figures to a month's quantities, and from these to dollars. Plain arithmetic, no measuring."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from costing.prices import Price, Prices
from quantscout.picks import EVALUATED, JUDGED_ROWS

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
PROCESSOR_MB = 1_769
"""With so much memory a function has one whole processor; with less, as much less of it."""
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
    """Return what Lambda bills for a cold start: loading, which it bills too, and the handler.

    Here a run has a whole processor. With less memory it has a share of one on AWS, and takes as much longer.
    """
    waits = max(0.0, PROCESSOR_MB / float(run["memory_mb"]) - 1) * float(run["processor_s"])
    return float(run["init_s"]) + float(run["handler_s"]) + waits


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
    """Return a month's sum: every hour's run and evaluation, of which one a day writes the page, and the backfills.

    These come four times a day, and one of them folds the day before.
    """
    often = {
        "hour": HOURS,
        "evaluate": HOURS - DAYS,
        "page": DAYS,
        "fold": DAYS,
        "idle": (BACKFILLS_A_DAY - 1) * DAYS,
    }
    return math.fsum(times * of_run(measured[name]) for name, times in often.items())


def _calls(name: str) -> Any:
    return lambda run: run["calls"].get(name, 0)


def _put(run: Figures) -> float:
    return float(run["bytes"].get("s3.PutObject", 0))


def _asked(measured: Figures) -> float:
    return float(sum(venue["requests"] for venue in measured["hour"]["bound"]["venues"].values()))


def quantities(measured: Figures, template: Figures) -> dict[str, float]:
    """Return a month's quantities by the prices' names.

    `measured` are the figures of `measure.measure` with upkeep; `template` the numbers of `watched.count_template`. Of
    the metrics the larger number counts: a run that saw nothing unusual may write fewer than are there.
    """
    hour, starts = measured["hour"], 2 * HOURS + BACKFILLS_A_DAY * DAYS
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
        "tape_gb": (_put(hour) * 24 * TAPE_DAYS + _put(measured["page"])) / GB,
        "tape_puts": _a_month(measured, _calls("s3.PutObject")),
        "secrets": 1,
        "secret_calls": _a_month(measured, _calls("secretsmanager.GetSecretValue")),
        "publishes": HOURS * messages,
        "emails": HOURS * hour["calls"].get("sns.Publish", 0),
        "log_gb": _a_month(measured, lambda run: run["log_bytes"] + PLATFORM_LOG_BYTES) / GB,
        **template,
        "metrics": max(template["metrics"], *(measured[name]["metrics"] for name in ("hour", "idle", "evaluate"))),
        "out_gb": HOURS * _asked(measured) * REQUEST_BYTES / GB,
    }


def bill(prices: Prices, quantity: Mapping[str, float]) -> list[Line]:
    """Return the lines in the table's order, of the prices that have a quantity."""
    return [Line(price, quantity[price.name]) for price in prices.price if price.name in quantity]


def total_usd(lines: list[Line], region: int = 0, *, with_free: bool = False) -> float:
    """Return the sum of the lines."""
    return math.fsum(line.usd(region, with_free=with_free) for line in lines)


def without_evaluation(measured: Figures) -> Figures:
    """Return the figures as they would be if nothing were evaluated."""
    nothing = {"init_s": 0.0, "handler_s": 0.0, "processor_s": 0.0, "spent": [], "calls": {}, "bytes": {}}
    idle = {name: {**measured[name], **nothing} for name in ("evaluate", "page")}
    kept = {kind: size for kind, size in measured["stored"].items() if kind not in {EVALUATED, JUDGED_ROWS}}
    return {**measured, **idle, "stored": kept}


def late_gb_s(measured: Figures) -> float:
    """Return a month's GB-seconds if every hour waited for a late bar until the run gives up."""
    return float(lambda_rest(measured) + HOURS * LATE_S * measured["hour"]["memory_mb"] / 1024)


def lambda_rest(measured: Figures) -> float:
    """Return a month's GB-seconds of everything but the hours' runs."""
    nothing = {"init_s": 0.0, "handler_s": 0.0, "processor_s": 0.0}
    return _a_month({**measured, "hour": {**measured["hour"], **nothing}}, gb_s)
