"""The generated parts of docs/scale.md: the measured hours, what binds first, and what fanning out costs."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from costing.bill import GB, HOURS, TAPE_DAYS, billed_s, gb_s, units
from costing.page import amount, table
from costing.prices import Prices

Figures = Mapping[str, Any]
SIZES = (1_289, 5_000, 10_000)
USED_SHARE = 0.8
"""Of a venue's limit, as `BUDGET_SHARE` has it."""
SHARDS = (2, 8, 20)
"""Branches of the Map for which the page reckons."""
STEPS_OF_RUN, STEPS_OF_SHARD = 5, 1
"""State transitions: start, listing, Map, ranking, end; and one task a branch."""


class Pool(NamedTuple):
    """What an hour took of one of a venue's limits."""

    venue: str
    name: str
    limit: int
    window_s: int
    weight: int

    @property
    def allowed(self) -> float:
        """What may be used in one window."""
        return USED_SHARE * self.limit

    def full_at(self, contracts: int) -> int:
        """Return at how many contracts an hour fills one window, if it grows in proportion."""
        return round(contracts * self.allowed / self.weight)


def pools_of(hour: Figures) -> list[Pool]:
    """Return the limits that an hour met, those that it used most of first."""
    found = [
        Pool(venue, name, pool["limit"], pool["window_s"], pool["weight"])
        for venue, part in hour["pools"].items()
        for name, pool in part.items()
        if pool["weight"]
    ]
    return sorted(found, key=lambda pool: -pool.weight / pool.limit)


def hours_part(measured: Sequence[Figures], prices: Prices) -> str:
    """Return the measured hours of all sizes side by side."""
    rows: dict[str, list[str]] = {}

    def add(label: str, values: Sequence[str]) -> None:
        rows[label] = list(values)

    hours = [size["hour"] for size in measured]
    for venue in ("binance", "kucoin"):
        add(f"requests to {venue}", [f"{hour['bound']['venues'][venue]['requests']:,}" for hour in hours])
        add(f"{venue}: its limits alone, s", [f"{hour['bound']['venues'][venue]['limits_s']:.0f}" for hour in hours])
    add("billed time, s (the function ends at 300)", [f"{billed_s(hour):.0f}" for hour in hours])
    add("processor time, s", [f"{hour['processor_s']:.0f}" for hour in hours])
    add("memory at most, MB (of 1,769)", [f"{hour['peak_mb']:,.0f}" for hour in hours])
    add("DynamoDB read units", [f"{units(hour, 'read'):,.0f}" for hour in hours])
    add("DynamoDB write units", [f"{units(hour, 'write'):,.0f}" for hour in hours])
    add("tape and universe in S3, MB", [f"{hour['bytes'].get('s3.PutObject', 0) / 1e6:.0f}" for hour in hours])
    add("report", [hour["report"]["status"] for hour in hours])
    add("eligible contracts", [f"{hour['report']['funnel']['eligible']:,}" for hour in hours])
    add("of them without this hour's bar", [_missing(hour, "late") for hour in hours])
    add("answers that the function's time cut off", [_missing(hour, "cut") for hour in hours])
    add("first load of the history: calls / s of processor", [_load(size) for size in measured])
    add("USD a month: Lambda, units, tapes (list)", [f"{hourly_usd(hour, prices):.2f}" for hour in hours])
    head = ["", *(f"{size['contracts']:,} contracts" for size in measured)]
    return table(head, [[label, *values] for label, values in rows.items()])


def _missing(hour: Figures, what: str) -> str:
    return f"{sum(source[what] for source in hour['report']['sources'].values()):,}"


def _load(size: Figures) -> str:
    return f"{len(size['loads'])} / {sum(load['processor_s'] for load in size['loads']):.0f}"


def hourly_usd(hour: Figures, prices: Prices) -> float:
    """Return what grows with the hour, a month, at list prices: Lambda's time, DynamoDB's units, the tapes."""
    quantities = {
        "lambda_gb_s": HOURS * gb_s(hour),
        "read_units": HOURS * units(hour, "read"),
        "write_units": HOURS * units(hour, "write"),
        "tape_gb": hour["bytes"].get("s3.PutObject", 0) * 24 * TAPE_DAYS / GB,
    }
    return sum(prices.of(name).cost_usd(quantity, 0) for name, quantity in quantities.items())


def limits_part(measured: Sequence[Figures]) -> str:
    """Return what the smallest measured hour takes of each limit, and where it would be full."""
    first = measured[0]
    rows = [
        [
            f"{pool.venue}: {pool.name}",
            f"{pool.limit:,} in {pool.window_s} s",
            f"{pool.weight:,}",
            f"{100 * pool.weight / pool.allowed:.0f} %",
            f"{pool.full_at(first['contracts']):,}",
        ]
        for pool in pools_of(first["hour"])
        if pool.venue in {"binance", "kucoin"}
    ]
    head = [
        "limit",
        "of the venue",
        f"an hour of {first['contracts']:,}",
        "of one window (80 %)",
        "one window is full at",
    ]
    return table(head, rows)


def fan_out_transitions(shards: int) -> int:
    """Return a month's state transitions of a Map with so many branches an hour."""
    return HOURS * (STEPS_OF_RUN + STEPS_OF_SHARD * shards)


def fan_out_part(prices: Prices) -> str:
    """Return what the engine costs a month, by the number of branches."""
    price = prices.of("transitions")
    rows = []
    for shards in SHARDS:
        count = fan_out_transitions(shards)
        cost = [price.cost_usd(count, 0), price.cost_usd(count, 0, with_free=True)]
        rows.append([str(shards), amount(count), *(f"{usd:.2f}" for usd in cost)])
    return table(["branches", "transitions a month", "USD at the list price", "USD after what is free"], rows)


def scale_parts(measured: Sequence[Figures], prices: Prices) -> dict[str, str]:
    """Return all generated parts of docs/scale.md by name."""
    return {
        "hours": hours_part(measured, prices),
        "limits": limits_part(measured),
        "fan-out": fan_out_part(prices),
    }
