"""The generated parts of docs/cost.md, and how generated parts stand in a page that is written by hand."""

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from costing.bill import (
    HOURS,
    LATE_S,
    Line,
    bill,
    billed_s,
    late_gb_s,
    quantities,
    total_usd,
    units,
    without_evaluation,
)
from costing.prices import Prices
from quantscout.errors import InputError
from quantscout.picks import EVALUATED, JUDGED_ROWS, KEEP_DAYS

ROOT = Path(__file__).parents[1]
LARGEST = 5
GOAL_USD = 3.0
MONTH_DAYS = 30
LONG = frozenset({"report", "run", EVALUATED, JUDGED_ROWS})
"""Kinds that are kept for `KEEP_DAYS`."""
WATCHING = frozenset({"metrics", "alarms", "dashboards", "budgets"})

Figures = Mapping[str, Any]


def fill_page(text: str, parts: Mapping[str, str]) -> str:
    """Return the page with each part between its markers (InputError where a page has no such markers)."""
    for name, part in parts.items():
        marked = re.compile(rf"(<!-- generated: {name} -->\n).*?(<!-- end -->)", re.DOTALL)
        if not marked.search(text):
            raise InputError(f"the page has no markers for the part '{name}'; put <!-- generated: {name} --> into it")
        text = marked.sub(lambda match, part=part: f"{match[1]}{part}\n{match[2]}", text, count=1)  # type: ignore[misc]
    return text


def table(head: Sequence[str], rows: Sequence[Sequence[str]], left: int = 1) -> str:
    """Return a Markdown table whose first columns are text and whose others are numbers."""
    rule = ["---" if place < left else "---:" for place in range(len(head))]
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, rule, *rows))


def amount(value: float) -> str:
    """Return a quantity as a person reads it: three digits, no more."""
    return f"{value:,.0f}" if value >= 100 or value == round(value) else f"{value:.3g}"  # noqa: PLR2004


def _usd(value: float) -> str:
    return f"{value:.2f}" if value >= 0.005 or value == 0 else "< 0.01"  # noqa: PLR2004


def bill_part(lines: Sequence[Line], prices: Prices) -> str:
    """Return the bill: every line in both regions at list price, and after what is free for ever."""
    rows = [
        [
            line.price.says,
            f"{amount(line.quantity)} {line.price.unit}",
            *(_usd(line.usd(region)) for region in range(len(prices.regions))),
            _usd(line.usd(with_free=True)),
        ]
        for line in lines
    ]
    sums = [total_usd(list(lines), region) for region in range(len(prices.regions))]
    free = total_usd(list(lines), with_free=True)
    rows.append(["**together**", "", *(f"**{value:.2f}**" for value in sums), f"**{free:.2f}**"])
    head = ["", "a month", *(f"{region}, USD" for region in prices.regions), f"{prices.regions[0]} after what is free"]
    watching = math.fsum(line.usd() for line in lines if line.price.name in WATCHING)
    return table(head, rows) + "\n\n" + _against_goal(sums[0], free, watching)


def _against_goal(listed: float, free: float, watching: float) -> str:
    def side(usd: float) -> str:
        return f"{usd:.2f} USD, {'below' if usd < GOAL_USD else 'above'} it"

    return (
        f"Goal: under {GOAL_USD:.0f} USD. After the allowances that every account has for ever, the sum is "
        f"{side(free)}: the allowances take {100 * (1 - free / listed):.0f} % off. In an account that uses them up "
        f"for something else it is {side(listed)}; {watching:.2f} USD of that is for watching (metrics, alarms, "
        f"dashboard), without which it would be {side(listed - watching)}."
    )


def largest_part(lines: Sequence[Line]) -> str:
    """Return the largest lines with their share of the sum at list prices."""
    ranked = sorted(lines, key=lambda line: -line.usd())[:LARGEST]
    whole = total_usd(list(lines))
    return "\n".join(f"1. {line.price.says}: {line.usd():.2f} USD, {100 * line.usd() / whole:.0f} %" for line in ranked)


def measured_part(measured: Figures) -> str:
    """Return what was measured: the hour, evaluations, backfills, the machine."""
    found = [measured[name] for name in ("hour", "evaluate", "page", "fold", "idle")]
    rows = [
        ["billed time, s (loading and handler)", *(f"{billed_s(run):.1f}" for run in found)],
        ["processor time, s", *(f"{run['processor_s']:.1f}" for run in found)],
        ["memory given / used at most, MB", *(f"{run['memory_mb']} / {run['peak_mb']:.0f}" for run in found)],
        ["DynamoDB read / write units", *(f"{units(run, 'read'):,.0f} / {units(run, 'write'):,.0f}" for run in found)],
        ["DynamoDB calls", *(str(_of_service(run, "dynamodb")) for run in found)],
        ["S3: objects / bytes", *(_with_bytes(run, "s3", "PutObject") for run in found)],
        ["Secrets Manager calls", *(str(_of_service(run, "secretsmanager")) for run in found)],
        ["SNS: messages / bytes", *(_with_bytes(run, "sns", "Publish") for run in found)],
        ["log: lines / bytes", *(f"{run['log_lines']} / {run['log_bytes']:,}" for run in found)],
        ["metrics in the log", *(str(run["metrics"]) for run in found)],
    ]
    head = ["", "the hour", "evaluation", "evaluation with the page", "backfill, a day to fold", "backfill, no work"]
    return table(head, rows) + "\n\n" + _circumstances(measured)


def _circumstances(measured: Figures) -> str:
    bound, machine = measured["hour"]["bound"], measured["machine"]
    asked = ", ".join(f"{name} {part['requests']:,}" for name, part in bound["venues"].items())
    return (
        f"{measured['contracts']:,} contracts. Requests of the hour: {asked}. The venues' limits alone take "
        f"{bound['bound_s']:.1f} s of it.\nMeasured on {machine['processors']} processors at a load of "
        f"{machine['load']:.0f} (programs that want one): times are longer than on a machine of one's own."
    )


def _with_bytes(run: Figures, service: str, operation: str) -> str:
    return f"{_of_service(run, service)} / {run['bytes'].get(f'{service}.{operation}', 0):,}"


def _of_service(run: Figures, service: str) -> int:
    return sum(count for name, count in run["calls"].items() if name.startswith(f"{service}."))


def late_part(measured: Figures, prices: Prices) -> str:
    """Return what Lambda costs where every run waits for a late bar until it gives up."""
    price, quantity = prices.of("lambda_gb_s"), late_gb_s(measured)
    return (
        f"A run that waits for a late bar until it gives up takes about {LATE_S:.0f} s. If every hour did, Lambda's "
        f"time would be {amount(quantity)} GB-s a month: {price.cost_usd(quantity, 0):.2f} USD at the list price, "
        f"{price.cost_usd(quantity, 0, with_free=True):.2f} USD after what is free."
    )


def evaluation_part(measured: Figures, prices: Prices, template: Mapping[str, int]) -> str:
    """Return what of the bill is there for the evaluations."""
    both = [bill(prices, quantities(figures, template)) for figures in (measured, without_evaluation(measured))]
    listed, free = (
        total_usd(both[0], with_free=taken) - total_usd(both[1], with_free=taken) for taken in (False, True)
    )
    return (
        f"The evaluations are {listed:.2f} USD of this at list prices (time, units, what they keep), {free:.2f} USD "
        "after what is free."
    )


def sms_part(prices: Prices) -> str:
    """Return what an SMS an hour costs in some countries, about."""
    rows = [[row.country, f"{row.usd:.2f}", f"{HOURS * row.usd:.0f}"] for row in prices.sms]
    return table(["", "a part, about USD", "one an hour, a month, about USD"], rows)


def stored_part(measured: Figures) -> str:
    """Return what the table holds in the end, by kind, and what of it is there after a month."""
    found: Mapping[str, int] = measured["stored"]
    ranked = sorted(found.items(), key=lambda row: -row[1])
    kinds = ", ".join(f"`{kind}` {size / 1e6:,.0f} MB" for kind, size in ranked if size >= 1e6)  # noqa: PLR2004
    first = sum(size * (MONTH_DAYS / KEEP_DAYS if kind in LONG else 1) for kind, size in found.items())
    return (
        f"{kinds}. Together {sum(found.values()) / 1e6:,.0f} MB, of which {first / 1e6:,.0f} MB are there after the "
        f"first month."
    )


def prices_part(prices: Prices) -> str:
    """Return the price table with where and when each was read."""
    rows = [
        [
            price.says,
            price.page,
            price.seen or "not read again",
            f"{price.per:,} {price.unit}" if price.per > 1 else price.unit,
            *(f"{usd:.10f}".rstrip("0") if 0 < usd < 0.001 else f"{usd:.4g}" for usd in price.usd),  # noqa: PLR2004
            f"{price.free:,.0f}" if price.free else "",
        ]
        for price in prices.price
    ]
    return table(["", "AWS page", "read in a text of", "unit", *prices.regions, "free for ever"], rows, left=4)


def cost_parts(measured: Figures, prices: Prices, template: Mapping[str, int]) -> dict[str, str]:
    """Return all generated parts of docs/cost.md by name."""
    lines = bill(prices, quantities(measured, template))
    return {
        "measured": measured_part(measured),
        "bill": bill_part(lines, prices),
        "evaluation": evaluation_part(measured, prices, template),
        "largest": largest_part(lines),
        "stored": stored_part(measured),
        "late": late_part(measured, prices),
        "sms": sms_part(prices),
        "prices": prices_part(prices),
    }
