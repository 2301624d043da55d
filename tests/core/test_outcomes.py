"""Outcomes: examples by hand, and what must not happen."""

import polars as pl
import pytest

from quantscout.errors import InputError
from quantscout.frames import HOUR_MS
from quantscout.outcomes import FIGURES, OUTCOMES, Costs, build_outcomes

H = 1_772_366_400_000
"""2026-03-01T12:00Z."""
FLAT = (100.0, 101.0, 99.0, 100.0)
Prices = tuple[float, float, float, float]


def _bars(changed: dict[int, Prices] | None = None, hours: int = 24, contract: str = "AUSDT") -> pl.DataFrame:
    """Return bars from H on around 100, some of them changed, by the hours after H at which they open."""
    rows = [
        ("binance", contract, H + hour * HOUR_MS, *prices)
        for hour, prices in sorted((dict.fromkeys(range(hours), FLAT) | (changed or {})).items())
    ]
    return pl.DataFrame(rows, orient="row", schema=["venue", "contract", "open_ms", "open", "high", "low", "close"])


def _of(bars: pl.DataFrame, hour_ms: int = H, costs: Costs | None = None) -> dict[str, object]:
    return build_outcomes(bars, costs).row(by_predicate=pl.col("hour_ms") == hour_ms, named=True)


def test_returns_are_of_the_bars_that_close_1_4_and_24_hours_after() -> None:
    """The entry is the open of the bar that opens at H; the returns are of the closes at H + 1, 4 and 24 h."""
    closes: dict[int, Prices] = {0: (100, 101, 99, 101), 3: (100, 101, 99, 98), 23: (100, 104, 99, 103)}
    row = _of(_bars(closes))
    found = [row[f"return_{hours}h_ratio"] for hours in (1, 4, 24)]
    assert found == pytest.approx([0.01, -0.02, 0.03])
    assert row["entry_price"] == 100.0


def test_excursions_reach_over_the_whole_day() -> None:
    """Best and worst are the highest high and the lowest low of the 24 bars, the last one included."""
    row = _of(_bars({5: (100, 100, 96, 100), 23: (100, 107, 99, 100)}))
    assert (row["best_24h_ratio"], row["worst_24h_ratio"]) == pytest.approx((0.07, -0.04))


def test_the_25th_bar_is_not_looked_at() -> None:
    """A bar that opens 24 h after H belongs to the next day."""
    row = _of(_bars({24: (100, 150, 50, 140)}, hours=26))
    assert (row["hit10"], row["barrier"], row["return_24h_ratio"]) == (False, 0, 0.0)


def test_the_entry_bar_counts() -> None:
    """The bar of the entry is the first of the 24: its high may be the hit."""
    row = _of(_bars({0: (100, 111, 99, 100)}))
    assert (row["hit10"], row["barrier"], row["barrier_h"], row["barrier_return_ratio"]) == (True, 1, 1, 0.10)


def test_both_barriers_in_one_bar_count_as_the_loss() -> None:
    """Nobody knows which came first within a bar, so the loss is taken; the day still has its hit."""
    row = _of(_bars({7: (100, 112, 94, 100)}))
    assert (row["barrier"], row["barrier_h"], row["barrier_return_ratio"]) == (-1, 8, -0.05)
    assert row["hit10"] is True


@pytest.mark.parametrize(("up", "down", "barrier", "hour"), [(3, 9, 1, 4), (9, 3, -1, 4)])
def test_the_barrier_that_is_reached_first_decides(up: int, down: int, barrier: int, hour: int) -> None:
    """Whatever comes after the first barrier changes nothing of it."""
    row = _of(_bars({up: (100, 115, 99, 100), down: (100, 101, 90, 100)}))
    assert (row["barrier"], row["barrier_h"]) == (barrier, hour)


def test_without_a_barrier_time_decides() -> None:
    """After 24 h the trade ends at the close of the day."""
    row = _of(_bars({23: (100, 105, 99, 104)}))
    assert (row["barrier"], row["barrier_h"]) == (0, 24)
    assert row["barrier_return_ratio"] == pytest.approx(0.04)


@pytest.mark.parametrize("entry", [0.3, 0.07, 1.7e-5, 3.0, 61234.5])
def test_a_price_on_the_barrier_has_reached_it(entry: float) -> None:
    """A decimal price of exactly +10 % or -5 % counts, whatever binary makes of it."""
    quiet = (entry, entry, entry, entry)
    up = _of(_bars(dict.fromkeys(range(24), quiet) | {2: (entry, entry * 110 / 100, entry, entry)}))
    down = _of(_bars(dict.fromkeys(range(24), quiet) | {2: (entry, entry, entry * 95 / 100, entry)}))
    assert (up["hit10"], up["barrier"], down["barrier"]) == (True, 1, -1)


def test_costs_are_of_both_sides() -> None:
    """The net return is the day's return less fee and slippage, of buying and of selling."""
    bars = _bars({23: (100, 105, 99, 104)})
    assert _of(bars)["net_return_24h_ratio"] == pytest.approx(0.04 - 0.003)
    assert _of(bars, costs=Costs(0.001, 0.004))["net_return_24h_ratio"] == pytest.approx(0.04 - 0.01)


@pytest.mark.parametrize("hole", [1, 12, 23])
def test_a_missing_bar_makes_the_day_incomplete(hole: int) -> None:
    """Where one of the 24 bars is missing nothing but the entry is known: no bar from beside it is taken."""
    row = _of(_bars(hours=30).filter(pl.col("open_ms") != H + hole * HOUR_MS))
    assert (row["outcome"], row["entry_price"]) == ("incomplete", 100.0)
    assert all(row[name] is None for name in FIGURES if name != "entry_price")


def test_an_hour_without_a_bar_has_no_entry() -> None:
    """Where a contract's bars end or pause, the next hour is named as one that nobody could have entered."""
    row = _of(_bars(hours=30).filter(pl.col("open_ms") != H + 4 * HOUR_MS), H + 4 * HOUR_MS)
    assert row["outcome"] == "no_entry"
    assert all(row[name] is None for name in FIGURES)


def test_hours_before_the_first_bar_are_not_listed() -> None:
    """A contract has rows from its first bar to the hour after its last."""
    hours = build_outcomes(_bars(hours=24))["hour_ms"]
    assert (hours.min(), hours.max(), hours.len()) == (H, H + 24 * HOUR_MS, 25)


def test_a_day_never_spans_two_contracts() -> None:
    """The bars of the next contract are not taken for the missing ones of the one before."""
    after = _bars(hours=24, contract="BUSDT").with_columns(pl.col("open_ms") + 12 * HOUR_MS)
    first = pl.concat([_bars(hours=12), after])
    found = build_outcomes(first).filter(pl.col("hour_ms") == H)
    assert found.select("contract", "outcome").rows() == [("AUSDT", "incomplete")]


def test_the_same_name_at_two_venues_is_two_contracts() -> None:
    """Venue and contract together are the key."""
    both = pl.concat([_bars(), _bars({0: (100, 120, 99, 100)}).with_columns(pl.lit("kucoin").alias("venue"))])
    found = build_outcomes(both).filter(pl.col("outcome") == "complete")
    assert found.select("venue", "hit10").rows() == [("binance", False), ("kucoin", True)]


def test_no_bars_give_no_rows_of_the_same_schema() -> None:
    """An empty frame is an answer, not a failure."""
    assert build_outcomes(_bars().clear()).schema == pl.Schema(OUTCOMES) == build_outcomes(_bars()).schema


def test_a_bar_that_stands_twice_is_refused() -> None:
    """Two bars of one hour cannot both be right: the message names the contract and the hour."""
    with pytest.raises(InputError, match=r"binance:AUSDT at 2026-03-01T15:00:00Z stands twice"):
        build_outcomes(pl.concat([_bars(), _bars().slice(3, 1)]))


def test_a_bar_at_no_full_hour_is_refused() -> None:
    """A bar that opens at half past would be looked up wrongly."""
    with pytest.raises(InputError, match="opens at no full hour"):
        build_outcomes(_bars().with_columns(pl.col("open_ms") + 1_800_000))


@pytest.mark.parametrize("cost", [-0.001, 1.0, float("nan")])
def test_costs_that_are_no_fractions_are_refused(cost: float) -> None:
    """A cost in percent, or below nothing, is a mistake of the caller."""
    with pytest.raises(InputError, match="slippage_ratio"):
        Costs(slippage_ratio=cost)
