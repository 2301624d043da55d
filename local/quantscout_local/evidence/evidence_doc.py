"""docs/evidence.md: what the replay of an archive measured, as text. Written by `make evidence`, never by hand."""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from quantscout.page.titles import title_of
from quantscout_local.evidence.judged import Judged, open_judged
from quantscout_local.evidence.kpis import build_kpis
from quantscout_local.evidence.kpis_models import Group, Kpi, Kpis
from quantscout_local.evidence.kpis_table import show_interval, show_value

SEED = 1
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


def evidence_text(about: Mapping[str, Any], kpis: Kpis) -> str:
    """Return the page of a replay and its figures."""
    return "".join([HEAD, *_answer(kpis), *_basis(about, kpis), *_tables(kpis), FOOT])


def _answer(kpis: Kpis) -> Iterator[str]:
    verdict = kpis.verdict
    yield "\n## The answer\n"
    for line in (
        verdict.sentence,
        verdict.direction,
        verdict.money,
        _say_deciles(kpis),
        _say_rank(kpis),
        verdict.caution,
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
        f"({show_interval(ic)}): below 0, a higher score went with a lower return of the typical contract."
    )


def _basis(about: Mapping[str, Any], kpis: Kpis) -> Iterator[str]:
    statuses = ", ".join(f"{count:,} {status}" for status, count in kpis.hours_by_status.items())
    lost = ", ".join(f"{count:,} {reason}" for reason, count in kpis.picks_without_outcome.items()) or "none"
    yield "\n## What it rests on\n\n"
    yield f"- Hours: {about['hours']:,} replayed, {about['first_hour']} to {about['last_hour']}; {statuses} measured.\n"
    yield f"- Rows: {kpis.rows:,} judged contracts; {kpis.picks:,} picks with a whole outcome; without: {lost}.\n"
    yield f"- Picks without a matched control: {kpis.picks_without_control:,}, left out where controls are needed.\n"
    yield f"- Method {about['method_version']}; changed settings: `{json.dumps(about['settings'])}`.\n"
    costs = about["costs"]
    yield f"- Costs per side: fee {costs['taker_fee_ratio']:.2%}, slippage {costs['slippage_ratio']:.2%}.\n"
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


def _tables(kpis: Kpis) -> Iterator[str]:
    drawn = f"{kpis.samples:,} samples, blocks of {kpis.blocks_h} h, seed {kpis.seed}"
    yield f"\n## Figures\n\n95 % intervals: {drawn}.\n\n"
    yield from _rows("figure", kpis.headline)
    yield "\n## Hit rate by decile of the score\n\n10 is the highest.\n\n"
    yield from _rows("decile", kpis.hit_rate_by_decile)
    yield "\n"
    yield from _rows("does it rise?", kpis.monotonicity)
    yield "\n## Factors\n\nHits of the hour's top less its bottom fifth; rank correlation with the return (IC).\n\n"
    yield from _rows("factor", kpis.factor_lift)
    for title, groups in (("By month", kpis.by_month), ("By status of the hour", kpis.by_status)):
        yield f"\n## {title}\n\n"
        yield from _groups(groups)


def _rows(what: str, kpis: Iterable[Kpi]) -> Iterator[str]:
    yield f"| {what} | value | 95 % interval | n |\n|---|---:|---:|---:|\n"
    for kpi in kpis:
        yield f"| {title_of(kpi.name)} | {show_value(kpi.value, kpi.unit)} | {show_interval(kpi)} | {kpi.n:,} |\n"


def _groups(groups: Iterable[Group]) -> Iterator[str]:
    names = ("precision_at_5", "base_rate", "lift_over_matched_points", "mean_net_return_24h")
    yield f"| | picks | {' | '.join(title_of(name) for name in names)} |\n|---|---:|---:|---:|---:|---:|\n"
    for group in groups:
        named = {kpi.name: kpi for kpi in group.kpis}
        cells = (f"{show_value(named[n].value, named[n].unit)} ({show_interval(named[n])})" for n in names)
        yield f"| {group.name.replace('_', ' ')} | {named[names[0]].n:,} | {' | '.join(cells)} |\n"


def read(judged: Judged) -> str:
    """Return the page of a finished replay."""
    return evidence_text(judged.about, build_kpis(judged.scan(), judged.hours(), SEED))


def main() -> None:
    """Write the page of the replay in the folder of the first argument into the file of the second."""
    folder, page = (Path(text) for text in sys.argv[1:3])
    page.write_text(read(open_judged(folder)), "utf-8")


if __name__ == "__main__":
    main()
