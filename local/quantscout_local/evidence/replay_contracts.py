"""The contracts of an archive: what does not change from hour to hour, by the simulator's and the product's code."""

import math
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from quantscout.errors import InputError
from quantscout.frames import HOUR_MS, KEY, empty
from quantscout.identity import EVIDENCE
from quantscout.settings import Settings
from quantscout.universe import identify
from quantscout.venues.answers import finite
from quantscout.venues.binance_answers import SYMBOLS, Snapshot, parse_listing
from quantscout.venues.coingecko import COINS
from quantscout_local.evidence.replay_files import HOURS_1H, RAW_FILES, TAKER_1H, collect, scan
from quantscout_local.simulator.archive import read_captured
from quantscout_local.simulator.market import Contract, Market
from quantscout_local.simulator.series import Bars
from quantscout_local.simulator.units import coin_and_unit
from quantscout_local.simulator.venues.binance_listing import read_exchange_info
from quantscout_local.simulator.view import View

NOTHING = b"[]"


class Contracts(NamedTuple):
    """What is listed, and when anything closes."""

    names: pl.Enum
    """Of all contracts, in their order: an order by name is one by small numbers."""
    listed: pl.DataFrame
    """venue, contract, base, coin, symbol, ineligible, listed_ms, first_ms, notional_usdt, least_coins; sorted."""
    covered: pl.Series
    """The times, ascending, at which some bar closes."""
    main_first_ms: int
    """When the first bar of the plain 1h series opened: the one with takers may be much older, and of few contracts."""

    def by_base(self, coin: str) -> str | None:
        """Return the eligible contract of a base asset, the first by name; None where there is none."""
        found = self.listed.filter((pl.col("base") == coin) & pl.col("ineligible").is_null())
        return found["contract"].cast(pl.String).sort().first()  # type: ignore[return-value]


def load_contracts(folder: Path, settings: Settings) -> Contracts:
    """Return the contracts of an archive (InputError where it holds no bars, or two contracts of one base asset)."""
    ends, covered, main_first_ms = _ends(folder)
    if ends.is_empty():
        raise InputError(f"{folder / HOURS_1H} holds no bars: choose another folder with --market")
    top_ms = int(covered[-1]) // HOUR_MS * HOUR_MS
    market = _market(folder, ends, top_ms)
    body = read_exchange_info(View(market, top_ms + HOUR_MS), {}).body
    listing = parse_listing(Snapshot(body, NOTHING, NOTHING, NOTHING)).frame
    named = identify(listing, empty(COINS), empty(EVIDENCE), settings)
    _refuse_twins(named)
    orders = pl.DataFrame(
        [(row["symbol"], *_least_order(row["filters"])) for row in SYMBOLS.read(body)[0]],
        schema={"contract": pl.String, "notional_usdt": pl.Float64, "least_coins": pl.Float64},
        orient="row",
    )
    known = ends.select(pl.col("symbol").alias("contract"), pl.col("first_ms"))
    wide = named.join(known, on="contract").join(orders, on="contract", how="left").sort(KEY)
    names, symbols = pl.Enum(wide["contract"].sort()), pl.Enum(wide["symbol"].unique().sort())
    columns = ["venue", "contract", "base", "coin", "symbol", "ineligible", "listed_ms", "first_ms"]
    listed = wide.select(*columns, "notional_usdt", "least_coins").with_columns(
        pl.col("contract").cast(names), pl.col("symbol").cast(symbols), pl.col("venue").cast(pl.Enum(["binance"]))
    )
    return Contracts(names, listed, covered, main_first_ms)


def _ends(folder: Path) -> tuple[pl.DataFrame, pl.Series, int]:
    """Return symbol, first_ms, first_close of both 1h series, when any bar closes, and when the plain one begins."""
    parts, times = [], []
    for name in (HOURS_1H, TAKER_1H):
        rows = scan(folder, name)
        if rows is None:
            continue
        first = pl.col("close").get(pl.col("open_time").arg_min()).fill_null(math.nan).alias("first_close")
        earliest = rows.group_by("symbol").agg(pl.col("open_time").min().alias("first_ms"), first)
        parts.append(collect(folder / name, earliest))
        times.append(collect(folder / name, rows.select(pl.col("open_time").unique())).to_series())
    ends = pl.concat(parts).sort("first_ms").unique("symbol", keep="first", maintain_order=True).sort("symbol")
    main_first_ms = next((int(own.min()) for own in times if own.len()), 0)  # type: ignore[arg-type]
    return ends, (pl.concat(times).unique().sort() + HOUR_MS).rename("hour_ms"), main_first_ms


def _market(folder: Path, ends: pl.DataFrame, top_ms: int) -> Market:
    """Return the market as it is listed when all contracts trade: each with its first close and a bar at the top."""
    captured, onboard = (read_captured(folder / name) for name in RAW_FILES)
    entries = {entry["symbol"]: entry for entry in captured.get("symbols", ())}
    boarded = {name: int(row["onboard"]) for name, row in onboard.get("coins", {}).items()}
    contracts = {
        symbol: _contract(symbol, Bars(*_two_bars(first_ms, top_ms, close)), entries.get(symbol), boarded.get(symbol))
        for symbol, first_ms, close in ends.select("symbol", "first_ms", "first_close").rows()
    }
    hours = np.array([top_ms + HOUR_MS])
    return Market(
        name="archive", source=str(folder), synthetic=False, real_only=True, binance=contracts, kucoin={},
        hours_ms=hours,
    )  # fmt: skip


def _two_bars(first_ms: int, top_ms: int, close: float) -> list[np.ndarray[Any, Any]]:
    prices = np.full(2, close)
    amounts = np.zeros(2)
    return [np.array([first_ms, top_ms]), prices, prices, prices, prices, amounts, amounts, np.zeros(2, np.int64),
            amounts, amounts]  # fmt: skip


def _contract(symbol: str, bars: Bars, captured: dict[str, Any] | None, onboard_ms: int | None) -> Contract:
    base = str(captured["baseAsset"]) if captured else symbol.removesuffix("USDT")
    coin, unit = coin_and_unit(base)
    return Contract(
        symbol=symbol,
        base=base,
        coin=coin,
        unit=unit,
        bars=bars,
        captured=captured,
        onboard_ms=onboard_ms,
        contract_type=str(captured["contractType"]) if captured else "PERPETUAL",
        underlying_type=str(captured["underlyingType"]) if captured else "COIN",
    )


def _least_order(filters: Any) -> tuple[float | None, float | None]:
    """Return the smallest order's two rules, in USDT and in coins; null for one that is not told."""
    by_kind: dict[str, Any] = {each["filterType"]: each for each in filters}
    rules = (("MIN_NOTIONAL", "notional"), ("LOT_SIZE", "minQty"))
    found = [finite(by_kind[kind].get(name)) if kind in by_kind else None for kind, name in rules]
    return found[0], found[1]


def _refuse_twins(named: pl.DataFrame) -> None:
    """Refuse two contracts of one base asset: whether they are one coin depends on their prices of each hour."""
    eligible = named.filter(pl.col("ineligible").is_null())
    twins = eligible.filter(pl.col("base").is_duplicated()).sort("base", "contract")["contract"].to_list()
    if twins:
        raise InputError(f"{' and '.join(twins[:2])} are of one base asset: leave one of them out of the archive")
