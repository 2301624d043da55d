"""From a venue's contract to a coin's name, the same coin on two venues, and market caps (SPEC 2 and 3).

What is a unit and what is a name, and which other source's coin it is, is found in identity.py.
"""

from typing import NamedTuple

import polars as pl

from quantscout.frames import HOUR_MS, KEY
from quantscout.identity import compare, judge, with_earlier
from quantscout.settings import Settings


def identify(
    listing: pl.DataFrame, coingecko: pl.DataFrame, remembered: pl.DataFrame, settings: Settings
) -> pl.DataFrame:
    """Return the listing with `coin`, `symbol` and what identity.judge adds (multiplier, status, ids, evidence).

    `coingecko` has identity.MARKETS (empty in hours in which it is not read), `remembered` is identity.EVIDENCE of
    earlier hours and what Coinalyze lists. A prefix that no other source confirms stays part of the name and
    `unit_confirmed` is false: then the market cap is unknown, never small.
    """
    evidence = with_earlier(compare(listing, coingecko, settings), remembered)
    judged = judge(listing, evidence)
    names = pl.DataFrame({"coin": _coins(judged, settings.price_agreement_ratio)}, schema={"coin": pl.String})
    symbol = pl.format("{}-USDT-PERP", pl.col("coin").str.split("@").list.first())
    return judged.with_columns(names["coin"]).with_columns(symbol.alias("symbol")).drop("ticker")


class _Seen(NamedTuple):
    """A coin of a ticker: its name, and the first contract of it."""

    name: str
    venue: str
    price: float | None


def _coins(judged: pl.DataFrame, ratio: float) -> list[str]:
    """Return a name per contract: one name for contracts of a ticker while the prices of a coin agree.

    The first venue in alphabetical order keeps the plain ticker, there the contract without a unit; what disagrees
    with it is another coin (BOB and 1000000BOB) and is called by its own contract's name or venue. Two venues without
    both prices stay one coin: nothing speaks against the name. What is not eligible is only called by its ticker.
    """
    columns = judged.select("ticker", "base", "venue", "multiplier", "contract", "ineligible", "price")
    names, seen = columns["ticker"].to_list(), dict[str, list[_Seen]]()
    rows = columns.with_row_index().filter(pl.col("ineligible").is_null()).sort("venue", "multiplier", "contract")
    for index, ticker, base, venue, multiplier, _, _, price in rows.rows():
        coins = seen.setdefault(ticker, [])
        unit_price = None if price is None else price / multiplier
        known = next((coin.name for coin in coins if _is_same(coin, venue, unit_price, ratio)), None)
        if known is None:
            known = ticker if not coins else base if base != ticker else f"{ticker}@{venue}"
            coins.append(_Seen(known, venue, unit_price))
        names[index] = known
    return names


def _is_same(coin: _Seen, venue: str, price: float | None, ratio: float) -> bool:
    if coin.price is None or price is None:
        return coin.venue != venue
    return coin.price > 0 and abs(price / coin.price - 1) <= ratio


def coin_ids(listing: pl.DataFrame) -> pl.DataFrame:
    """Return coin and coin_id of the identified listing's coins that have one CoinGecko entry to themselves.

    A coin whose contracts fit two entries, or an entry that two coins fit, is left out: a wrong match is worse than
    none.
    """
    fits = listing.filter(pl.col("ineligible").is_null()).select("coin", "coin_id").drop_nulls().unique()
    alone = (pl.len().over("coin") == 1) & (pl.len().over("coin_id") == 1)
    return fits.filter(alone).sort("coin")


def match_coingecko(listing: pl.DataFrame, markets: pl.DataFrame) -> pl.DataFrame:
    """Return coin, coin_id, supply_coins, sorted; `markets` has coin_id and supply_coins (`coin_ids` says who fits)."""
    return coin_ids(listing).join(markets, on="coin_id").select("coin", "coin_id", "supply_coins").sort("coin")


def market_caps(board: pl.DataFrame, supply: pl.DataFrame, settings: Settings) -> pl.DataFrame:
    """Return per eligible contract `market_cap_usd` (null = unknown), and what it comes from.

    Besides it: `market_cap_source`, `supply_as_of_ms` and `supply_age_h` of the figure that is used, and both sources'
    figures in coins with their `supply_difference_pct`. The price is the contract's `last_close`. `supply` is
    frames.SUPPLY, at most one row per coin and source. Binance's figure stands where both agree within
    `supply_agreement_ratio`; where they do not, the match is ambiguous or the unit unconfirmed, the cap is unknown.
    """
    both = board.filter(pl.col("ineligible").is_null())
    for source in ("binance", "coingecko"):
        rows = supply.filter((pl.col("source") == source) & (pl.col("supply_coins") > 0))
        figure = pl.col("supply_coins").alias(f"supply_{source}_coins")
        one = rows.select("coin", figure, pl.col("as_of_ms").alias(f"{source}_ms"))
        both = both.join(one, on="coin", how="left")
    binance, coingecko = pl.col("supply_binance_coins"), pl.col("supply_coingecko_coins")
    differ = (binance / coingecko - 1).abs() > settings.supply_agreement_ratio
    unsure = (pl.col("identity_status") == "ambiguous") | ~pl.col("unit_confirmed").fill_null(value=True)
    unknown = differ.fill_null(value=False) | unsure.fill_null(value=False)
    supply_coins = pl.when(~unknown).then(pl.coalesce(binance, coingecko))
    origin = pl.when(binance.is_not_null()).then(pl.lit("binance")).otherwise(pl.lit("coingecko"))
    as_of_ms = pl.when(supply_coins.is_not_null()).then(pl.coalesce("binance_ms", "coingecko_ms"))
    hour_ms = pl.col("last_open_ms") + (pl.col("bar_age_h") + 1) * HOUR_MS  # the board's hour, by its newest bar
    return both.select(
        *KEY,
        (supply_coins * pl.col("last_close") / pl.col("multiplier")).alias("market_cap_usd"),
        pl.when(supply_coins.is_not_null()).then(origin).alias("market_cap_source"),
        as_of_ms.alias("supply_as_of_ms"),
        ((hour_ms - as_of_ms) // HOUR_MS).alias("supply_age_h"),
        binance,
        coingecko,
        (100 * (binance / coingecko - 1)).alias("supply_difference_pct"),
    ).sort(KEY)
