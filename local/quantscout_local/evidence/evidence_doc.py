"""docs/evidence.md: what the replay of an archive measured, as text. Written by `make evidence`, never by hand."""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from quantscout.page.titles import title_of
from quantscout_local.evidence.evidence_doc_funding import TITLES, Paid, load_settlements, rate_funding, say_funding
from quantscout_local.evidence.evidence_doc_measured import (
    Measured,
    measure,
    say_measured,
    say_sent,
    without_missing,
)
from quantscout_local.evidence.judged import Judged, open_judged
from quantscout_local.evidence.kpis import build_kpis
from quantscout_local.evidence.kpis_models import Group, Kpi, Kpis
from quantscout_local.evidence.kpis_table import show_interval, show_value
from quantscout_local.evidence.kpis_verdict import say_chance
from quantscout_local.evidence.stats_population import build_population

SEED = 1
MARKET = Path("..") / "shared" / "market"
"""What `make evidence` replays by default."""
GROUPED = ("precision_at_5", "base_rate", "lift_over_matched_points", "mean_net_return_24h")
"""Of a month or a status: the figures that are shown."""
HEAD = """# Evidence: what the score was worth on recorded hours

Written by `make evidence` from a replay of a market archive: every hour judged by the product's own gate, factors and
score from what was known then, and what came after looked up ([statistics.md](statistics.md) defines every figure,
[outcomes.md](outcomes.md) every outcome). **Not financial advice.**

The blueprint of this product claims that the top decile reaches +10 % within 24 h in 43 % of the cases against 18 %.
This page says what was seen instead.
"""
FOOT = """
## How to get this page

```sh
make evidence    # replay of ../shared/market, figures, out/evidence.html, and this page (a few minutes)
```

With an archive of your own: `quantscout replay --market DIR`, then `quantscout kpis` and `quantscout evidence`.
"""


class Told(NamedTuple):
    """What the page is written from: a replay's about.json, its figures, how much was measured, and funding."""

    about: Mapping[str, Any]
    kpis: Kpis
    measured: Measured
    paid: Paid | None = None


def evidence_text(told: Told) -> str:
    """Return the page of a replay and its figures."""
    return "".join([HEAD, *_answer(told), *_basis(told.about, told.kpis), *_tables(told), FOOT])


def _answer(told: Told) -> Iterator[str]:
    kpis, verdict = told.kpis, told.kpis.verdict
    yield "\n## The answer\n"
    for line in (
        say_measured(told.measured, kpis.missing),
        without_missing(kpis),
        verdict.direction,
        verdict.money,
        say_sent(kpis),
        say_funding(told.paid, kpis.picks),
        _say_deciles(kpis),
        _say_rank(kpis),
        f"{say_chance(list_shown(told))} {verdict.caution}",
    ):
        yield f"\n{line}\n"


def _say_deciles(kpis: Kpis) -> str:
    top, scored, base = kpis.hit_rate_by_decile[-1], kpis.find("scored_set_rate"), kpis.find("base_rate")
    shown = [f"{show_value(kpi.value, kpi.unit)} ({show_interval(kpi)})" for kpi in (top, scored, base)]
    return (
        f"The top decile of the scored set reached +10 % within 24 h in {shown[0]} of its cases, the whole scored set "
        f"in {shown[1]}, all judged contracts in {shown[2]}. The blueprint claims 43 % against 18 %."
    )


def _say_rank(kpis: Kpis) -> str:
    ic = next(kpi for kpi in kpis.factor_lift if kpi.name == "score_ic")
    return (
        f"Over the whole scored set the rank correlation of score and 24 h return is {show_value(ic.value, ic.unit)} "
        f"({show_interval(ic)}): {say_lean(ic)}."
    )


def say_lean(ic: Kpi) -> str:
    """Return what the sign of a rank correlation says, nothing where its interval holds 0 or is not known."""
    if ic.low is None or ic.high is None or ic.low <= 0 <= ic.high:
        return "whether a higher score went with a higher or a lower return of the typical contract cannot be told"
    side = "above 0, a higher score went with a higher" if ic.low > 0 else "below 0, a higher score went with a lower"
    return f"{side} return of the typical contract"


def _basis(about: Mapping[str, Any], kpis: Kpis) -> Iterator[str]:
    statuses = ", ".join(f"{count:,} {status}" for status, count in kpis.hours_by_status.items())
    lost = ", ".join(f"{count:,} {reason}" for reason, count in kpis.picks_without_outcome.items()) or "none"
    yield "\n## What it rests on\n\n"
    yield f"- Hours: {about['hours']:,} replayed, {about['first_hour']} to {about['last_hour']}.\n"
    yield f"- Measured, because an outcome is known: {kpis.hours:,} ({statuses}).\n"
    yield f"- Rows: {kpis.rows:,} judged contracts; {kpis.picks:,} picks with a whole outcome; without: {lost}.\n"
    yield f"- Picks without a matched control: {kpis.picks_without_control:,}, left out where controls are needed.\n"
    yield f"- Method {about['method_version']}; changed settings: `{json.dumps(about['settings'])}`.\n"
    costs = about["costs"]
    yield f"- Costs per side: fee {costs['taker_fee_ratio']:.2%}, slippage {costs['slippage_ratio']:.2%}; no funding.\n"
    for note in about["notes"]:
        yield f"- {note[0].upper()}{note[1:]}.\n"
    yield "\n| series of the archive | contracts | rows | from | to |\n|---|---:|---:|---|---|\n"
    for name, one in about["series"].items():
        yield _series(name, one)
    yield f"\nNot known in these hours: {'; '.join(kpis.missing)}.\n"


def _series(name: str, one: Mapping[str, Any] | None) -> str:
    if not one or not one.get("rows"):
        return f"| {name} | - | - | absent | |\n"
    return f"| {name} | {one['contracts']:,} | {one['rows']:,} | {one['first'][:10]} | {one['last'][:10]} |\n"


def list_shown(told: Told) -> list[Kpi]:
    """Return every figure that stands in a table of the page."""
    tables = [table.kpis for table in _list_tables(told)]
    groups = (group for _, many in _list_groups(told.kpis) for group in many)
    return [*(kpi for table in tables for kpi in table), *(kpi for group in groups for kpi in _shown_of(group))]


class Table(NamedTuple):
    """A table of figures with what stands above it and the heading of its first column."""

    above: str
    first: str
    kpis: tuple[Kpi, ...]


def _list_tables(told: Told) -> tuple[Table, ...]:
    kpis = told.kpis
    drawn = f"{kpis.samples:,} samples, blocks of {kpis.blocks_h} h, seed {kpis.seed}"
    factors = "Hits of the hour's top less its bottom fifth; rank correlation with the return (IC)."
    return (
        Table(f"\n## Figures\n\n95 % intervals: {drawn}.\n\n", "figure", (*kpis.headline, *(told.paid or ()))),
        Table("\n## Hit rate by decile of the score\n\n10 is the highest.\n\n", "decile", kpis.hit_rate_by_decile),
        Table("\n", "does it rise?", kpis.monotonicity),
        Table(f"\n## Factors\n\n{factors}\n\n", "factor", kpis.factor_lift),
    )


def _list_groups(kpis: Kpis) -> tuple[tuple[str, tuple[Group, ...]], ...]:
    return ("By month", kpis.by_month), ("By status of the hour", kpis.by_status)


def _tables(told: Told) -> Iterator[str]:
    for table in _list_tables(told):
        yield table.above
        yield from _rows(table.first, table.kpis)
    for title, groups in _list_groups(told.kpis):
        yield f"\n## {title}\n\n"
        yield from _groups(groups)


def _rows(what: str, kpis: Iterable[Kpi]) -> Iterator[str]:
    yield f"| {what} | value | 95 % interval | n |\n|---|---:|---:|---:|\n"
    for kpi in kpis:
        title = TITLES.get(kpi.name) or title_of(kpi.name)
        yield f"| {title} | {show_value(kpi.value, kpi.unit)} | {show_interval(kpi)} | {kpi.n:,} |\n"


def _shown_of(group: Group) -> list[Kpi]:
    named = {kpi.name: kpi for kpi in group.kpis}
    return [named[name] for name in GROUPED]


def _groups(groups: Iterable[Group]) -> Iterator[str]:
    titles = " | ".join(title_of(name) for name in GROUPED)
    yield f"| | picks | {titles} |\n|---|---:|---:|---:|---:|---:|\n"
    for group in groups:
        kpis = _shown_of(group)
        cells = " | ".join(f"{show_value(kpi.value, kpi.unit)} ({show_interval(kpi)})" for kpi in kpis)
        yield f"| {group.name.replace('_', ' ')} | {kpis[0].n:,} | {cells} |\n"


def read(judged: Judged, market: Path | None) -> str:
    """Return the page of a finished replay; funding is measured where the market it was replayed from is given."""
    hours = judged.hours()
    kpis = build_kpis(judged.scan(), hours, SEED)
    settlements = None if market is None else load_settlements(market, judged.about)
    paid = None if settlements is None else rate_funding(build_population(judged.scan(), hours), settlements, SEED)
    return evidence_text(Told(judged.about, kpis, measure(judged.scan(), hours, judged.about, kpis), paid))


def main() -> None:
    """Write the page of the replay in the folder of the first argument into the file of the second.

    The third is the market; without it the one of `make evidence`, if it is there.
    """
    folder, page, *given = (Path(text) for text in sys.argv[1:])
    market = given[0] if given else MARKET if MARKET.is_dir() else None
    page.write_text(read(open_judged(folder), market), "utf-8")


if __name__ == "__main__":
    main()
