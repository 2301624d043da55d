"""Binance: requests as the venue wants them, answers as canonical frames."""

from typing import Any

import httpx
import polars as pl
import pytest

from quantscout.errors import AnswerError, InputError, SourceError
from quantscout.frames import BARS, BOOK, FUNDING, HOUR_MS, MINUTE_MS, OPEN_INTEREST
from quantscout.http import Spent
from quantscout.venues import binance
from quantscout.venues.base import Contract
from quantscout.venues.binance import Binance
from venues.script import Script

KLINES, DEPTH, FUNDING_RATE = "/fapi/v1/klines", "/fapi/v1/depth", "/fapi/v1/fundingRate"
OI, ACCOUNTS = "/futures/data/openInterestHist", "/futures/data/globalLongShortAccountRatio"
A = Contract("AUSDT")
H = 500_000 * HOUR_MS


def kline(hour: int) -> list[Any]:
    """Return a bar of this hour after H as the venue sends it."""
    at = H + hour * HOUR_MS
    return [at, "1.0", "3.0", "0.5", "2.0", "10", at + HOUR_MS - 1, "20.5", 4, "6", "12.5", "0"]


def test_bars_are_canonical(script: Script) -> None:
    """A kline row becomes a bar with base and quote volume and the takers' buys."""
    script.replies[KLINES] = [kline(0)]
    frame = script.binance(lambda venue: venue.fetch_bars(A, HOUR_MS, H, H + HOUR_MS))
    assert frame.schema == dict(BARS)
    assert frame.rows() == [("binance", "AUSDT", H, 1.0, 3.0, 0.5, 2.0, 10.0, 20.5, 12.5, False)]


@pytest.mark.parametrize(
    ("hours", "limits", "weight"), [(1, [99], 1), (99, [99], 1), (100, [499], 2), (720, [499, 499], 4)]
)
def test_bars_are_asked_for_in_the_cheapest_pages(hours: int, limits: list[int], weight: int) -> None:
    """99 rows cost one, 499 rows two; longer ranges take several pages."""
    asked: list[httpx.QueryParams] = []

    def reply(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.params)
        return httpx.Response(200, content=b"[]")

    script, client = Script(), binance.build_client(transport=httpx.MockTransport(reply), share=1e9)
    script.run(client, Binance, lambda venue: venue.fetch_bars(A, HOUR_MS, H, H + hours * HOUR_MS))
    assert [int(params["limit"]) for params in asked] == limits
    assert client.spent["default"] == Spent(len(limits), weight)


def test_bars_are_asked_for_with_both_ends(script: Script) -> None:
    """Both times are sent and pages join up: the end of one is a millisecond before the start of the next."""
    script.replies[KLINES] = []
    script.binance(lambda venue: venue.fetch_bars(A, HOUR_MS, H, H + 500 * HOUR_MS))
    assert script.params("startTime") == [str(H), str(H + 499 * HOUR_MS)]
    assert script.params("endTime") == [str(H + 499 * HOUR_MS - 1), str(H + 500 * HOUR_MS - 1)]


def test_bars_outside_the_range_are_left_out(script: Script) -> None:
    """The running bar and an older one that the venue sends along do not pass."""
    script.replies[KLINES] = [kline(-1), kline(0), kline(1)]
    frame = script.binance(lambda venue: venue.fetch_bars(A, HOUR_MS, H, H + HOUR_MS))
    assert frame["open_ms"].to_list() == [H]


def test_omitted_bars_are_filled_inside_one_answer_only(script: Script) -> None:
    """A hole inside a page is filled; one between two pages stays."""
    page = [kline(0), kline(2)]
    script.replies[KLINES] = lambda asked: page if asked["startTime"] == str(H) else [kline(501)]
    frame = script.binance(lambda venue: venue.fetch_bars(A, HOUR_MS, H, H + 600 * HOUR_MS))
    hours = ((frame["open_ms"] - H) // HOUR_MS).to_list()
    assert (hours, frame["filled"].to_list()) == ([0, 1, 2, 501], [False, True, False, False])


def test_malformed_bar_is_refused_by_field(script: Script) -> None:
    """The row, the column and the contract are named."""
    script.replies[KLINES] = [kline(0), [*kline(1)[:4], "x", *kline(1)[5:]]]
    with pytest.raises(AnswerError) as caught:
        script.binance(lambda venue: venue.fetch_bars(A, HOUR_MS, H, H + 9 * HOUR_MS))
    assert (caught.value.field, caught.value.contract) == ("[1][4]", "AUSDT")


def test_unknown_interval_is_refused(script: Script) -> None:
    """An interval that the venue does not have is refused before it is asked for."""
    with pytest.raises(InputError, match="1000 ms"):
        script.binance(lambda venue: venue.fetch_bars(A, 1_000, H, H + 1_000))


def test_symbol_in_chinese_characters_is_sent_as_utf8(script: Script) -> None:
    """The name arrives as it is listed."""
    script.replies[KLINES] = []
    script.binance(lambda venue: venue.fetch_bars(Contract("币安人生USDT"), HOUR_MS, H, H + HOUR_MS))
    assert script.params("symbol") == ["币安人生USDT"]


def test_invalid_symbol_is_a_bad_request_about_the_contract() -> None:
    """The venue's refusal is quoted with its code, and the contract named."""
    body = {"code": -1121, "msg": "Invalid symbol."}
    client = binance.build_client(transport=httpx.MockTransport(lambda _: httpx.Response(400, json=body)))
    with pytest.raises(
        SourceError, match=r"bad_request: HTTP 400 at /fapi/v1/depth: -1121: Invalid symbol\. \(AUSDT\)"
    ):
        Script().run(client, Binance, lambda venue: venue.fetch_book(A))


def test_open_interest_includes_the_hour_itself(script: Script) -> None:
    """The snapshot at the end of the range is part of it; later ones are not."""
    script.replies[OI] = [
        {"timestamp": H, "sumOpenInterest": "5.5", "sumOpenInterestValue": "9", "CMCCirculatingSupply": "1000.5"},
        {"timestamp": H + HOUR_MS, "sumOpenInterest": "6"},
        {"timestamp": H + 2 * HOUR_MS, "sumOpenInterest": "7"},
    ]
    frame = script.binance(lambda venue: venue.fetch_open_interest(A, H, H + HOUR_MS))
    assert frame.schema == dict(OPEN_INTEREST)
    assert frame.rows() == [("binance", "AUSDT", H, 5.5, 1_000.5), ("binance", "AUSDT", H + HOUR_MS, 6.0, None)]


@pytest.mark.parametrize("supply", ["0", "", None])
def test_supply_of_nothing_is_unknown(script: Script, supply: str | None) -> None:
    """No supply is not a supply of zero."""
    script.replies[OI] = [{"timestamp": H, "sumOpenInterest": "5", "CMCCirculatingSupply": supply}]
    frame = script.binance(lambda venue: venue.fetch_open_interest(A, H, H))
    assert frame["supply_coins"].to_list() == [None]


def test_month_of_open_interest_takes_two_pages_without_overlap(script: Script) -> None:
    """500 rows is the most; each hour is asked for once."""
    script.replies[OI] = lambda asked: [
        {"timestamp": at, "sumOpenInterest": "1"}
        for at in range(int(asked["startTime"]), int(asked["endTime"]) + 1, HOUR_MS)
    ]
    frame = script.binance(lambda venue: venue.fetch_open_interest(A, H, H + 719 * HOUR_MS))
    assert frame["at_ms"].to_list() == [H + hour * HOUR_MS for hour in range(720)]
    assert len(script.asked) == 2


def settlement(name: str, at_ms: int, rate: str = "0.0001") -> dict[str, Any]:
    """Return a row of fundingRate."""
    return {"symbol": name, "fundingTime": at_ms, "fundingRate": rate, "markPrice": "", "rateType": "Regular"}


def test_settlements_are_floored_to_the_minute(script: Script) -> None:
    """A settlement a few milliseconds after the hour belongs to the hour, the last one of the range included."""
    script.replies[FUNDING_RATE] = [settlement("AUSDT", H + 5), settlement("AUSDT", H + HOUR_MS + 5)]
    frame = script.binance(lambda venue: venue.fetch_funding(A, H, H + HOUR_MS))
    assert frame.schema == dict(FUNDING)
    assert frame.rows() == [("binance", "AUSDT", H, 0.0001), ("binance", "AUSDT", H + HOUR_MS, 0.0001)]
    assert script.params("endTime") == [str(H + HOUR_MS + MINUTE_MS - 1)]


def test_sweep_pages_through_moments_that_fill_several_pages(script: Script) -> None:
    """Pages of 1000 rows cut through a settlement's moment: nothing is lost, nothing stands twice."""
    everything = [settlement(f"C{n}", H + hour * HOUR_MS) for hour in range(5) for n in range(700)]

    def reply(asked: httpx.QueryParams) -> list[dict[str, Any]]:
        inside = [r for r in everything if int(asked["startTime"]) <= r["fundingTime"] <= int(asked["endTime"])]
        return inside[: int(asked["limit"])]

    script.replies[FUNDING_RATE] = reply
    frame = script.binance(lambda venue: venue.fetch_funding_of_all(H, H + 9 * HOUR_MS))
    assert (len(frame), frame.unique(["contract", "settled_ms"]).height) == (3_500, 3_500)


def test_sweep_that_makes_no_progress_ends_with_an_error(script: Script) -> None:
    """A venue that repeats a full page for ever is not asked for ever."""
    script.replies[FUNDING_RATE] = [settlement(f"C{n}", H) for n in range(1_000)]
    with pytest.raises(AnswerError, match="no progress"):
        script.binance(lambda venue: venue.fetch_funding_of_all(H, H + HOUR_MS))


def levels(count: int, step: float) -> dict[str, Any]:
    """Return a book around 100 with so many levels a side."""
    side = [[str(round(100 - step * (n + 1), 6)), "1"] for n in range(count)]
    return {"E": 5, "bids": side, "asks": [[str(round(200 - float(price), 6)), size] for price, size in side]}


@pytest.mark.parametrize(
    ("step", "depth", "asked"),
    [(0.05, 5_000, [100]), (0.001, 30, [100]), (0.005, 5_000, [100, 500]), (0.0001, 5_000, [100, 500, 1_000])],
    ids=["reaches at once", "whole book", "one more", "never"],
)
def test_book_is_asked_for_as_deep_as_needed(script: Script, step: float, depth: int, asked: list[int]) -> None:
    """A deeper book is paid for only where the levels end inside the band and there may be more."""
    script.replies[DEPTH] = lambda params: levels(min(int(params["limit"]), depth), step)
    frame = script.binance(lambda venue: venue.fetch_book(A))
    assert frame.schema == dict(BOOK)
    assert [int(limit) for limit in script.params("limit")] == asked
    assert frame["reaches_band"].to_list() == [asked != [100, 500, 1_000]]


def test_empty_book_is_not_asked_for_again(script: Script) -> None:
    """A contract without orders has a row without sums, for the price of one request."""
    script.replies[DEPTH] = {"E": 5, "bids": [], "asks": []}
    frame = script.binance(lambda venue: venue.fetch_book(A))
    assert (frame["bids_usdt"].to_list(), len(script.asked)) == ([None], 1)


@pytest.mark.parametrize("level", [["0", "1"], ["-1", "1"], ["NaN", "1"], ["1e308", "1"], ["1", "-1"], ["1"]])
def test_impossible_level_is_refused(script: Script, level: list[str]) -> None:
    """A book with a price or size that cannot be is not summed up."""
    script.replies[DEPTH] = {"E": 5, "bids": [level], "asks": [["2", "1"]]}
    with pytest.raises(AnswerError, match=r"bids\[0\]"):
        script.binance(lambda venue: venue.fetch_book(A))


@pytest.mark.parametrize(("at_ms", "ratio"), [(H, 1.5), (H + HOUR_MS, None)])
def test_long_short_ratio_is_that_of_the_hour(script: Script, at_ms: int, ratio: float | None) -> None:
    """Only the row stamped with exactly the hour counts."""
    script.replies[ACCOUNTS] = [
        {"timestamp": H - HOUR_MS, "longShortRatio": "9"},
        {"timestamp": H, "longShortRatio": "1.5"},
    ]
    assert script.binance(lambda venue: venue.fetch_long_short_ratio(A, at_ms)) == ratio


def test_long_short_ratio_that_is_no_number_is_unknown(script: Script) -> None:
    """NaN is not handed on."""
    script.replies[ACCOUNTS] = [{"timestamp": H, "longShortRatio": "NaN"}]
    assert script.binance(lambda venue: venue.fetch_long_short_ratio(A, H)) is None


def test_statistics_and_funding_have_their_own_budgets() -> None:
    """What counts per request is not taken from the weight per minute."""
    client = binance.build_client(share=0.5)
    assert {name: (budget.weight, budget.window_s) for name, budget in client.budgets.items()} == {
        "default": (1_200.0, 60),
        "data": (500.0, 300),
        "funding": (250.0, 300),
    }


def test_amounts_that_are_null_are_unknown(script: Script) -> None:
    """A bar with prices and without quote volume is a bar whose quote volume is not known."""
    script.replies[KLINES] = [[*kline(0)[:7], None, None, None, None, "0"]]
    frame = script.binance(lambda venue: venue.fetch_bars(A, HOUR_MS, H, H + HOUR_MS))
    assert frame.select(pl.col("close", "volume_usdt", "taker_buy_usdt")).rows() == [(2.0, None, None)]
