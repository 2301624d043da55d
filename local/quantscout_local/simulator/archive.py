"""A market from a folder of Parquet series: what is in it is served as it is."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import orjson
import polars as pl

from quantscout.errors import InputError
from quantscout.frames import HOUR_MS
from quantscout_local.simulator.archive_kucoin import kucoin_beside
from quantscout_local.simulator.market import Contract, Market
from quantscout_local.simulator.series import Bars, Points
from quantscout_local.simulator.units import coin_and_unit

_PRICES = ("open", "high", "low", "close", "volume")
_BARS = ("symbol", "open_time", *_PRICES)
_HOURS = (*_BARS, "quote_volume", "trades")
_TAKER = ("taker_buy_volume", "taker_buy_quote_volume")
SERIES: Mapping[str, tuple[str, ...]] = {
    "binance_um_1h.parquet": _HOURS,
    "binance_um_1h_taker.parquet": (*_HOURS, *_TAKER),
    "binance_um_15m.parquet": _BARS,
    "binance_um_funding.parquet": ("symbol", "funding_time", "funding_rate"),
    "binance_um_oi_4h.parquet": ("symbol", "timestamp", "sum_open_interest", "sum_open_interest_value"),
}
"""The files of an archive, each with the columns that are read. None may be absent; any may be without rows."""
_TIME = ("open_time", "funding_time", "timestamp")
_WHOLE = {*_TIME, "trades"}
_NO_PRICE, _NO_AMOUNT = 0.0, -1.0
"""Stand in a 1h bar for what its record lacks: verification drops such a bar by name. Were the row left out, the hole
would be filled as an hour without a trade."""
_QUARTERS_PER_HOUR = 4


class Listed(NamedTuple):
    """What the captured answers say of the contracts."""

    entries: Mapping[str, Mapping[str, Any]]
    onboard_ms: Mapping[str, int]


def check_archive(folder: Path) -> None:
    """Refuse a folder that is no archive, without reading a row of it.

    Raises InputError, in the words of `load_archive`, if a series is absent, unreadable or lacks a column.
    """
    for name in SERIES:
        with _refusing(folder / name):
            _check_columns(folder / name)


def load_archive(folder: Path, *, real_only: bool = False, absent_as_empty: bool = False) -> Market:
    """Return the market that a folder holds; with `absent_as_empty`, a series besides the 1h bars may be absent.

    Raises InputError if a series is absent, unreadable or lacks a column: it names the file, the cause, the next step.
    """
    files = _Files(folder, absent_as_empty)
    hours = _hours(files)
    quarters = _by_symbol(_real_quarters(files, hours), "open_time")
    funding = _by_symbol(files.read("binance_um_funding.parquet"), "funding_time")
    interest = _by_symbol(files.read("binance_um_oi_4h.parquet"), "timestamp")
    listed = _listed(folder)
    contracts = {
        symbol: _contract(symbol, columns, quarters.get(symbol), funding.get(symbol), interest.get(symbol), listed)
        for symbol, columns in _by_symbol(hours, "open_time").items()
    }
    if not contracts:
        raise InputError(f"{folder / 'binance_um_1h.parquet'} holds no bars: choose another folder with --market")
    return Market(
        name="archive",
        source=str(folder),
        synthetic=False,
        real_only=real_only,
        binance=contracts,
        kucoin={} if real_only else kucoin_beside(contracts.values()),
        hours_ms=hours["open_time"].unique().sort().to_numpy() + HOUR_MS,
    )


class _Files(NamedTuple):
    folder: Path
    absent_as_empty: bool

    def read(self, name: str) -> pl.DataFrame:
        """Return the rows of a series that have a key and a time."""
        path, columns = self.folder / name, SERIES[name]
        wanted: dict[Any, Any] = {c: pl.Int64 if c in _WHOLE else pl.Float64 for c in columns if c != "symbol"}
        if self.absent_as_empty and name != "binance_um_1h.parquet" and not path.exists():
            return pl.DataFrame(schema={"symbol": pl.String} | wanted)
        with _refusing(path):
            _check_columns(path)
            rows = pl.read_parquet(path, columns=list(columns)).cast(wanted)
            return rows.drop_nulls([column for column in columns if column in {"symbol", *_TIME}])


def _check_columns(path: Path) -> None:
    if not path.is_file():
        raise InputError(f"{path} is not there: give the folder of a market archive with --market")
    found = pl.read_parquet_schema(path)
    missing = [column for column in SERIES[path.name] if column not in found]
    if missing:
        raise InputError(f"{path} lacks the column {missing[0]!r}: restore the file or choose another --market")


@contextmanager
def _refusing(path: Path) -> Iterator[None]:
    try:
        yield
    except (pl.exceptions.PolarsError, OSError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"{path} cannot be read ({reason}): restore the file or choose another --market") from error


def _hours(files: _Files) -> pl.DataFrame:
    """Return all 1h bars of both files, sorted; those with a taker split keep it."""
    plain = files.read("binance_um_1h.parquet")
    split = files.read("binance_um_1h_taker.parquet")
    unknown = [pl.lit(None, pl.Float64).alias(name) for name in _TAKER]
    plain = plain.with_columns(unknown)
    if len(split):
        plain = plain.join(split.select("symbol", "open_time"), on=["symbol", "open_time"], how="anti")
    return _marked(pl.concat([split, plain]).sort("symbol", "open_time"))


def _marked(hours: pl.DataFrame) -> pl.DataFrame:
    """Return 1h bars in which a figure that is not known is one that no venue means; the product reads no `trades`."""
    marks = dict.fromkeys(_PRICES[:4], _NO_PRICE) | {"volume": _NO_AMOUNT, "quote_volume": _NO_AMOUNT}
    known = [pl.when(pl.col(name).is_finite()).then(name).otherwise(mark).alias(name) for name, mark in marks.items()]
    coins, usdt = _TAKER  # where one of both is not known, neither is told
    return hours.with_columns(*known, pl.when(pl.col(usdt).is_finite()).then(coins), pl.col("trades").fill_null(0))


def _real_quarters(files: _Files, hours: pl.DataFrame) -> pl.DataFrame:
    """Return the 15m bars of hours that four whole quarters reproduce: the capture's last hours do not."""
    frame = files.read("binance_um_15m.parquet").drop_nulls()
    if frame.is_empty():
        return frame
    frame = frame.sort("symbol", "open_time").with_columns(hour=pl.col("open_time") // HOUR_MS * HOUR_MS)
    quarters = frame.group_by("symbol", "hour", maintain_order=True).agg(
        pl.len().alias("count"),
        pl.col("high").max().alias("top"),
        pl.col("low").min().alias("bottom"),
        pl.col("close").last().alias("end"),
    )
    span = pl.col("open_time").is_between(frame["hour"].min(), frame["hour"].max())
    agreeing = quarters.join(
        hours.filter(span), left_on=["symbol", "hour"], right_on=["symbol", "open_time"], how="inner"
    ).filter(
        pl.col("count") == _QUARTERS_PER_HOUR,
        pl.col("top") == pl.col("high"),
        pl.col("bottom") == pl.col("low"),
        pl.col("end") == pl.col("close"),
    )
    return frame.join(agreeing.select("symbol", "hour"), on=["symbol", "hour"], how="semi").select(_BARS)


def _by_symbol(frame: pl.DataFrame, order: str) -> dict[str, dict[str, np.ndarray]]:
    """Return the columns of each symbol in order of time, as views into the frame's columns."""
    if frame.is_empty():
        return {}
    frame = frame.sort("symbol", order)
    lengths = frame["symbol"].rle()
    names, ends = lengths.struct.field("value").to_list(), np.cumsum(lengths.struct.field("len").to_numpy())
    columns = {name: frame[name].to_numpy() for name in frame.columns if name != "symbol"}
    starts = [0, *ends[:-1].tolist()]
    return {
        name: {column: values[start:end] for column, values in columns.items()}
        for name, start, end in zip(names, starts, ends.tolist(), strict=True)
    }


def _contract(  # noqa: PLR0913, PLR0917
    symbol: str,
    hours: dict[str, np.ndarray],
    quarters: dict[str, np.ndarray] | None,
    funding: dict[str, np.ndarray] | None,
    interest: dict[str, np.ndarray] | None,
    listed: Listed,
) -> Contract:
    captured = listed.entries.get(symbol)
    base = str(captured["baseAsset"]) if captured else symbol.removesuffix("USDT")
    coin, unit = coin_and_unit(base)
    return Contract(
        symbol=symbol,
        base=base,
        coin=coin,
        unit=unit,
        bars=_bars(hours),
        quarters=None if quarters is None else _quarter_bars(quarters),
        funding=None if funding is None else Points(funding["funding_time"], funding["funding_rate"]),
        open_interest=None if interest is None else Points(interest["timestamp"], interest["sum_open_interest"]),
        open_interest_value=None
        if interest is None
        else Points(interest["timestamp"], interest["sum_open_interest_value"]),
        captured=captured,
        onboard_ms=listed.onboard_ms.get(symbol),
        contract_type=str(captured["contractType"]) if captured else "PERPETUAL",
        underlying_type=str(captured["underlyingType"]) if captured else "COIN",
    )


def _bars(columns: dict[str, np.ndarray]) -> Bars:
    open_, high, low, close, volume = (columns[name] for name in _PRICES)
    taker_volume, taker_quote = (columns[name] for name in _TAKER)
    times, quote, trades = columns["open_time"], columns["quote_volume"], columns["trades"]
    return Bars(times, open_, high, low, close, volume, quote, trades, taker_volume, taker_quote)


def _quarter_bars(columns: dict[str, np.ndarray]) -> Bars:
    unknown = np.full(len(columns["open_time"]), np.nan)
    amounts = {"quote_volume": unknown, "trades": np.zeros(len(unknown), np.int64)}
    return _bars(columns | amounts | dict.fromkeys(_TAKER, unknown))


def _listed(folder: Path) -> Listed:
    """Return the captured answers about contracts; without them every entry is built."""
    info = read_captured(folder / "raw" / "binance" / "exchangeInfo.json")
    onboard = read_captured(folder / "raw" / "binance" / "derived_listing_map_2026-08-06.json")
    entries = {entry["symbol"]: entry for entry in info.get("symbols", ())}
    return Listed(entries, {name: int(row["onboard"]) for name, row in onboard.get("coins", {}).items()})


def read_captured(path: Path) -> dict[str, Any]:
    """Return a captured answer, empty where there is none (InputError where it cannot be read)."""
    if not path.is_file():
        return {}
    try:
        value: dict[str, Any] = orjson.loads(path.read_bytes())
    except (OSError, orjson.JSONDecodeError) as error:
        raise InputError(f"{path} cannot be read ({error}): restore the file or choose another --market") from error
    return value
