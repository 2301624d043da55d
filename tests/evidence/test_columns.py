"""Windows, funding, details and decisions over all hours at once, against the product's own functions hour by hour."""

import numpy as np
import polars as pl
import pytest

from evidence.made_archive import START_MS
from quantscout.frames import BARS, HOUR_MS, KEY, conform
from quantscout.positions import build_funding
from quantscout.settings import Settings
from quantscout.windows import build_windows
from quantscout_local.evidence.columns import FIGURES, build_columns
from quantscout_local.evidence.columns_details import Details, add_details
from quantscout_local.evidence.columns_funding import Rates, add_current, add_funding
from quantscout_local.evidence.replay_bars import find_runs

NAMES = pl.Enum(["A", "B", "C"])
VENUE = pl.Enum(["binance"])


def make_bars(hours: int, seed: int, names: tuple[str, ...] = ("A", "B", "C")) -> pl.DataFrame:
    """Return verified bars without holes, contracts beginning at different hours."""
    rng, parts = np.random.default_rng(seed), []
    for number, name in enumerate(names):
        first = 37 * number
        close = 10 * np.exp(np.cumsum(rng.normal(0, 0.02, hours)))
        opened = np.concatenate([[10.0], close[:-1]])
        usdt = 10 ** rng.uniform(0, 9, hours)
        frame = pl.DataFrame(
            {
                "venue": "binance", "contract": name, "open_ms": START_MS + HOUR_MS * np.arange(hours),
                "open": opened, "high": np.maximum(opened, close) * 1.003, "low": np.minimum(opened, close) / 1.004,
                "close": close, "volume_coins": usdt / close, "volume_usdt": usdt, "taker_buy_usdt": usdt / 3,
                "filled": False,
            }
        )  # fmt: skip
        parts.append(conform(frame, BARS)[first:])
    return pl.concat(parts).with_columns(pl.col("contract").cast(NAMES), pl.col("venue").cast(VENUE))


@pytest.mark.parametrize("history_h", [60, 61, 72, 167, 168, 169, 170, 171])
def test_windows_of_every_hour_are_those_of_the_hour_alone(history_h: int) -> None:
    """Every figure of every contract in every third hour: in the first window, within the first, and after it."""
    bars = make_bars(330, history_h)
    columns = build_columns(find_runs(bars), START_MS, history_h)
    assert columns["regular"].all()
    for hour_ms in range(START_MS + HOUR_MS, START_MS + 330 * HOUR_MS, 3 * HOUR_MS):
        known = bars.filter(pl.col("open_ms") < hour_ms)
        alone = build_windows(known, hour_ms, history_h).select(*KEY, *FIGURES)
        assert_same(columns.filter(pl.col("hour_ms") == hour_ms).select(*KEY, *FIGURES), alone)


def assert_same(one: pl.DataFrame, other: pl.DataFrame) -> None:
    """Hold two frames against each other: the same nulls, and figures equal to 1e-9."""
    assert one["contract"].to_list() == other["contract"].to_list()
    for name in one.columns[2:]:
        left, right = one[name].cast(pl.Float64), other[name].cast(pl.Float64)
        assert left.is_null().to_list() == right.is_null().to_list(), name
        worst = ((left - right).abs() / right.abs().clip(1e-12)).max()
        assert worst is None or worst < 1e-9, name  # type: ignore[operator]


def test_a_chunk_that_begins_later_has_the_same_figures() -> None:
    """What stands before the trailing window changes nothing: months may be computed one by one."""
    bars, history_h, first_ms = make_bars(400, 5), 72, START_MS + 250 * HOUR_MS
    whole = build_columns(find_runs(bars), first_ms, history_h)
    late = bars.filter(pl.col("open_ms") >= first_ms - (history_h + 1) * HOUR_MS)
    assert_same(
        build_columns(find_runs(late), first_ms, history_h).drop("hour_ms", "regular"), whole.drop("hour_ms", "regular")
    )


@pytest.mark.parametrize("seed", range(8))
def test_a_window_without_trades_has_no_volume_at_all(seed: int) -> None:
    """Rolling sums keep a rest of what has left them: the figures must be 0, not nearly so, or ties would break."""
    calm = pl.col("open_ms") >= START_MS + 100 * HOUR_MS
    bars = make_bars(200, seed).with_columns(pl.when(calm).then(0.0).otherwise("volume_usdt").alias("volume_usdt"))
    columns = build_columns(find_runs(bars), START_MS + 180 * HOUR_MS, 72)
    assert columns["adv30_usdt"].unique().to_list() == [0.0]
    assert columns["volume_24h_usdt"].unique().to_list() == [0.0]


def test_a_window_that_begins_among_filled_bars_is_not_regular() -> None:
    """Bars filled before a window's first real one are not of that window: such hours go by windows.py."""
    bars, history_h = make_bars(200, 1, ("A",)), 72
    hole = (pl.col("open_ms") - START_MS) // HOUR_MS
    filled = bars.with_columns(hole.is_between(50, 54).alias("filled"))
    columns = build_columns(find_runs(filled), START_MS, history_h)
    odd = ((columns.filter(~pl.col("regular"))["hour_ms"] - START_MS) // HOUR_MS - 1).to_list()
    assert odd == [hour + history_h for hour in range(50, 55)]


def test_a_window_that_reaches_into_an_earlier_run_is_not_regular() -> None:
    """A hole that is not filled parts two runs: until it has left the window, both belong to it."""
    bars, history_h = make_bars(200, 1, ("A",)), 72
    broken = bars.filter(pl.col("open_ms") != START_MS + 60 * HOUR_MS)
    columns = build_columns(find_runs(broken), START_MS, history_h)
    odd = ((columns.filter(~pl.col("regular"))["hour_ms"] - START_MS) // HOUR_MS - 1).to_list()
    assert odd == list(range(61, 60 + history_h))


def make_rates(every_h: int, hours: int, seed: int) -> pl.DataFrame:
    """Return frames.FUNDING of one contract with known_ms; the rates have eight decimals."""
    rng = np.random.default_rng(seed)
    times = START_MS + HOUR_MS * np.arange(0, hours, every_h)
    rates = np.round(rng.normal(1e-4, 1e-4, len(times)), 8)
    late = rng.integers(0, 2, len(times))
    return pl.DataFrame(
        {
            "venue": "binance",
            "contract": "A",
            "settled_ms": times,
            "rate_ratio": rates,
            "known_ms": times + late * HOUR_MS,
        }
    ).with_columns(pl.col("contract").cast(NAMES), pl.col("venue").cast(VENUE))


@pytest.mark.parametrize("every_h", [1, 4, 8])
def test_funding_of_every_hour_is_that_of_the_hour_alone(every_h: int) -> None:
    """Both z-scores, from the first settlement until the oldest ones have left the 30 days."""
    verified = make_rates(every_h, 24 * 34, every_h)
    interval = pl.lit(every_h, pl.Int64).alias("funding_interval_h")
    recorded = verified.select("contract", "known_ms", pl.col("rate_ratio").alias("funding_rate_ratio"), interval)
    rates = Rates.of(recorded, verified, [])
    hours = pl.DataFrame({"hour_ms": START_MS + HOUR_MS * np.arange(24 * 34)}).with_columns(
        pl.lit("binance").cast(VENUE).alias("venue"), pl.lit("A").cast(NAMES).alias("contract")
    )
    settings = Settings(min_settlements=5)
    found = add_funding(add_current(hours, recorded), rates, settings)
    for row in found.filter(pl.col("funding_rate_ratio").is_not_null())[::17].iter_rows(named=True):
        current = found.filter(pl.col("hour_ms") == row["hour_ms"])
        known = verified.filter(pl.col("known_ms") <= row["hour_ms"]).drop("known_ms")
        alone = build_funding(current.drop("funding_z", "funding_change_z"), known, row["hour_ms"], settings)
        for name in ("funding_z", "funding_change_z"):
            value = alone[name].item()
            close = value if value is None else pytest.approx(value, rel=1e-9, abs=1e-12)
            assert row[name] == close, (row["hour_ms"], name)


def test_a_flat_rate_has_no_spread() -> None:
    """Equal settlements give z = 0, exactly, after others have left the sample."""
    verified = make_rates(8, 24 * 70, 1)
    calm = pl.col("settled_ms") > START_MS + 24 * 10 * HOUR_MS
    verified = verified.with_columns(pl.when(calm).then(5e-5).otherwise(-0.02).alias("rate_ratio"))
    interval = pl.lit(8, pl.Int64).alias("funding_interval_h")
    recorded = verified.select("contract", "known_ms", pl.col("rate_ratio").alias("funding_rate_ratio"), interval)
    hours = pl.DataFrame({"hour_ms": [START_MS + 24 * 60 * HOUR_MS]}).with_columns(
        pl.lit("binance").cast(VENUE).alias("venue"), pl.lit("A").cast(NAMES).alias("contract")
    )
    found = add_funding(add_current(hours, recorded), Rates.of(recorded, verified, []), Settings())
    assert found.select("funding_z", "funding_change_z").row(0) == (0.0, 0.0)


def test_open_interest_is_looked_up_at_exact_hours() -> None:
    """A change needs the figure of the hour and of four hours before; a past of 0 is none."""
    held = pl.DataFrame(
        {
            "contract": ["A"] * 4,
            "hour_ms": [START_MS + HOUR_MS * h for h in (0, 4, 8, 13)],
            "coins": [100.0, 110.0, 0.0, 5.0],
        }
    ).with_columns(pl.col("contract").cast(NAMES))
    quarters = pl.DataFrame(
        schema={"contract": NAMES, "hour_ms": pl.Int64, "open_15m": pl.Float64, "close_15m": pl.Float64}
    )
    rows = pl.DataFrame({"hour_ms": [START_MS + HOUR_MS * h for h in range(14)]}).with_columns(
        pl.lit("A").cast(NAMES).alias("contract")
    )
    found = add_details(rows, Details(held, quarters, []))["oi_change_4h_pct"].to_list()
    assert found[4] == pytest.approx(10.0)
    assert found[8] == pytest.approx(-100.0)
    assert [value for hour, value in enumerate(found) if hour not in {4, 8}] == [None] * 12
