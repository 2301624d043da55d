"""From a venue's contract to a coin: units, names, and the same coin on two venues (SPEC 2).

A unit prefix is stripped only when the rest is a coin that another source knows and the prices agree after dividing.
"""

import polars as pl

from quantscout.frames import KEY
from quantscout.settings import Settings

UNIT_PREFIXES = {"1000000": 1_000_000, "10000": 10_000, "1000": 1_000, "1M": 1_000_000}
"""Longest first: 1000000MOG is a million MOG, not a thousand 000MOG."""

KNOWN_PRICES = {"source": pl.String, "ticker": pl.String, "price_usd": pl.Float64}
"""What other sources know: a ticker and the price of one coin (or of one of the venue's contract units)."""


def _unit_guess() -> tuple[pl.Expr, pl.Expr]:
    """Return the multiplier that a name suggests (1 for none) and the name without it. A guess, to be confirmed."""
    multiplier, rest = pl.lit(1.0), pl.col("base")
    for prefix, units in reversed(UNIT_PREFIXES.items()):
        fits = pl.col("base").str.starts_with(prefix) & (pl.col("base").str.len_chars() > len(prefix))
        multiplier = pl.when(fits).then(float(units)).otherwise(multiplier)
        rest = pl.when(fits).then(pl.col("base").str.slice(len(prefix))).otherwise(rest)
    return multiplier.alias("guessed_multiplier"), rest.alias("guessed_coin")


def identify(
    listing: pl.DataFrame, coingecko: pl.DataFrame, remembered: pl.DataFrame, settings: Settings
) -> pl.DataFrame:
    """Return the listing with `coin`, `multiplier`, `symbol` and `unit_confirmed` (null where the name has no prefix).

    `coingecko` has `ticker` and `price_usd` (may be empty), `remembered` is frames.IDENTITY: what was confirmed within
    the last day, when CoinGecko was read. A prefix that no other source confirms stays part of the name and
    `unit_confirmed` is false: then the market cap is unknown, never small.
    """
    guessed = listing.with_columns(*_unit_guess())
    venues = listing.select(
        pl.col("venue").alias("source"), pl.col("base").alias("ticker"), pl.col("price").alias("price_usd")
    )
    others = pl.concat([venues, coingecko.select(pl.lit("coingecko").alias("source"), "ticker", "price_usd")])
    agree = _agree(pl.col("price") / pl.col("guessed_multiplier"), pl.col("price_usd"), settings.price_agreement_ratio)
    matches = guessed.filter(pl.col("guessed_multiplier") > 1).join(others, left_on="guessed_coin", right_on="ticker")
    agreeing = matches.filter(agree & (pl.col("source") != pl.col("venue"))).select(KEY)
    confirmed = pl.concat([agreeing, remembered.select(KEY)]).unique().with_columns(unit_confirmed=True)
    joined = guessed.join(confirmed, on=KEY, how="left", maintain_order="left")
    return _same_coin(_named(joined), settings)


def _agree(one: pl.Expr, other: pl.Expr, ratio: float) -> pl.Expr:
    return ((one / other - 1).abs() <= ratio).fill_null(value=False)


def _named(joined: pl.DataFrame) -> pl.DataFrame:
    prefixed = pl.col("guessed_multiplier") > 1
    sure = pl.col("unit_confirmed").fill_null(value=False)
    coin = pl.when(sure).then("guessed_coin").otherwise("base")
    multiplier = pl.when(sure).then("guessed_multiplier").otherwise(1.0)
    return joined.with_columns(
        coin.alias("coin"), multiplier.alias("multiplier"), pl.when(prefixed).then(sure).alias("unit_confirmed")
    ).drop("guessed_multiplier", "guessed_coin")


def _same_coin(named: pl.DataFrame, settings: Settings) -> pl.DataFrame:
    """Keep one name for two venues' contracts only while their prices agree; else the smaller venue's gets its own.

    Without both prices nothing speaks against the name. The first venue in alphabetical order keeps the plain ticker.
    """
    unit_price = pl.col("price") / pl.col("multiplier")
    eligible = named.filter(pl.col("ineligible").is_null())
    first = (
        eligible.sort(*KEY)
        .unique("coin", keep="first")
        .select("coin", pl.col("venue").alias("first_venue"), unit_price.alias("first_price"))
    )
    checked = named.join(first, on="coin", how="left", maintain_order="left")
    other = (
        (pl.col("venue") != pl.col("first_venue")) & pl.col("first_price").is_not_null() & pl.col("price").is_not_null()
    )
    clash = (other & ~_agree(unit_price, pl.col("first_price"), settings.price_agreement_ratio)).fill_null(value=False)
    coin = pl.when(clash).then(pl.format("{}@{}", "coin", "venue")).otherwise("coin")
    return checked.with_columns(
        coin.alias("coin"), pl.format("{}-USDT-PERP", pl.col("coin").str.split("@").list.first()).alias("symbol")
    ).drop("first_venue", "first_price")


def match_coingecko(listing: pl.DataFrame, markets: pl.DataFrame, settings: Settings) -> pl.DataFrame:
    """Return coin, coin_id, supply_coins for coins that exactly one CoinGecko entry fits by ticker and price, sorted.

    `listing` is identified; `markets` has coin_id, ticker, price_usd, supply_coins. Tickers collide, so a coin that two
    entries fit is ambiguous and left out: a wrong match is worse than none.
    """
    coins = (
        listing.filter(pl.col("ineligible").is_null() & pl.col("price").is_not_null())
        .sort(*KEY)
        .unique("coin", keep="first")
    )
    prices = coins.select(
        "coin",
        pl.col("coin").str.split("@").list.first().alias("ticker"),
        (pl.col("price") / pl.col("multiplier")).alias("unit_price"),
    )
    fits = prices.join(markets, on="ticker", how="inner").filter(
        _agree(pl.col("unit_price"), pl.col("price_usd"), settings.price_agreement_ratio)
    )
    return fits.filter(pl.len().over("coin") == 1).select("coin", "coin_id", "supply_coins").sort("coin")


def market_caps(board: pl.DataFrame, supply: pl.DataFrame, settings: Settings) -> pl.DataFrame:
    """Return venue, contract, market_cap_usd (null = unknown), market_cap_source, supply_as_of_ms of eligible rows.

    The price is the contract's `last_close`. `supply` is frames.SUPPLY, at most one row per coin and source. Binance's
    figure stands where both agree within `supply_agreement_ratio`; where they do not, or the unit is unconfirmed, the
    cap is unknown.
    """
    both = board.filter(pl.col("ineligible").is_null())
    for source in ("binance", "coingecko"):
        rows = supply.filter(pl.col("source") == source)
        one = rows.select("coin", pl.col("supply_coins").alias(source), pl.col("as_of_ms").alias(f"{source}_ms"))
        both = both.join(one, on="coin", how="left")
    differ = (pl.col("binance") / pl.col("coingecko") - 1).abs() > settings.supply_agreement_ratio
    unknown = differ.fill_null(value=False) | ~pl.col("unit_confirmed").fill_null(value=True)
    supply_coins = pl.when(~unknown).then(pl.coalesce("binance", "coingecko"))
    origin = pl.when(pl.col("binance").is_not_null()).then(pl.lit("binance")).otherwise(pl.lit("coingecko"))
    return both.select(
        *KEY,
        (supply_coins * pl.col("last_close") / pl.col("multiplier")).alias("market_cap_usd"),
        pl.when(supply_coins.is_not_null()).then(origin).alias("market_cap_source"),
        pl.when(supply_coins.is_not_null()).then(pl.coalesce("binance_ms", "coingecko_ms")).alias("supply_as_of_ms"),
    ).sort(KEY)
