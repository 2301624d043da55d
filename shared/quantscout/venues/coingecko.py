"""CoinGecko: circulating supply, what people search for, and dominance. Slow and rationed: a few calls an hour."""

from typing import NamedTuple, NotRequired

import polars as pl
from pydantic import AwareDatetime, TypeAdapter
from typing_extensions import TypedDict  # pydantic asks for this one before Python 3.12

from quantscout.frames import Schema, conform
from quantscout.http import Endpoint, SourceClient
from quantscout.venues.answers import Answer, Ms, Name, Number, Rows, Table, Text, finite, read
from quantscout.venues.keyed import KeyedSource

NAME = "coingecko"
BASE_URL = "https://api.coingecko.com/api/v3"
KEY_HEADER = "x-cg-demo-api-key"

LIMITS = {"default": (30, 60)}  # calls a minute; the month has 10,000

MARKETS = Endpoint("/coins/markets", rows=250)
TRENDING = Endpoint("/search/trending", rows=15)
GLOBAL = Endpoint("/global")

COINS: Schema = {
    "coin_id": pl.String,  # CoinGecko's; the ticker is not unique
    "ticker": pl.String,
    "price_usd": pl.Float64,
    "supply_coins": pl.Float64,  # null where unknown, which the source also writes as 0
    "market_cap_rank": pl.Int64,
    "as_of_ms": pl.Int64,
}

ATTENTION: Schema = {"coin_id": pl.String, "ticker": pl.String, "rank": pl.Int64}


class Coin(TypedDict):
    """A row of coins/markets."""

    id: Name
    symbol: Text
    current_price: Number | None
    circulating_supply: Number | None
    market_cap_rank: Ms | None
    last_updated: AwareDatetime | None


class TrendingItem(TypedDict):
    """A coin that is searched for."""

    id: Name
    symbol: Text


class TrendingCoin(TypedDict):
    """The wrapper of an item."""

    item: TrendingItem


class Trending(TypedDict):
    """The answer of search/trending, most searched first."""

    coins: Rows[TrendingCoin]


class Shares(TypedDict):
    """Percentages of the whole market; a coin that falls out of the largest ten is absent."""

    btc: NotRequired[Number | None]
    usdt: NotRequired[Number | None]


class GlobalData(TypedDict):
    """The part of the answer that is used."""

    market_cap_percentage: Shares


class Global(TypedDict):
    """The answer of global."""

    data: GlobalData


class Dominance(NamedTuple):
    """Shares of the whole market capitalisation in percent, None where unknown."""

    btc_pct: float | None
    usdt_pct: float | None


COIN_ROWS = Table(NAME, Coin, key="id")
TRENDING_ANSWER = TypeAdapter(Trending)
GLOBAL_ANSWER = TypeAdapter(Global)


build_client = KeyedSource(NAME, BASE_URL, KEY_HEADER, LIMITS).build_client


class CoinGecko:
    """CoinGecko's public figures."""

    name = NAME

    def __init__(self, client: SourceClient) -> None:
        """Ask through this client (`build_client`)."""
        self.client = client

    async def fetch_supply(self, pages: int) -> Answer:
        """Return `COINS`, the largest first, up to 250 a page; coins that moved between two pages stand once."""
        answers: list[Answer] = []
        for page in range(1, pages + 1):
            params: dict[str, str | int] = {"vs_currency": "usd", "order": "market_cap_desc"}
            answer = parse_supply(await self.client.ask(MARKETS, {**params, "per_page": MARKETS.rows, "page": page}))
            answers.append(answer)
            if len(answer.frame) + len(answer.problems) < MARKETS.rows:
                break
        frame = pl.concat([conform([], COINS), *(answer.frame for answer in answers)])
        problems = [problem for answer in answers for problem in answer.problems]
        return Answer(frame.unique("coin_id", keep="first", maintain_order=True), problems)

    async def fetch_trending(self) -> pl.DataFrame:
        """Return `ATTENTION`: the searched coins, rank 1 to 15."""
        return parse_trending(await self.client.ask(TRENDING))

    async def fetch_dominance(self) -> Dominance:
        """Return the shares of BTC and USDT of the whole market, in percent."""
        return parse_dominance(await self.client.ask(GLOBAL))


def parse_supply(body: bytes) -> Answer:
    """Return `COINS` of one page, and a Problem per row that cannot be read."""
    rows, problems = COIN_ROWS.read(body)
    return Answer(conform([_coin_row(row) for row in rows], COINS), problems)


def _coin_row(row: Coin) -> tuple[object, ...]:
    as_of = row["last_updated"]
    return (
        *(row["id"], row["symbol"].upper(), row["current_price"], row["circulating_supply"] or None),
        *(row["market_cap_rank"], round(as_of.timestamp() * 1_000) if as_of else None),
    )


def parse_trending(body: bytes) -> pl.DataFrame:
    """Return `ATTENTION`, most searched first; of a coin that is named twice the better rank stands."""
    coins = read(TRENDING_ANSWER, body, NAME)["coins"][: TRENDING.rows]
    rows = [(coin["item"]["id"], coin["item"]["symbol"].upper(), rank) for rank, coin in enumerate(coins, 1)]
    return conform(rows, ATTENTION).unique("coin_id", keep="first", maintain_order=True)


def parse_dominance(body: bytes) -> Dominance:
    """Return the shares of BTC and USDT, in percent; what is no number is unknown."""
    shares = read(GLOBAL_ANSWER, body, NAME)["data"]["market_cap_percentage"]
    return Dominance(finite(shares.get("btc")), finite(shares.get("usdt")))
