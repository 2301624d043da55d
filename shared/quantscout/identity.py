"""What speaks for a contract being a coin: every other source that knows its name, and how the prices compare (SPEC 2).

A ticker is a hint, never a proof: tickers collide, and a leading 1000 may be a unit or a part of the name. A reading of
a name counts only when the price of another source agrees. Nothing is searched under other tickers.
"""

import polars as pl

from quantscout.frames import KEY, Schema, empty
from quantscout.settings import Settings

UNIT_PREFIXES = {"1000000": 1_000_000, "10000": 10_000, "1000": 1_000, "1M": 1_000_000}
"""Longest first: 1000000MOG is a million MOG, not a thousand 000MOG."""

STATUSES = {
    "confirmed": "one coin: another source's price of this name agrees",
    "ambiguous": "two readings fit, by ticker and by price: none is taken",
    "unconfirmed_unit": "the name begins with a unit, and no other source's price says that it is one",
    "price_disagrees": "other sources know the ticker at other prices only: other coins, or none",
    "plain": "another source knows the ticker, but there was no price to compare",
    "no_other_source": "no other source knows the ticker",
}
"""What is known of a contract's coin. Only `confirmed` is a match that figures of other sources may use."""

EVIDENCE: Schema = {
    "venue": pl.String,
    "contract": pl.String,
    "source": pl.String,  # another venue, coingecko or coinalyze
    "name": pl.String,  # the source's own: its contract, CoinGecko's id, Coinalyze's symbol
    "ticker": pl.String,  # as the source writes it
    "multiplier": pl.Float64,  # coins per contract unit in this reading of the contract's name
    "price_usd": pl.Float64,  # the source's
    "our_price_usd": pl.Float64,  # the contract's, divided by the multiplier
    "difference_pct": pl.Float64,  # of ours from the source's
    "verdict": pl.String,  # agrees, disagrees, no_price; of Coinalyze listed, listed_twice
    "read_ms": pl.Int64,  # the earlier hour in which it was seen, null for the hour itself
}
PROOF = tuple(name for name in EVIDENCE if name not in KEY)

MARKETS: Schema = {"coin_id": pl.String, "ticker": pl.String, "price_usd": pl.Float64}
"""What is compared of CoinGecko's coins."""

BINANCE_CODE = "A"
"""Binance among Coinalyze's exchanges."""


def whole(frame: pl.DataFrame, schema: Schema) -> pl.DataFrame:
    """Return the schema's columns of a frame; those that it lacks are null."""
    return pl.concat([empty(schema), frame], how="diagonal").select(*schema)


def agree(one: pl.Expr, other: pl.Expr, ratio: float) -> pl.Expr:
    """Tell whether two prices are known and at most this far apart."""
    return ((one / other - 1).abs() <= ratio).fill_null(value=False)


def _unit_reading() -> tuple[pl.Expr, pl.Expr]:
    """Return the name without the prefix and the units that it suggests, null for none. A guess, to be confirmed."""
    units, rest = pl.lit(None, pl.Float64), pl.lit(None, pl.String)
    for prefix, count in reversed(UNIT_PREFIXES.items()):
        fits = pl.col("base").str.starts_with(prefix) & (pl.col("base").str.len_chars() > len(prefix))
        units = pl.when(fits).then(float(count)).otherwise(units)
        rest = pl.when(fits).then(pl.col("base").str.slice(len(prefix))).otherwise(rest)
    return rest.alias("ticker"), units.alias("multiplier")


def readings(listing: pl.DataFrame) -> pl.DataFrame:
    """Return venue, contract, ticker, multiplier, price: each contract by its whole name, and by its unit if it has."""
    price = pl.col("price").alias("our_price_usd")
    plain = listing.select(*KEY, pl.col("base").alias("ticker"), pl.lit(1.0).alias("multiplier"), price)
    units = listing.select(*KEY, *_unit_reading(), price).drop_nulls("multiplier")
    return pl.concat([plain, units]).with_columns(pl.col("our_price_usd") / pl.col("multiplier"))


def compare(listing: pl.DataFrame, coingecko: pl.DataFrame, settings: Settings) -> pl.DataFrame:
    """Return `EVIDENCE`: every contract beside every other source's entry of that name, and what the prices say.

    `listing` is frames.LISTING of all venues, `coingecko` has `MARKETS` (may be empty). A contract that is not
    eligible (delisted with a frozen price, a stock of the same ticker) is no evidence for another.
    """
    coins = whole(coingecko, MARKETS).select(
        pl.lit("coingecko").alias("source"), pl.col("coin_id").alias("name"), "ticker", "price_usd"
    )
    venues = listing.filter(pl.col("ineligible").is_null()).select(
        pl.col("venue").alias("source"), pl.col("contract").alias("name"), pl.col("base").alias("ticker"),
        pl.col("price").alias("price_usd"),
    )  # fmt: skip
    pairs = readings(listing).join(pl.concat([venues, coins]), on="ticker").filter(pl.col("source") != pl.col("venue"))
    ours, theirs = pl.col("our_price_usd"), pl.col("price_usd")
    verdict = (
        pl.when(ours.is_null() | theirs.is_null() | (theirs <= 0))
        .then(pl.lit("no_price"))
        .when(agree(ours, theirs, settings.price_agreement_ratio))
        .then(pl.lit("agrees"))
        .otherwise(pl.lit("disagrees"))
    )
    difference = pl.when(verdict != "no_price").then(100 * (ours / theirs - 1))
    return whole(pairs.with_columns(verdict.alias("verdict"), difference.alias("difference_pct")), EVIDENCE)


def listed_by_coinalyze(markets: pl.DataFrame) -> pl.DataFrame:
    """Return `EVIDENCE` of the contracts of Binance that Coinalyze's market list (coinalyze.MARKETS) names.

    The venue's own name in `symbol_on_exchange` decides, never a name that is put together. A contract that two rows
    name is `listed_twice` and gets no symbol. It repeats the venue's list: it says nothing about which coin it is.
    """
    known = markets.filter((pl.col("exchange") == BINANCE_CODE) & pl.col("is_perpetual"))
    twice = pl.len().over("symbol_on_exchange") > 1
    rows = known.select(
        pl.lit("binance").alias("venue"),
        pl.col("symbol_on_exchange").alias("contract"),
        pl.lit("coinalyze").alias("source"),
        pl.col("coinalyze_symbol").alias("name"),
        pl.col("base_asset").alias("ticker"),
        pl.when(twice).then(pl.lit("listed_twice")).otherwise(pl.lit("listed")).alias("verdict"),
    )
    return whole(rows, EVIDENCE)


def with_earlier(now: pl.DataFrame, earlier: pl.DataFrame) -> pl.DataFrame:
    """Return this hour's evidence and, of sources that say nothing of a contract now, what they said before.

    A source is asked anew at most once an hour and CoinGecko once a day; prices of two hours are never compared.
    """
    spoke = now.filter(pl.col("verdict") != "no_price").select(*KEY, "source").unique()
    held = whole(earlier, EVIDENCE).join(spoke, on=[*KEY, "source"], how="anti")
    return pl.concat([now, held])


def judge(listing: pl.DataFrame, evidence: pl.DataFrame) -> pl.DataFrame:
    """Return the listing with what is known of every contract's coin.

    `identity_status` (`STATUSES`, null for contracts that are not eligible), `ticker` of one coin, `multiplier`,
    `unit_confirmed` (null where the name has no unit), `coin_id` (CoinGecko's), `coinalyze_symbol`, `coin_evidence`
    (a list of `EVIDENCE` without the contract, null where nothing is known).
    """
    of = evidence.sort(*KEY, "source", "name", "multiplier").group_by(*KEY, maintain_order=True)
    agrees, by_unit = pl.col("verdict") == "agrees", pl.col("multiplier") > 1
    ids = pl.col("name").filter(agrees & (pl.col("source") == "coingecko"))
    found = of.agg(
        (agrees & by_unit).any().alias("fits_unit"),
        (agrees & ~by_unit).any().alias("fits_name"),
        (agrees & ~by_unit & (pl.col("source") == "coingecko")).any().alias("is_a_name"),
        (pl.col("verdict") == "disagrees").any().alias("differs"),
        (pl.col("verdict") == "no_price").any().alias("unpriced"),
        ids.n_unique().alias("ids"),
        ids.first().alias("coin_id"),
        pl.col("name").filter(pl.col("verdict") == "listed").first().alias("coinalyze_symbol"),
        pl.struct(PROOF).alias("coin_evidence"),
    )
    rest, units = _unit_reading()
    joined = listing.with_columns(rest.alias("rest"), units.alias("units")).join(
        found, on=KEY, how="left", maintain_order="left"
    )
    flags = ("fits_unit", "fits_name", "is_a_name", "differs", "unpriced")
    judged = joined.with_columns(*(pl.col(name).fill_null(value=False) for name in flags))
    return _settled(judged).drop(*flags, "ids", "units", "rest")


def _settled(judged: pl.DataFrame) -> pl.DataFrame:
    prefixed, both = pl.col("units").is_not_null(), pl.col("fits_unit") & pl.col("is_a_name")
    cases = {
        "ambiguous": (pl.col("ids") > 1) | both,
        "confirmed": pl.when(prefixed).then(pl.col("fits_unit") | pl.col("is_a_name")).otherwise("fits_name"),
        "unconfirmed_unit": prefixed,
        "price_disagrees": pl.col("differs"),
        "plain": pl.col("unpriced"),
    }
    known = pl.coalesce(
        *(pl.when(holds).then(pl.lit(name)) for name, holds in cases.items()), pl.lit("no_other_source")
    )
    status = pl.when(pl.col("ineligible").is_null()).then(known)
    sure = pl.col("fits_unit") & ~both
    a_name = pl.col("is_a_name") & ~both  # CoinGecko's coin is written with the digits: there is no unit
    return judged.with_columns(
        status.alias("identity_status"),
        pl.when(sure).then("rest").otherwise("base").alias("ticker"),
        pl.when(sure).then("units").otherwise(1.0).alias("multiplier"),
        pl.when(prefixed & ~a_name).then(sure).alias("unit_confirmed"),
        pl.when(status == "confirmed").then("coin_id").alias("coin_id"),
    )
