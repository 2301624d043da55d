"""From a replay to its page: the figures are those of the statistics, and the picks those of the archive."""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from evidence.made_judged import START_MS, Plan, make_judged
from page.made_page import read_page
from quantscout.errors import InputError
from quantscout.frames import DAY_MS, HOUR_MS
from quantscout.page.content import FUNNEL, PageContent
from quantscout.page.live_deciles import rate_deciles
from quantscout.page.picks import Chosen, list_picks
from quantscout.page.render import write_page
from quantscout_local.evidence.equity import build_equity
from quantscout_local.evidence.judged import ABOUT as ABOUT_FILE
from quantscout_local.evidence.judged import FORMAT, HOURS_FILE, part_name
from quantscout_local.evidence.judged import HOURS as HOURS_SCHEMA
from quantscout_local.evidence.judged import JUDGED as SCHEMA
from quantscout_local.evidence.kpis import build_kpis
from quantscout_local.evidence.page import Replayed, build_points, build_replay_content
from quantscout_local.evidence.page_command import Ask, load_bars, write_evidence
from quantscout_local.evidence.stats_population import build_population

MADE = make_judged(3, Plan(hours=300, contracts=80))
JUDGED = MADE.judged.with_columns(
    coin="contract",
    best_24h_ratio=pl.lit(0.2),
    worst_24h_ratio=pl.lit(-0.1),
    barrier=pl.lit(0, pl.Int8),
    barrier_h=pl.lit(24, pl.Int8),
)
HOURS = MADE.hours.with_columns(
    *(pl.lit(80).alias(name) for name in FUNNEL),
    level=pl.lit(3, pl.Int8),
    lacking=pl.when(pl.col("hour_ms") < START_MS + 10 * HOUR_MS)
    .then(pl.lit(["funding"]))
    .otherwise(pl.lit([], pl.List(pl.String))),
)
SPAN = {"first": "2025-09-13T08:00:00Z", "last": "2026-03-04T23:00:00Z"}
ABOUT: dict[str, Any] = {
    "market": "made up", "method_version": "1.1.0", "config_hash": "abc",
    "settings": {"unknown_passes": ["depth", "spread"]},
    "costs": {"taker_fee_ratio": 0.0005, "slippage_ratio": 0.001}, "exclusions": {"rows_funding_at_no_hour": 2},
    "notes": ["the archive holds what was there", "bars end somewhere"],
    "series": {
        "binance_um_1h.parquet": {"rows": 9, "contracts": 3, **SPAN},
        "binance_um_15m.parquet": {"absent": True},
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def replayed() -> Replayed:
    """Return a replay that is made up, with its figures."""
    return Replayed(JUDGED.lazy(), HOURS, ABOUT, build_kpis(JUDGED, HOURS, seed=1, samples=100))


@pytest.fixture(scope="module")
def content(replayed: Replayed) -> PageContent:
    """Return its page's content, without bars."""
    return build_replay_content(replayed, list_picks(JUDGED, HOURS), None)


def test_every_headline_figure_is_on_the_page(replayed: Replayed, content: PageContent) -> None:
    """Value and interval are taken over as they are, and each has a title of its own."""
    for kpi in replayed.kpis.headline:
        figure = content.figure(kpi.name)
        assert figure is not None
        assert (figure.value, figure.low, figure.high, figure.n) == (kpi.value, kpi.low, kpi.high, kpi.n)
        assert figure.title != kpi.name


def test_the_page_can_be_written_and_names_what_was_missing(content: PageContent) -> None:
    """Series, hours without, settings, survivorship and costs stand there in words."""
    text = " ".join(read_page(write_page(content)).all("body")[0].text.split())
    for part in ("10 of 300", "not there", "unknown_passes = depth, spread", "The archive holds what was there.",
                 "rows, funding at no hour", "0.30 % for buying and selling", "Bars end somewhere."):  # fmt: skip
        assert part in text.replace("\u00a0", " "), part


def test_all_picks_are_counted(content: PageContent) -> None:
    """Five an hour, with an outcome or lost."""
    assert content.basis.picks == 5 * HOURS.height
    lost = sum(count for reason, count in content.basis.lost.items() if "control" not in reason)
    assert content.basis.complete_picks + lost == content.basis.picks


def test_every_factor_has_its_line(content: PageContent) -> None:
    """The first figure of each is the difference that is drawn; a factor without data is there, and unknown."""
    assert {group.figures[0].name for group in content.factors} == {"lift_points"}
    values = {group.name: group.figures[0].value for group in content.factors}
    assert values["mom15m"] is not None
    assert values["social"] is None
    assert list(values)[-1] == "score"


def test_the_best_are_the_best_each_contract_once(content: PageContent) -> None:
    """As a naive sort of all picks finds them."""
    picks = list_picks(JUDGED, HOURS).filter(pl.col("outcome") == "complete").to_dicts()
    best: dict[str, float] = {}
    for pick in picks:
        best[pick["contract"]] = max(best.get(pick["contract"], -9), pick["net_return_24h_ratio"])
    expected = sorted(best.values(), reverse=True)[:10]
    assert [pick.net_return_ratio for pick in content.best] == pytest.approx(expected)
    worst = [pick.net_return_ratio for pick in content.worst]
    assert worst == sorted(worst)
    names = [pick.contract for pick in (*content.best, *content.worst)]
    assert len(names) == len(set(names)) == 20


def test_the_days_of_the_curve_are_its_hours(content: PageContent) -> None:
    """The last hour's capital, and the deepest drawdown, of each day (a naive second way)."""
    series = build_equity(build_population(JUDGED, HOURS)).series
    days: dict[int, list[tuple[float, float]]] = {}
    for hour_ms, capital, drawdown in series.select("hour_ms", "equity", "drawdown_ratio").rows():
        days.setdefault(hour_ms - hour_ms % DAY_MS, []).append((capital, drawdown))
    expected = [(day, hours[-1][0], -max(depth for _, depth in hours)) for day, hours in days.items()]
    assert [(point.at_ms, point.capital, point.drawdown_ratio) for point in build_points(series)] == expected
    assert content.equity == build_points(series)
    assert all(after.at_ms - before.at_ms == DAY_MS for before, after in pairwise(content.equity))


def test_the_live_deciles_are_those_of_the_statistics(replayed: Replayed) -> None:
    """Two ways to the same rates: the function's own, and those with intervals."""
    live = rate_deciles(JUDGED, "rows")
    assert [figure.value for figure in live] == pytest.approx([kpi.value for kpi in replayed.kpis.hit_rate_by_decile])
    assert [figure.n for figure in live] == [kpi.n for kpi in replayed.kpis.hit_rate_by_decile]


def make_archive(folder: Path, hours: int) -> Path:
    """Write an archive of one contract's bars."""
    opens = [START_MS + hour * HOUR_MS for hour in range(hours)]
    prices = {name: [1.0] * hours for name in ("open", "high", "low", "close", "volume", "quote_volume")}
    frame = pl.DataFrame({"symbol": ["AUSDT"] * hours, "open_time": opens, **prices, "trades": [1] * hours})
    frame.write_parquet(folder / "binance_um_1h.parquet")
    return folder


def make_chosen() -> Chosen:
    """Return one chosen pick at the second hour."""
    rows = pl.DataFrame({"contract": ["AUSDT"], "hour_ms": [START_MS + HOUR_MS]})
    return Chosen(rows, rows.clear())


def test_the_bars_of_a_pick_are_its_day(tmp_path: Path) -> None:
    """From the hour on, 24 of them."""
    bars = load_bars(make_archive(tmp_path, 40), make_chosen())
    assert bars["open_ms"].sort().to_list() == [START_MS + hour * HOUR_MS for hour in range(1, 25)]
    assert bars["venue"].unique().to_list() == ["binance"]


def test_another_archive_is_refused(tmp_path: Path) -> None:
    """One that ends too early cannot be the one that was replayed."""
    with pytest.raises(InputError, match="give with --market the archive that was replayed"):
        load_bars(make_archive(tmp_path, 20), make_chosen())


def make_replay(folder: Path) -> Path:
    """Write the made-up replay as a finished one."""
    about = ABOUT | {"format": FORMAT, "parts": [part_name("2026-01")]}
    for name, rows, schema in ((part_name("2026-01"), JUDGED, SCHEMA), (HOURS_FILE, HOURS, HOURS_SCHEMA)):
        pl.concat([pl.DataFrame(schema=dict(schema)), rows], how="diagonal_relaxed").write_parquet(folder / name)
    (folder / ABOUT_FILE).write_text(json.dumps(about), encoding="utf-8")
    return folder


def test_the_command_writes_the_same_page_twice(tmp_path: Path) -> None:
    """One file in a folder that is made for it; the same replay and seed give the same bytes."""
    folder = make_replay(tmp_path)
    asked = [Ask(folder, None, tmp_path / "new" / f"{number}.html", 1, 100, 24, 1) for number in (1, 2)]
    sizes = [write_evidence(ask) for ask in asked]
    pages = [ask.out.read_bytes() for ask in asked]
    assert pages[0] == pages[1]
    assert sizes == [len(page) for page in pages]


def test_a_page_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    """The message names the file and what to do."""
    with pytest.raises(InputError, match="choose another --out"):
        write_evidence(Ask(make_replay(tmp_path), None, tmp_path, 1, 100, 24, 1))


def test_without_a_replay_there_is_no_page(tmp_path: Path) -> None:
    """The message names the next step."""
    with pytest.raises(InputError, match="run quantscout replay again"):
        write_evidence(Ask(tmp_path, None, tmp_path / "page.html", 1, 100, 24, 1))
