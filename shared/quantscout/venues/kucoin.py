"""KuCoin futures: its endpoints with what they cost, and the venue that asks them."""

import asyncio
import time
from collections.abc import Mapping

import polars as pl

from quantscout.errors import InputError
from quantscout.frames import BARS, FUNDING, HOUR_MS, MINUTE_MS, OPEN_INTEREST, stack
from quantscout.http import Endpoint, SourceClient, Transport
from quantscout.limits import Budget, Clock, build_budgets
from quantscout.venues import kucoin_answers as answers
from quantscout.venues.answers import windows
from quantscout.venues.base import Contract, Listing

BASE_URL = "https://api-futures.kucoin.com"
UNIFIED_URL = "https://api.kucoin.com/api/ua/v1"  # the newer API on another host; the same public pool of requests

LIMITS = {"default": (2_000, 30)}  # weight per 30 s, counted from the first request

TIME = Endpoint("/api/v1/timestamp", 2)
CONTRACTS_ACTIVE = Endpoint("/api/v1/contracts/active", 3)
ALL_TICKERS = Endpoint("/api/v1/allTickers", 5)
KLINES = Endpoint("/api/v1/kline/query", 3, rows=500)
LEVEL2 = Endpoint("/api/v1/level2/snapshot", 3)
FUNDING_RATES = Endpoint("/api/v1/contract/funding-rates", 5)
OPEN_INTEREST_HISTORY = Endpoint("/market/open-interest", 10, rows=200)

KLINE_CAPS = (200, 500)  # documented as 500, elsewhere as 200: an answer of either length may have been cut
LONGEST_FUNDING_MS = 8 * HOUR_MS
GRANULARITIES_MIN = (1, 5, 15, 30, 60, 120, 240, 480, 720, 1_440, 10_080)


def build_client(
    *, base_url: str = BASE_URL, share: float = 0.8, transport: Transport | None = None, clock: Clock = time.time
) -> SourceClient:
    """Return the client with KuCoin's budget, of which it uses at most this share."""
    budgets = build_budgets(LIMITS, share, clock)
    return SourceClient(answers.NAME, base_url, budgets, transport=transport, correct=_correct, clock=clock)


def _correct(headers: Mapping[str, str], budgets: Mapping[str, Budget]) -> None:
    """Take over what is left of the pool, and when its window ends; an overload sends no such headers."""
    said = [headers.get(f"gw-ratelimit-{name}", "") for name in ("limit", "remaining", "reset")]
    if all(text.isdecimal() for text in said):
        limit, remaining, reset_ms = map(int, said)
        budgets["default"].correct(limit - remaining, reset_ms / 1_000)


class Kucoin:
    """KuCoin futures as a `base.Venue`."""

    name = answers.NAME
    offers = frozenset[str]()

    def __init__(self, client: SourceClient, *, unified_url: str = UNIFIED_URL) -> None:
        """Ask through this client (`build_client`); the open-interest history is on the unified API's host."""
        self.client = client
        self._open_interest_history = OPEN_INTEREST_HISTORY._replace(
            path=unified_url.rstrip("/") + OPEN_INTEREST_HISTORY.path
        )

    async def fetch_server_time_ms(self) -> int:
        """Return the venue's clock."""
        return answers.parse_server_time_ms(await self.client.ask(TIME))

    async def fetch_listing(self) -> Listing:
        """Return every contract with its snapshot, open interest included."""
        bodies = await asyncio.gather(self.client.ask(CONTRACTS_ACTIVE), self.client.ask(ALL_TICKERS))
        return answers.parse_listing(*bodies)

    async def fetch_bars(self, contract: Contract, interval_ms: int, since_ms: int, until_ms: int) -> pl.DataFrame:
        """Return `frames.BARS` in the range, paged by what came back; no answer fills a gap of another one."""
        if interval_ms // MINUTE_MS not in GRANULARITIES_MIN or interval_ms % MINUTE_MS:
            raise InputError(f"bars of {interval_ms} ms are not offered; choose one of {GRANULARITIES_MIN} minutes")
        pages: list[pl.DataFrame] = []
        # Of an answer that may have been cut nobody says which end is missing: ask for what lies on either side.
        wanted = list(windows(since_ms, until_ms, KLINES.rows * interval_ms))
        while wanted:
            since, until = wanted.pop(0)
            page = await self._fetch_bars_page(contract, interval_ms, since, until)
            opens = page.filter(~pl.col("filled"))["open_ms"].to_list()
            if len(opens) in KLINE_CAPS:
                rest = (since, opens[0]), (opens[-1] + interval_ms, until)
                wanted += [(start, end) for start, end in rest if start < end]
            pages.append(page)
        return stack(pages, BARS).sort("open_ms", maintain_order=True)

    async def _fetch_bars_page(
        self, contract: Contract, interval_ms: int, since_ms: int, until_ms: int
    ) -> pl.DataFrame:
        # Whether `to` is included is not documented: the last millisecond of the range is right in both cases.
        span: dict[str, str | int] = {"from": since_ms, "to": until_ms - 1}
        params = {"symbol": contract.name, "granularity": interval_ms // MINUTE_MS, **span}
        body = await self.client.ask(KLINES, params, contract.name)
        return answers.parse_bars(body, contract, interval_ms, since_ms, until_ms)

    async def fetch_open_interest(self, contract: Contract, since_ms: int, until_ms: int) -> pl.DataFrame:
        """Return hourly `frames.OPEN_INTEREST` in `since <= t <= until`, from the unified API."""
        endpoint, pages = self._open_interest_history, []
        for start, end in windows(since_ms, until_ms + MINUTE_MS, endpoint.rows * HOUR_MS):
            span: dict[str, str | int] = {"startAt": start, "endAt": end - 1}
            params = {"symbol": contract.name, "interval": "1hour", "pageSize": endpoint.rows, **span}
            page = answers.parse_open_interest(await self.client.ask(endpoint, params, contract.name), contract)
            pages.append(page.filter(pl.col("at_ms").is_between(start, min(end - 1, until_ms))))
        return stack(pages, OPEN_INTEREST)

    async def fetch_funding(self, contract: Contract, since_ms: int, until_ms: int) -> pl.DataFrame:
        """Return `frames.FUNDING` in `since <= t <= until`, paged downwards as the venue answers newest first."""
        pages: list[pl.DataFrame] = []
        newest_ms = until_ms + MINUTE_MS - 1
        while newest_ms >= since_ms:
            params: dict[str, str | int] = {"symbol": contract.name, "from": since_ms, "to": newest_ms}
            page = answers.parse_funding(await self.client.ask(FUNDING_RATES, params, contract.name), contract)
            inside = page.filter(pl.col("settled_ms").is_between(since_ms, newest_ms))
            pages.insert(0, inside)
            # The size of a page is not documented: stop when what came back reaches the start of the range.
            oldest_ms = inside["settled_ms"].to_list()[0] if len(inside) else since_ms
            if oldest_ms < since_ms + LONGEST_FUNDING_MS:
                break
            newest_ms = oldest_ms - 1
        return stack(pages, FUNDING).filter(pl.col("settled_ms") <= until_ms)

    async def fetch_funding_of_all(self, since_ms: int, until_ms: int) -> pl.DataFrame:
        """Raise InputError: the venue answers for one contract at a time."""
        raise InputError(f"{self.name} has no settlements of all contracts ({since_ms} to {until_ms}): ask for each")

    async def fetch_book(self, contract: Contract) -> pl.DataFrame:
        """Return one row of `frames.BOOK` from the whole book."""
        body = await self.client.ask(LEVEL2, {"symbol": contract.name}, contract.name)
        return answers.parse_book(body, contract)

    async def fetch_long_short_ratio(self, contract: Contract, at_ms: int) -> float | None:  # noqa: ARG002
        """Return None: the venue has no such figure."""
        return None
