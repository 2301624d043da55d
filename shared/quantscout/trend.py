"""The regime's inputs from bars: BTC and ETH of the reference venue (SPEC 6)."""

import polars as pl

from quantscout.frames import DAY_MS, HOUR_MS
from quantscout.regime import RegimeInputs, adx_last
from quantscout.windows import build_4h_bars

SMA_DAYS = 50


def _close_at(bars: pl.DataFrame, closes_at_ms: int) -> float | None:
    found = bars.filter(pl.col("open_ms") == closes_at_ms - HOUR_MS)["close"]
    return found.item() if found.len() == 1 else None


def _change_pct(now: float | None, before: float | None) -> float | None:
    return None if now is None or before is None else 100 * (now / before - 1)


def _sma50d(daily: pl.DataFrame, hour_ms: int) -> float | None:
    """Return the mean of the last 50 daily closes; None unless all 50 days before the hour are there."""
    midnight = hour_ms // DAY_MS * DAY_MS
    closes = daily.filter(pl.col("open_ms").is_between(midnight - SMA_DAYS * DAY_MS, midnight - 1))["close"]
    return float(closes.sum() / SMA_DAYS) if closes.len() == SMA_DAYS else None


def build_regime_inputs(
    btc: pl.DataFrame,
    eth: pl.DataFrame,
    btc_daily: pl.DataFrame,
    dominance_change: dict[str, float | None],
    hour_ms: int,
) -> RegimeInputs:
    """Return the inputs from verified 1h bars of one BTC and one ETH contract and BTC's daily bars."""
    week_ago = hour_ms - 7 * DAY_MS
    now, hour_ago, then = (_close_at(btc, ms) for ms in (hour_ms, hour_ms - HOUR_MS, week_ago))
    eth_now, eth_then = _close_at(eth, hour_ms), _close_at(eth, week_ago)
    ratio_now = eth_now / now if eth_now and now else None
    ratio_then = eth_then / then if eth_then and then else None
    blocks = build_4h_bars(btc, hour_ms)
    return RegimeInputs(
        btc_return_1h_pct=_change_pct(now, hour_ago),
        btc_return_7d_pct=_change_pct(now, then),
        btc_vs_sma50d_pct=_change_pct(now, _sma50d(btc_daily, hour_ms)),
        btc_adx14_4h=adx_last(blocks["high"].to_list(), blocks["low"].to_list(), blocks["close"].to_list()),
        eth_btc_return_7d_pct=_change_pct(ratio_now, ratio_then),
        btc_dominance_change_7d_points=dominance_change.get("btc_pct"),
        usdt_dominance_change_7d_points=dominance_change.get("usdt_pct"),
    )
