"""A coin's futures figures over several exchanges: its markets, what is asked of them, what comes of it (SPEC 3).

The same ticker is not the same coin. The coin's main market is Binance's, found by the contract's own name; another
exchange's counts only when its price of the closed hour agrees (docs/identity.md).
"""

from typing import NamedTuple

import polars as pl

from quantscout.errors import Problem
from quantscout.frames import HOUR_MS, Schema, conform
from quantscout.identity import BINANCE_CODE, UNIT_PREFIXES, agree

SOURCE = "coinalyze"

HISTORIES: dict[str, Schema] = {
    "open_interest": {"open_interest": pl.Float64},  # in the market's own amounts, at the end of the hour
    "predicted_funding": {"predicted_funding_ratio": pl.Float64},  # fraction per interval
    "liquidations": {"long_usd": pl.Float64, "short_usd": pl.Float64},
    "long_short": {"long_short_ratio": pl.Float64},
    "ohlcv": {"close": pl.Float64, "volume": pl.Float64, "buy_volume": pl.Float64},  # in the market's own amounts
}
"""Figures by the hour: besides these columns each has `coinalyze_symbol` and `open_ms`, the hour's start."""
PAIR = ("open_interest", "ohlcv")
"""What another exchange's market is asked for: what is summed, and the price that says whether it is the coin."""

EXCHANGES = ("6", "3", "Y", "H", "4", "W", "8", "F", "K", "7", "0", "2", "V", "C")
"""The order in which further exchanges are asked, the largest in perpetuals first: Bybit, OKX, Gate.io, Hyperliquid,
Huobi, WOO X, dYdX, Bitfinex, Kraken, Phemex, BitMEX, Deribit, Vertex, Coinbase; then the others by their code."""
QUOTES = ("USDT", "USDC", "USD")
"""What counts as a dollar."""

MEMBERS: Schema = {
    "coin": pl.String,
    "rank": pl.Int64,
    "price_usd": pl.Float64,  # of one coin, at the close of the hour
    "coinalyze_symbol": pl.String,
    "exchange": pl.String,
    "multiplier": pl.Float64,  # coins per unit of the market's base asset
    "denominated_in": pl.String,  # BASE_ASSET or QUOTE_ASSET
    "has_buy_sell_data": pl.Boolean,
    "is_main": pl.Boolean,  # the one market of the coin that is asked for everything
    "is_sure": pl.Boolean,  # found by the contract's own name: its price needs no proof
}
"""The markets of the finalists."""

AGGREGATES: Schema = {
    "coin": pl.String,
    "main_market": pl.String,  # whose predicted funding, liquidations and long/short ratio stand here
    "exchanges": pl.Int64,  # in the sum of open interest
    "open_interest_usd": pl.Float64,
    "exchanges_in_change": pl.Int64,
    "open_interest_change_4h_pct": pl.Float64,  # in coins, over the markets that have both hours
    "predicted_funding_ratio": pl.Float64,  # fraction per interval
    "long_liquidations_usd_24h": pl.Float64,
    "short_liquidations_usd_24h": pl.Float64,
    "long_short_ratio": pl.Float64,
    "taker_buy_ratio": pl.Float64,  # share of the taker volume of the last closed hour
    "taker_buy_usd": pl.Float64,  # amounts at that hour's close; of the markets that tell buys from sells
    "taker_sell_usd": pl.Float64,
}
COUNTS = ("exchanges", "exchanges_in_change")


class Plan(NamedTuple):
    """The markets that are asked, and per history the symbols, each once; their number is the cost in symbol-calls."""

    members: pl.DataFrame
    symbols: dict[str, list[str]]

    @property
    def calls(self) -> int:
        """Return what all of it costs."""
        return sum(len(symbols) for symbols in self.symbols.values())


class Aggregated(NamedTuple):
    """`AGGREGATES` of the coins of which a market counts, best rank first, and what did not count or was not there."""

    frame: pl.DataFrame
    problems: list[Problem]


def further_markets(coins: pl.DataFrame, markets: pl.DataFrame) -> pl.DataFrame:
    """Return `MEMBERS` of other exchanges that bear a coin's ticker, in the order in which they are asked.

    `coins` has coin, rank, ticker, price_usd; `markets` is coinalyze_answers.MARKETS. Stable-margined perpetuals in
    dollars, also of 1,000 coins and the like: whether it is the coin, its price must say. Best rank first, one market
    of every exchange before the second of any.
    """
    units = {"": 1, **UNIT_PREFIXES}
    names = [(coin, prefix + ticker, float(n)) for coin, ticker in coins.select("coin", "ticker").rows()
             for prefix, n in units.items()]  # fmt: skip
    names_frame = conform(names, {"coin": pl.String, "base_asset": pl.String, "multiplier": pl.Float64})
    stable = pl.col("is_perpetual") & (pl.col("margined") == "STABLE") & pl.col("quote_asset").is_in(list(QUOTES))
    others = markets.filter(stable & (pl.col("exchange") != BINANCE_CODE))
    found = coins.drop("ticker").join(names_frame, on="coin").join(others, on="base_asset")
    place = pl.col("exchange").replace_strict({code: n for n, code in enumerate(EXCHANGES)}, default=len(EXCHANGES))
    quote = pl.col("quote_asset").replace_strict({name: n for n, name in enumerate(QUOTES)}, default=len(QUOTES))
    ordered = found.sort("rank", "coin", place, "exchange", quote, "multiplier", "coinalyze_symbol")
    nth = pl.int_range(pl.len()).over("coin", "exchange")
    flags = {"is_main": pl.lit(value=False), "is_sure": pl.lit(value=False)}
    return conform(ordered.with_columns(**flags).sort("rank", "coin", nth, maintain_order=True), MEMBERS)


def plan_calls(members: pl.DataFrame, calls: int) -> Plan:
    """Return what of the members is asked for with so many symbol-calls: never more, the first members first.

    A main market costs one call per history, a further one two, and is only asked if its coin's main market is. What
    does not fit is left out for what comes after it and does.
    """
    plan: dict[str, list[str]] = {name: [] for name in HISTORIES}
    coins, asked = set[str](), list[bool]()
    for coin, symbol, is_main in members.select("coin", "coinalyze_symbol", "is_main").rows():
        new = [name for name in (HISTORIES if is_main else PAIR) if symbol not in plan[name]]
        fits = len(new) <= calls and (is_main or coin in coins)
        asked.append(fits)
        if fits:
            coins.add(coin)
            calls -= len(new)
            for name in new:
                plan[name].append(symbol)
    return Plan(members.filter(pl.Series(asked, dtype=pl.Boolean)), plan)


def build_aggregates(
    members: pl.DataFrame, histories: dict[str, pl.DataFrame], hour_ms: int, price_agreement_ratio: float
) -> Aggregated:
    """Return the figures per coin from `HISTORIES` of its markets, those whose price is the coin's.

    A market that disagrees or is silent is left out and named. Open interest is asked for in the market's own amounts:
    in dollars by the market's own close, its change in coins, so that no price moves it; a market that counts in its
    quote asset has no change.
    """
    seen = _with_figures(members, histories, hour_ms)
    fits = pl.col("is_sure") | agree(pl.col("close") / pl.col("multiplier"), pl.col("price_usd"), price_agreement_ratio)
    counted = seen.filter(fits).sort("rank", "coin", maintain_order=True)
    main = counted.filter("is_main").with_columns(pl.col("coinalyze_symbol").alias("main_market"))
    own = ("main_market", "predicted_funding_ratio", "long_short_ratio")
    day = ("long_liquidations_usd_24h", "short_liquidations_usd_24h")
    sums = counted.group_by("coin", maintain_order=True).agg(*_open_interest(), *_taker_volumes())
    joined = sums.join(main.select("coin", *own, *day), on="coin", how="left", maintain_order="left")
    taken = pl.col("taker_buy_usd") + pl.col("taker_sell_usd")
    frame = conform(joined.with_columns((pl.col("taker_buy_usd") / taken).alias("taker_buy_ratio")), AGGREGATES)
    return Aggregated(frame, [*_not_counted(seen.filter(~fits)), *_missing(frame)])


def _with_figures(members: pl.DataFrame, histories: dict[str, pl.DataFrame], hour_ms: int) -> pl.DataFrame:
    """Add what each market says of the last closed hour, of the one four hours before, and of the day."""
    last, day = (
        pl.col("open_ms") == hour_ms - HOUR_MS,
        pl.col("open_ms").is_between(hour_ms - 24 * HOUR_MS, hour_ms - 1),
    )
    interest, liquidations = histories["open_interest"], histories["liquidations"].filter(day)
    before = interest.filter(pl.col("open_ms") == hour_ms - 5 * HOUR_MS)
    totals = liquidations.group_by("coinalyze_symbol", maintain_order=True).agg(
        pl.col("long_usd").sum().alias("long_liquidations_usd_24h"),  # hours without any are not in the answer
        pl.col("short_usd").sum().alias("short_liquidations_usd_24h"),
    )
    parts = [histories[name].filter(last).drop("open_ms") for name in HISTORIES if name != "liquidations"]
    parts += [before.select("coinalyze_symbol", pl.col("open_interest").alias("open_interest_before")), totals]
    for part in parts:
        members = members.join(part, on="coinalyze_symbol", how="left", maintain_order="left")
    return members.with_columns(pl.when(pl.col("close") > 0).then("close").alias("close"))


def _sum_or_null(values: pl.Expr) -> pl.Expr:
    return pl.when(values.count() > 0).then(values.sum())


def _open_interest() -> list[pl.Expr]:
    """Return level and change of a coin's markets, each with the number of exchanges in it."""
    in_base, held = pl.col("denominated_in") == "BASE_ASSET", pl.col("open_interest")
    unit_usd = pl.coalesce("close", pl.col("price_usd") * pl.col("multiplier"))
    in_quote = pl.when(pl.col("denominated_in") == "QUOTE_ASSET").then(held)
    level = pl.when(held >= 0).then(pl.when(in_base).then(held * unit_usd).otherwise(in_quote))
    both = in_base & (held >= 0) & (pl.col("open_interest_before") > 0)
    now, then = ((pl.col(n) * pl.col("multiplier")).filter(both) for n in ("open_interest", "open_interest_before"))
    return [
        pl.col("exchange").filter(level.is_not_null()).n_unique().alias("exchanges"),
        _sum_or_null(level).alias("open_interest_usd"),
        pl.col("exchange").filter(both).n_unique().alias("exchanges_in_change"),
        (100 * (now.sum() / then.sum() - 1)).alias("open_interest_change_4h_pct"),
    ]


def _taker_volumes() -> list[pl.Expr]:
    """Return what takers bought and sold in the hour, of the markets that tell both."""
    volume, bought = pl.col("volume"), pl.col("buy_volume")
    known = pl.col("has_buy_sell_data").fill_null(value=True) & (volume > 0) & bought.is_between(0, volume)
    in_quote = pl.when(pl.col("denominated_in") == "QUOTE_ASSET").then(1.0)
    unit_usd = pl.when(pl.col("denominated_in") == "BASE_ASSET").then("close").otherwise(in_quote)
    return [
        _sum_or_null(pl.when(known).then(bought * unit_usd)).alias("taker_buy_usd"),
        _sum_or_null(pl.when(known).then((volume - bought) * unit_usd)).alias("taker_sell_usd"),
    ]


def _not_counted(left_out: pl.DataFrame) -> list[Problem]:
    problems = []
    for row in left_out.iter_rows(named=True):
        symbol, coin, close = row["coinalyze_symbol"], row["coin"], row["close"]
        if close is None:
            problems.append(Problem(SOURCE, symbol, "missing", f"no price of the closed hour: not counted to {coin}"))
        else:
            prices = f"{close / row['multiplier']:.6g} USD, {coin} costs {row['price_usd']:.6g}"
            problems.append(Problem(SOURCE, symbol, "price_disagrees", f"{prices}: another coin, not counted"))
    return problems


def _missing(frame: pl.DataFrame) -> list[Problem]:
    """Name the figures that a coin's main market does not give; a coin without one has its problem already."""
    names = [name for name in AGGREGATES if name not in ("coin", "main_market")]
    rows = frame.filter(pl.col("main_market").is_not_null()).iter_rows(named=True)
    absent = ((row["main_market"], [name for name in names if row[name] is None]) for row in rows)
    return [Problem(SOURCE, symbol, "missing", ", ".join(fields)) for symbol, fields in absent if fields]
