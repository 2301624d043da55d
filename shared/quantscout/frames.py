"""The canonical frames: one schema per kind of row, and `conform`, the only way into them.

Times are epoch milliseconds UTC. Prices are USDT per contract unit (for 1000PEPE: per 1,000 coins); `*_coins` are
contract units of the base asset. A null means "not known"; NaN and infinities never pass `conform`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

HOUR_MS = 3_600_000
MINUTE_MS = 60_000
DAY_MS = 24 * HOUR_MS

Schema = Mapping[str, type[pl.DataType]]

KEY = ("venue", "contract")

LISTING: Schema = {
    "venue": pl.String,
    "contract": pl.String,  # the venue's own name, e.g. 1000PEPEUSDT, XBTUSDTM
    "base": pl.String,  # base asset as the venue names it, XBT already BTC
    "ineligible": pl.String,  # reason code of the universe rule that it fails, null if eligible (SPEC 2)
    "ineligible_value": pl.String,  # the value that failed
    "listed_ms": pl.Int64,
    "lot_coins": pl.Float64,  # base coins per unit of the venue's volume and open interest (Binance 1)
    "min_notional_usdt": pl.Float64,  # the smallest order
    "price": pl.Float64,  # mark price at the snapshot
    "bid": pl.Float64,
    "ask": pl.Float64,
    "funding_rate_ratio": pl.Float64,  # current rate, fraction per interval
    "funding_interval_h": pl.Int64,
    "open_interest_coins": pl.Float64,  # snapshot where the venue has one for all contracts (KuCoin)
    "snapshot_ms": pl.Int64,  # the venue's time stamp of price and funding rate
}

BARS: Schema = {
    "venue": pl.String,
    "contract": pl.String,
    "open_ms": pl.Int64,
    "open": pl.Float64,
    "high": pl.Float64,
    "low": pl.Float64,
    "close": pl.Float64,
    "volume_coins": pl.Float64,
    "volume_usdt": pl.Float64,
    "taker_buy_usdt": pl.Float64,  # null where the venue has none
    "filled": pl.Boolean,  # a bar that the venue omitted between two real ones of the same answer
}

OPEN_INTEREST: Schema = {
    "venue": pl.String,
    "contract": pl.String,
    "at_ms": pl.Int64,
    "open_interest_coins": pl.Float64,
    "supply_coins": pl.Float64,  # circulating supply that came with the row, null where none
}

FUNDING: Schema = {
    "venue": pl.String,
    "contract": pl.String,
    "settled_ms": pl.Int64,  # floored to the minute: venues stamp a few ms late
    "rate_ratio": pl.Float64,  # fraction per interval, as settled
}

BOOK: Schema = {
    "venue": pl.String,
    "contract": pl.String,
    "at_ms": pl.Int64,  # the venue's time stamp of the book
    "mid": pl.Float64,
    "bids_usdt": pl.Float64,  # value of the bids within 1 % of mid
    "asks_usdt": pl.Float64,
    "reaches_band": pl.Boolean,  # both sides reach the edge of the band: the sums are whole, not lower bounds
}

SUPPLY: Schema = {
    "coin": pl.String,
    "source": pl.String,  # binance or coingecko
    "supply_coins": pl.Float64,
    "source_id": pl.String,  # the source's own id of the coin (CoinGecko's), null for Binance
    "as_of_ms": pl.Int64,  # the hour for which it was read
}


def empty(schema: Schema) -> pl.DataFrame:
    """Return a frame of the schema without rows."""
    return pl.DataFrame(schema=dict(schema))


def conform(rows: Sequence[Sequence[Any]] | pl.DataFrame, schema: Schema) -> pl.DataFrame:
    """Return rows as a frame of exactly this schema, NaN and infinities turned into null.

    `rows` are tuples in the schema's column order, or a frame that has at least its columns.
    """
    if isinstance(rows, pl.DataFrame):
        frame = rows.select(pl.col(name).cast(kind) for name, kind in schema.items())
    else:
        frame = pl.DataFrame(rows, schema=dict(schema), orient="row")
    floats = [name for name, kind in schema.items() if kind == pl.Float64]
    return frame.with_columns(pl.when(pl.col(name).is_finite()).then(pl.col(name)).alias(name) for name in floats)


def stack(frames: Sequence[pl.DataFrame], schema: Schema) -> pl.DataFrame:
    """Return the frames below each other; without any, an empty frame of the schema."""
    return pl.concat(frames) if frames else empty(schema)
