"""What an hour is ranked again under: other weights, normalisations, a missing source, a wider level. Pure."""

import random
from collections.abc import Iterator
from typing import Any, Literal, NamedTuple, get_args

import polars as pl

from quantscout.factors import NAMES, factor_values
from quantscout.frames import KEY
from quantscout.gates import LEVELS
from quantscout.settings import Normalisation, Settings
from quantscout.universe import market_caps

STEP_RATIO = 0.10
"""How far a weight is moved, of itself, before all are brought to a sum of 1 again."""
ABSENT = "was missing in the hour itself"
Kind = Literal["weight", "normalisation", "missing", "level"]

BLANKED: dict[str, tuple[str, ...]] = {
    "order books": ("bids_usdt", "asks_usdt", "depth_usdt", "mid", "reaches_band"),
    "open interest": ("open_interest_coins", "oi_change_4h_pct", "oi_change_24h_pct", "oi_change_4h_std_pct"),
    "15m bars": ("open_15m", "close_15m"),
    "funding history": ("funding_z", "funding_change_z", "funding_interval_changed"),
    "taker split": ("taker_buy_usdt",),
}
"""Inputs that may be missing, and the columns of the board that are unknown then."""
ATTENTION = ("trending_points",)
CAP_INPUTS = (
    *KEY, "coin", "ineligible", "identity_status", "unit_confirmed", "multiplier", "last_open_ms", "last_close",
    "bar_age_h",
)  # fmt: skip
"""What a market cap is made of besides the supply; what the hour made of it must not be there when it is made anew."""


class Change(NamedTuple):
    """One thing that is different: the board and the settings to rank by."""

    kind: Kind
    name: str
    board: pl.DataFrame
    settings: Settings
    note: str = ""


def all_changes(board: pl.DataFrame, settings: Settings, level: int) -> Iterator[Change]:
    """Yield every single change of an hour that was ranked at this level."""
    for name in NAMES:
        for sign, step in (("+", 1 + STEP_RATIO), ("-", 1 - STEP_RATIO)):
            yield Change(
                "weight", f"{name} {sign}{100 * STEP_RATIO:.0f} %", board, scale_weights(settings, {name: step})
            )
    for normalisation in get_args(Normalisation):
        if normalisation != settings.normalisation:
            yield Change("normalisation", normalisation, board, with_changes(settings, normalisation=normalisation))
    yield from _missing(board, settings)
    for wider in range(level + 1, len(LEVELS)):
        yield Change("level", f"forced {LEVELS[wider]}", board, force_level(settings, wider))


def with_changes(settings: Settings, **changes: Any) -> Settings:
    """Return the settings with some of them replaced, validated."""
    return Settings.model_validate(settings.plain() | changes)


def scale_weights(settings: Settings, steps: dict[str, float]) -> Settings:
    """Return the settings with the weights times their steps (1 where left out), brought to a sum of 1."""
    scaled = {name: settings.weights[name] * steps.get(name, 1.0) for name in NAMES}
    total = sum(scaled.values())
    return with_changes(settings, weights={name: weight / total for name, weight in scaled.items()})


def draw_weights(settings: Settings, count: int, seed: int) -> Iterator[Settings]:
    """Yield settings whose weights are all moved at once, each at random within the step; the same for a seed."""
    dice = random.Random(seed)
    for _ in range(count):
        yield scale_weights(settings, {name: dice.uniform(1 - STEP_RATIO, 1 + STEP_RATIO) for name in NAMES})


def force_level(settings: Settings, level: int) -> Settings:
    """Return settings whose narrower levels hold nobody: no percentile of adv30 is 0. The scored set stays."""
    limits = settings.plain()["gate_limits"]
    percentile = [0.0] * level + limits["adv30_percentile"][level:]
    return with_changes(settings, gate_limits=limits | {"adv30_percentile": percentile})


def _missing(board: pl.DataFrame, settings: Settings) -> Iterator[Change]:
    for name, columns in BLANKED.items():
        yield Change("missing", f"no {name}", blank(board, columns), settings, "" if _held(board, columns) else ABSENT)
    if "depth" not in settings.unknown_passes:
        lenient = with_changes(settings, unknown_passes=[*sorted(settings.unknown_passes), "depth"])
        without = blank(board, BLANKED["order books"])
        yield Change("missing", "no order books, let through", without, lenient, "unknown depth passes its gate")
    held = _held(board, (*ATTENTION, "supply_coingecko_coins"))
    note = "no attention, supply by Binance alone" if held else ABSENT
    yield Change("missing", "no CoinGecko", without_coingecko(board, settings), settings, note)
    for venue in board["venue"].unique().sort():
        rest = board.filter(pl.col("venue") != venue)
        if rest.height:
            yield Change("missing", f"no {venue}", rest, settings, "supply figures are kept")


def _held(board: pl.DataFrame, columns: tuple[str, ...]) -> bool:
    """Tell whether the hour had any figure of an input; a yes or no about nothing is no figure."""
    return any(board[name].count() for name in columns if board.schema[name].is_numeric())


def blank(board: pl.DataFrame, columns: tuple[str, ...]) -> pl.DataFrame:
    """Return the board without what these columns knew, in them and in the factors made of them."""
    unknown = board.with_columns(pl.lit(None, board.schema[name]).alias(name) for name in columns)
    return unknown.with_columns(*factor_values())


def without_coingecko(board: pl.DataFrame, settings: Settings) -> pl.DataFrame:
    """Return the board as it would be without CoinGecko: no attention, market caps by Binance's supply alone.

    What CoinGecko's prices confirmed of names and units stays confirmed: other sources' evidence is not weighed anew.
    """
    figures = board.select("coin", supply_coins="supply_binance_coins", as_of_ms="supply_as_of_ms")
    known = figures.drop_nulls("supply_coins").unique("coin", keep="first", maintain_order=True)
    supply = known.with_columns(source=pl.lit("binance"))
    silent = blank(board, ATTENTION)
    caps = market_caps(silent.select(CAP_INPUTS), supply, settings).select(*KEY, cap="market_cap_usd")
    joined = silent.join(caps, on=KEY, how="left", maintain_order="left")
    return joined.with_columns(pl.col("cap").alias("market_cap_usd")).drop("cap")
