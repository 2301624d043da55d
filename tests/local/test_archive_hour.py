"""An archive's hour decided in this process is the hour that the whole pipeline decides over sockets."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from quantscout.clock import from_ms, parse_hour, to_ms
from quantscout.decide import Decision, funnel
from quantscout.errors import InputError
from quantscout.frames import HOUR_MS, MINUTE_MS
from quantscout.gates import LEVELS
from quantscout.models import Report
from quantscout.report import config_hash
from quantscout.store import Store
from quantscout_local.archive_hour import Archive, ArchiveHour, lacking, open_archive
from quantscout_local.hour import REAL_ONLY_SETTINGS, read_universe
from quantscout_local.simulator.market import Contract, Market
from quantscout_local.simulator.series import Bars, Points
from quantscout_local.stack import LocalStack

FOLDER = Path(__file__).parents[3] / "shared" / "market"
NOON = to_ms(parse_hour("2026-03-01T12:00Z"))
AUTUMN = to_ms(parse_hour("2025-11-10T12:00Z"))
NAMES = ("fate", "reason", "reason_value", "reason_limit", "rank", "flags", "identity_status", "in_scored_set")
NUMBERS = (
    *("score", "coverage", "penalty", "boost", "close", "volume_24h_usdt", "adv30_usdt", "atr_pct", "listed_days"),
    *(
        "funding_rate_ratio",
        "funding_8h_ratio",
        "funding_z",
        "funding_change_z",
        "oi_change_4h_pct",
        "min_notional_usdt",
    ),
)

needs_market = pytest.mark.skipif(not FOLDER.is_dir(), reason=f"the market archive is not there: {FOLDER}")


class Screened(NamedTuple):
    """What the whole pipeline stored for an hour."""

    report: Report
    universe: pl.DataFrame


@pytest.fixture(scope="module")
def archive() -> Archive:
    """Return the real archive."""
    return open_archive(FOLDER)


def screened(stack: LocalStack, hour_ms: int) -> Screened:
    """Return an hour of the stack, backfilled and screened as `quantscout run` does."""
    event = {"at": from_ms(hour_ms).strftime("%Y-%m-%dT%H:%M:%SZ")}
    while any(venue["remaining"] for venue in stack.invoke("backfill", event)["venues"]):
        pass  # as the schedule would go on
    summary = stack.invoke("screen", event)
    report, universe = Store(stack.table).load_report(hour_ms), read_universe(stack, summary, hour_ms)
    assert report is not None
    assert universe is not None
    return Screened(report, universe)


@pytest.fixture(scope="module")
def over_sockets() -> Iterator[dict[int, Screened]]:
    """Return both hours by the whole pipeline, the earlier one first, from one stack."""
    with LocalStack(from_ms(AUTUMN), FOLDER, real_only=True, keys=False, settings_json=REAL_ONLY_SETTINGS) as stack:
        autumn = screened(stack, AUTUMN)
        stack.move_to(from_ms(NOON))
        yield {AUTUMN: autumn, NOON: screened(stack, NOON)}


@pytest.mark.e2e
@needs_market
@pytest.mark.parametrize("hour_ms", [AUTUMN, NOON], ids=["2025-11-10T12", "2026-03-01T12"])
def test_the_decision_is_that_of_the_pipeline(
    archive: Archive, over_sockets: dict[int, Screened], hour_ms: int
) -> None:
    """Level, five, scores, funnel and every contract's reason are what the real handlers came to over sockets."""
    hour, (report, universe) = archive.hour(hour_ms), over_sockets[hour_ms]
    decision = archive.decide(hour, archive.settings)
    assert report.config_hash == config_hash(archive.settings)
    assert report.gate_level == (None if decision.level is None else LEVELS[decision.level])
    assert report.regime.name == hour.regime.name
    assert report.regime.inputs == pytest.approx(hour.regime.inputs, abs=1e-9)
    assert report.funnel.model_dump() == funnel(decision.universe)
    assert [(gem.symbol, gem.exchange) for gem in report.ranked_gems] == five(decision)
    theirs, ours = (
        frame.sort("venue", "contract").select("venue", "contract", *NAMES, *NUMBERS)
        for frame in (universe, decision.universe)
    )
    assert_frame_equal(theirs, ours, check_dtypes=False, check_exact=False, rel_tol=1e-9, abs_tol=1e-9)


def five(decision: Decision) -> list[tuple[str, str]]:
    """Return symbol and venue of the first five ranks."""
    ranked = decision.universe.filter((pl.col("fate") == "ranked") & (pl.col("rank") <= 5))
    return ranked.sort("rank").select("symbol", "venue").rows()


def rows_later_than(hour: ArchiveHour) -> int:
    """Return how many rows of an hour's frames were not known when it closed."""
    details, now = hour.evidence.details, hour.hour_ms
    return sum(
        frame.filter(pl.col(column) > last).height
        for frame, column, last in (
            (hour.bars, "open_ms", now - HOUR_MS),
            (details.last_15m, "open_ms", now - 15 * MINUTE_MS),
            (details.open_interest, "at_ms", now),
            (details.funding, "settled_ms", now),
            (hour.listing, "listed_ms", now - HOUR_MS),
        )
    )


@pytest.mark.e2e  # not for sockets: opening the archive takes 6 s on a free machine, too long for `make unit`
@needs_market
def test_nothing_in_an_hour_is_later_than_the_hour(archive: Archive) -> None:
    """Bars closed, settlements and open interest stood when the hour closed, in hours all over the range."""
    hours = archive.hours()
    for hour_ms in hours[:: len(hours) // 7]:
        assert rows_later_than(archive.hour(hour_ms)) == 0


@pytest.mark.e2e  # not for sockets: opening the archive takes 6 s on a free machine, too long for `make unit`
@needs_market
def test_an_hour_without_whole_series_says_which(archive: Archive) -> None:
    """In November 2025 neither funding nor open interest is recorded: words, no exception, and picks that say so."""
    hour = archive.hour(AUTUMN)
    assert lacking(hour)[:3] == ["funding", "open interest at the hour and 4 h before", "15m bars"]
    decision = archive.decide(hour, archive.settings)
    assert decision.level == LEVELS.index("L3")
    ranked = decision.universe.filter(pl.col("fate") == "ranked")
    assert ranked["flags"].list.contains("funding_unknown").all()
    assert ranked["coverage"].unique().to_list() == [pytest.approx(0.43)]


@pytest.mark.e2e  # not for sockets: opening the archive takes 6 s on a free machine, too long for `make unit`
@needs_market
def test_an_hour_outside_the_range_is_refused_with_the_range(archive: Archive) -> None:
    """The sentence names the hours between which one may choose."""
    with pytest.raises(InputError, match=r"does not cover the hour 2030-01-01T00:00Z: choose .* 2026-03-05T00:00Z"):
        archive.hour(to_ms(parse_hour("2030-01-01T00:00Z")))


def test_a_folder_without_series_is_refused(tmp_path: Path) -> None:
    """The sentence names the first file that is not there, and what to give instead."""
    with pytest.raises(InputError, match=r"binance_um_1h\.parquet is not there: give the folder of a market archive"):
        open_archive(tmp_path)


def test_a_market_that_is_not_of_recorded_series_is_refused() -> None:
    """Simulated numbers never pass as recorded ones."""
    with pytest.raises(InputError, match="not an archive of recorded series alone"):
        Archive(dataclasses.replace(small_market(), real_only=False))


def small_market(omitted: frozenset[int] = frozenset(), hours: int = 100) -> Market:
    """Return one contract's hours from hour 0, without the omitted ones, and nothing else of it."""
    opens = np.array([k * HOUR_MS for k in range(hours) if k not in omitted])
    price, amount = np.full(len(opens), 2.0), np.full(len(opens), 5.0)
    nothing = np.full(len(opens), np.nan)
    bars = Bars(opens, price, price, price, price, amount, amount, opens // HOUR_MS, nothing, nothing)
    contract = Contract(symbol="BTCUSDT", base="BTC", coin="BTC", bars=bars)
    return Market(
        name="small",
        source="a small market",
        synthetic=False,
        real_only=True,
        binance={"BTCUSDT": contract},
        kucoin={},
        hours_ms=opens + HOUR_MS,
    )


def test_a_bar_that_was_omitted_is_filled_only_once_the_next_one_is_there() -> None:
    """The hole is filled between two bars; while its end lies in the future it is none."""
    archive = Archive(small_market(omitted=frozenset({97, 98})))
    assert archive.hour(97 * HOUR_MS).bars.filter("filled").height == 0
    filled = archive.hour(100 * HOUR_MS).bars.filter("filled")
    assert filled["open_ms"].to_list() == [97 * HOUR_MS, 98 * HOUR_MS]
    assert filled["volume_usdt"].to_list() == [0.0, 0.0]


def test_a_settlement_that_is_stamped_late_comes_an_hour_later() -> None:
    """A run at the full hour cannot have seen what was stamped 3 ms after it."""
    market = small_market()
    funding = Points(np.array([72 * HOUR_MS, 80 * HOUR_MS + 3]), np.array([1e-4, 2e-4]))
    contract = dataclasses.replace(market.binance["BTCUSDT"], funding=funding)
    archive = Archive(dataclasses.replace(market, binance={"BTCUSDT": contract}))
    settled = [archive.hour(h * HOUR_MS).evidence.details.funding["settled_ms"].to_list() for h in (80, 81)]
    assert settled == [[72 * HOUR_MS], [72 * HOUR_MS, 80 * HOUR_MS]]


def test_hours_have_enough_hours_behind_them() -> None:
    """The first hour that is offered is the one with 60 recorded hours before it."""
    hours = Archive(small_market()).hours()
    assert (hours[0] // HOUR_MS, hours[-1] // HOUR_MS) == (61, 100)


def test_an_hour_without_funding_is_judged_by_its_other_gates() -> None:
    """An hour names the funding that it lacks, and no contract is stopped for it."""
    archive = Archive(small_market())
    hour = archive.hour(100 * HOUR_MS)
    assert "funding" in lacking(hour)
    assert archive.decide(hour, archive.settings).universe["reason"].to_list() == ["volume_24h_low"]


def test_a_broken_bar_is_dropped_and_its_hole_is_not_filled() -> None:
    """A bar whose low is above its high never enters an hour, as in the pipeline."""
    market = small_market()
    contract = market.binance["BTCUSDT"]
    low = contract.bars.low.copy()
    low[90] = 3.0
    broken = dataclasses.replace(contract, bars=contract.bars._replace(low=low))
    opens = Archive(dataclasses.replace(market, binance={"BTCUSDT": broken})).hour(100 * HOUR_MS).bars["open_ms"]
    assert set(range(100)) - {open_ms // HOUR_MS for open_ms in opens.to_list()} == {90}
