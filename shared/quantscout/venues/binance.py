"""Binance USD-M futures: its endpoints with what they cost, and the venue that asks them."""

import asyncio
import time
from collections.abc import Mapping

import polars as pl

from quantscout.errors import AnswerError, InputError
from quantscout.frames import BARS, DAY_MS, HOUR_MS, MINUTE_MS, OPEN_INTEREST, stack
from quantscout.http import Endpoint, SourceClient, Transport
from quantscout.limits import Budget, Clock, build_budgets
from quantscout.venues import binance_answers as answers
from quantscout.venues.answers import windows
from quantscout.venues.base import Contract, Listing

BASE_URL = "https://fapi.binance.com"

# Weight per clock minute; the statistics and the funding endpoints count requests per five minutes instead.
LIMITS = {"default": (2_400, 60), "data": (1_000, 300), "funding": (500, 300)}

USED_WEIGHT_HEADER = "x-mbx-used-weight-1m"

TIME = Endpoint("/fapi/v1/time")
EXCHANGE_INFO = Endpoint("/fapi/v1/exchangeInfo")
PREMIUM_INDEX = Endpoint("/fapi/v1/premiumIndex", 10)
BOOK_TICKER = Endpoint("/fapi/v1/ticker/bookTicker", 5)
FUNDING_INFO = Endpoint("/fapi/v1/fundingInfo", 1, "funding")
FUNDING_RATE = Endpoint("/fapi/v1/fundingRate", 1, "funding", 1_000)
# Sources differ on whether exactly 100 and 500 rows belong to the cheaper class: stay below both.
KLINES = (Endpoint("/fapi/v1/klines", 1, rows=99), Endpoint("/fapi/v1/klines", 2, rows=499))
DEPTHS = tuple(Endpoint("/fapi/v1/depth", weight, rows=rows) for weight, rows in ((5, 100), (10, 500), (20, 1_000)))
OPEN_INTEREST_HISTORY = Endpoint("/futures/data/openInterestHist", 1, "data", 500)
LONG_SHORT = Endpoint("/futures/data/globalLongShortAccountRatio", 1, "data", 2)

INTERVALS = {15 * MINUTE_MS: "15m", HOUR_MS: "1h", 4 * HOUR_MS: "4h", DAY_MS: "1d"}
# Snapshots and settlements stand at a full minute, some a few ms later: ask to the end of it.
LATE_MS = MINUTE_MS - 1


def build_client(
    *, base_url: str = BASE_URL, share: float = 0.8, transport: Transport | None = None, clock: Clock = time.time
) -> SourceClient:
    """Return the client with Binance's budgets, of which it uses at most this share."""
    budgets = build_budgets(LIMITS, share, clock, aligned=True)
    return SourceClient(answers.NAME, base_url, budgets, transport=transport, correct=_correct, clock=clock)


def _correct(headers: Mapping[str, str], budgets: Mapping[str, Budget]) -> None:
    """Take over the weight that the venue counts in its running minute, on every endpoint that costs weight."""
    used = headers.get(USED_WEIGHT_HEADER, "")
    if used.isdecimal():
        budgets["default"].correct(int(used))


class Binance:
    """Binance USD-M futures as a `base.Venue`."""

    name = answers.NAME
    offers = frozenset({"long_short", "taker", "funding_sweep"})

    def __init__(self, client: SourceClient) -> None:
        """Ask through this client (`build_client`)."""
        self.client = client

    async def fetch_server_time_ms(self) -> int:
        """Return the venue's clock."""
        return answers.parse_server_time_ms(await self.client.ask(TIME))

    async def fetch_listing(self) -> Listing:
        """Return every contract of exchangeInfo with its snapshot; open interest does not come along."""
        endpoints = EXCHANGE_INFO, PREMIUM_INDEX, BOOK_TICKER, FUNDING_INFO
        return answers.parse_listing(answers.Snapshot(*await asyncio.gather(*map(self.client.ask, endpoints))))

    async def fetch_bars(self, contract: Contract, interval_ms: int, since_ms: int, until_ms: int) -> pl.DataFrame:
        """Return `frames.BARS` in the range, in the cheapest pages that hold it."""
        if interval_ms not in INTERVALS:
            raise InputError(f"bars of {interval_ms} ms are not offered; choose one of {sorted(INTERVALS)}")
        few, many = KLINES
        endpoint = few if until_ms - since_ms <= few.rows * interval_ms else many
        pages = [
            await self._fetch_bars_page(endpoint, contract, interval_ms, page)
            for page in windows(since_ms, until_ms, endpoint.rows * interval_ms)
        ]
        return stack(pages, BARS)

    async def _fetch_bars_page(
        self, endpoint: Endpoint, contract: Contract, interval_ms: int, page: tuple[int, int]
    ) -> pl.DataFrame:
        params = {
            "symbol": contract.name,
            "interval": INTERVALS[interval_ms],
            "limit": endpoint.rows,
            **_range(page[0], page[1] - 1),
        }
        body = await self.client.ask(endpoint, params, contract.name)
        return answers.parse_bars(body, contract, interval_ms, *page)

    async def fetch_open_interest(self, contract: Contract, since_ms: int, until_ms: int) -> pl.DataFrame:
        """Return hourly `frames.OPEN_INTEREST` in `since <= t <= until`; the venue keeps 30 days and refuses older."""
        endpoint, pages = OPEN_INTEREST_HISTORY, []
        for start, end in windows(since_ms, until_ms + LATE_MS + 1, endpoint.rows * HOUR_MS):
            params = {"symbol": contract.name, "period": "1h", "limit": endpoint.rows, **_range(start, end - 1)}
            page = answers.parse_open_interest(await self.client.ask(endpoint, params, contract.name), contract)
            pages.append(page.filter(pl.col("at_ms").is_between(start, min(end - 1, until_ms))))
        return stack(pages, OPEN_INTEREST)

    async def fetch_funding(self, contract: Contract, since_ms: int, until_ms: int) -> pl.DataFrame:
        """Return the contract's `frames.FUNDING` in `since <= t <= until`."""
        return await self._fetch_settlements({"symbol": contract.name}, since_ms, until_ms, contract.name)

    async def fetch_funding_of_all(self, since_ms: int, until_ms: int) -> pl.DataFrame:
        """Return the settlements of all contracts in `since <= t <= until`."""
        return await self._fetch_settlements({}, since_ms, until_ms, None)

    async def _fetch_settlements(
        self, params: dict[str, str | int], since_ms: int, until_ms: int, contract: str | None
    ) -> pl.DataFrame:
        """Page upwards by time: a full page may end inside one moment, so the next one starts with that moment."""
        settlements: list[answers.Settlement] = []
        cursor_ms, last_ms = since_ms, until_ms + LATE_MS
        while cursor_ms <= last_ms:
            asked = {**params, "limit": FUNDING_RATE.rows, **_range(cursor_ms, last_ms)}
            page = answers.read_settlements(await self.client.ask(FUNDING_RATE, asked, contract), contract)
            settlements += page
            if len(page) < FUNDING_RATE.rows:
                break
            newest_ms = max(row["fundingTime"] for row in page)
            if newest_ms <= cursor_ms:
                raise AnswerError(self.name, "fundingTime", f"no progress past {cursor_ms} with a full page", contract)
            cursor_ms = newest_ms
        return answers.build_funding(settlements, since_ms, until_ms)

    async def fetch_book(self, contract: Contract) -> pl.DataFrame:
        """Return one row of `frames.BOOK` from the smallest depth whose levels reach the band or are all there are."""
        book = await self._fetch_depth(DEPTHS[0], contract)
        for endpoint in DEPTHS[1:]:
            if book.item(0, "reaches_band") or book.item(0, "mid") is None:
                break
            book = await self._fetch_depth(endpoint, contract)
        return book

    async def _fetch_depth(self, endpoint: Endpoint, contract: Contract) -> pl.DataFrame:
        body = await self.client.ask(endpoint, {"symbol": contract.name, "limit": endpoint.rows}, contract.name)
        return answers.parse_book(body, contract, endpoint.rows)

    async def fetch_long_short_ratio(self, contract: Contract, at_ms: int) -> float | None:
        """Return long accounts / short accounts of the hour that ends at `at_ms`, None if the venue has none."""
        params = {"symbol": contract.name, "period": "1h", "limit": LONG_SHORT.rows, **_range(at_ms - HOUR_MS, at_ms)}
        body = await self.client.ask(LONG_SHORT, params, contract.name)
        return answers.parse_long_short_ratio(body, contract, at_ms)


def _range(first_ms: int, last_ms: int) -> dict[str, str | int]:
    return {"startTime": first_ms, "endTime": last_ms}
