"""KuCoin: lots as coins, sparse bars, two hosts, and refusals inside an answer of status 200."""

import json

import httpx
import pytest

from quantscout.errors import AnswerError, InputError, SourceError
from quantscout.frames import BARS, BOOK, FUNDING, HOUR_MS, MINUTE_MS, OPEN_INTEREST
from quantscout.http import Spent
from quantscout.venues import kucoin
from quantscout.venues.base import Contract
from quantscout.venues.kucoin import Kucoin
from quantscout.venues.kucoin_answers import parse_server_time_ms
from venues.script import Script

KLINES, RATES = "/api/v1/kline/query", "/api/v1/contract/funding-rates"
BOOKS, OI = "/api/v1/level2/snapshot", "/api/ua/v1/market/open-interest"
A = Contract("AUSDTM", 10.0)
H = 500_000 * HOUR_MS


def ok(data: object) -> dict[str, object]:
    """Return an answer with this data."""
    return {"code": "200000", "data": data}


def kline(hour: int) -> list[float]:
    """Return a bar of this hour after H as the venue sends it, 4 lots."""
    return [H + hour * HOUR_MS, 1.0, 3.0, 0.5, 2.0, 4, 81.5]


def hours_of(script: Script, hours: int) -> list[int]:
    """Return the hours after H whose bars a fetch of so many hours returns."""
    frame = script.kucoin(lambda venue: venue.fetch_bars(A, HOUR_MS, H, H + hours * HOUR_MS))
    return ((frame["open_ms"] - H) // HOUR_MS).to_list()


def test_bars_are_in_coins(script: Script) -> None:
    """The fifth number is lots; there is no taker volume."""
    script.replies[KLINES] = ok([kline(0)])
    frame = script.kucoin(lambda venue: venue.fetch_bars(A, HOUR_MS, H, H + HOUR_MS))
    assert frame.schema == dict(BARS)
    assert frame.rows() == [("kucoin", "AUSDTM", H, 1.0, 3.0, 0.5, 2.0, 40.0, 81.5, None, False)]


def test_bars_of_before_the_turnover_column_have_no_quote_volume(script: Script) -> None:
    """A row of six columns is a bar whose volume in USDT is unknown."""
    script.replies[KLINES] = ok([kline(0)[:6]])
    frame = script.kucoin(lambda venue: venue.fetch_bars(A, HOUR_MS, H, H + HOUR_MS))
    assert frame.select("volume_coins", "volume_usdt").rows() == [(40.0, None)]


def test_hour_without_trades_is_filled_between_two_bars(script: Script) -> None:
    """The venue sends no bar for an hour without trades."""
    script.replies[KLINES] = ok([kline(0), kline(3)])
    assert hours_of(script, 5) == [0, 1, 2, 3]


def test_empty_answer_is_no_bar(script: Script) -> None:
    """Success without rows means unavailable: nothing is made of it."""
    script.replies[KLINES] = ok([])
    assert hours_of(script, 5) == []


def test_bars_outside_the_range_are_left_out(script: Script) -> None:
    """Whether the end is included is not documented: the range is cut here."""
    script.replies[KLINES] = ok([kline(-1), kline(0), kline(1)])
    assert hours_of(script, 1) == [0]


@pytest.mark.parametrize("cap", [200, 500])
@pytest.mark.parametrize("kept", ["oldest", "newest"])
def test_all_bars_come_whatever_the_venue_cuts(script: Script, cap: int, kept: str) -> None:
    """With either documented cap, and whichever end is cut off, every hour is there once."""

    def reply(asked: httpx.QueryParams) -> dict[str, object]:
        inside = [kline(h) for h in range(720) if int(asked["from"]) <= H + h * HOUR_MS <= int(asked["to"])]
        return ok(inside[:cap] if kept == "oldest" else inside[-cap:])

    script.replies[KLINES] = reply
    assert hours_of(script, 720) == list(range(720))
    assert len(script.asked) <= 6


def test_sparse_bars_are_not_asked_for_again(script: Script) -> None:
    """An answer shorter than any cap is whole, however few bars it has."""
    script.replies[KLINES] = ok([kline(0), kline(400)])
    assert len(hours_of(script, 500)) == 401
    assert len(script.asked) == 1


def test_unknown_interval_is_refused(script: Script) -> None:
    """A granularity that the venue does not have is refused before it is asked for."""
    with pytest.raises(InputError, match="minutes"):
        script.kucoin(lambda venue: venue.fetch_bars(A, 7 * MINUTE_MS, H, H + HOUR_MS))


@pytest.mark.parametrize(
    ("code", "fault"), [("400100", "bad_request"), ("429000", "rate_limited"), ("500000", "unavailable")]
)
def test_refusal_inside_an_answer_is_a_fault(script: Script, code: str, fault: str) -> None:
    """A code other than 200000 is a refusal even with status 200, quoted with its message."""
    script.replies[KLINES] = {"code": code, "msg": "no such contract"}
    with pytest.raises(SourceError, match="no such contract") as caught:
        hours_of(script, 1)
    assert (caught.value.fault, caught.value.contract) == (fault, "AUSDTM")


def test_code_that_is_none_is_refused_in_few_words() -> None:
    """A refusal is quoted, but not a page of it."""
    with pytest.raises(AnswerError) as caught:
        parse_server_time_ms(json.dumps({"code": "x" * 9_000, "msg": "m" * 9_000}).encode())
    assert (caught.value.field, len(str(caught.value)) < 400) == ("code", True)


def test_answer_without_data_is_refused(script: Script) -> None:
    """Success without data is not an empty answer."""
    script.replies[KLINES] = {"code": "200000"}
    with pytest.raises(AnswerError) as caught:
        hours_of(script, 1)
    assert caught.value.field == "data"


def test_open_interest_comes_from_the_unified_api_in_any_order(script: Script) -> None:
    """The history is sorted, cut to the range with its end, and in coins."""
    script.replies[OI] = ok([{"symbol": "AUSDTM", "openInterest": str(n), "ts": H + n * HOUR_MS} for n in (2, 0, 1, 3)])
    frame = script.kucoin(lambda venue: venue.fetch_open_interest(A, H, H + 2 * HOUR_MS))
    assert frame.schema == dict(OPEN_INTEREST)
    assert frame["open_interest_coins"].to_list() == [0.0, 10.0, 20.0]


def test_open_interest_is_asked_at_the_other_host() -> None:
    """The unified API has its own host and costs ten."""
    hosts: list[str] = []

    def reply(request: httpx.Request) -> httpx.Response:
        hosts.append(request.url.host)
        return httpx.Response(200, json=ok([]))

    client = kucoin.build_client(transport=httpx.MockTransport(reply))
    Script().run(client, Kucoin, lambda venue: venue.fetch_open_interest(A, H, H + 300 * HOUR_MS))
    assert (hosts, client.spent["default"]) == (["api.kucoin.com"] * 2, Spent(2, 20))


@pytest.mark.parametrize("page", [3, 100, 1_000])
def test_settlements_come_ascending_whatever_the_page(script: Script, page: int) -> None:
    """The venue answers newest first, in pages of an undocumented size."""
    everything = [{"timepoint": H + n * 8 * HOUR_MS + 5, "fundingRate": n / 1e4} for n in range(12)][::-1]
    script.replies[RATES] = lambda asked: ok(
        [row for row in everything if int(asked["from"]) <= row["timepoint"] <= int(asked["to"])][:page]
    )
    frame = script.kucoin(lambda venue: venue.fetch_funding(A, H, H + 10 * 8 * HOUR_MS))
    assert frame.schema == dict(FUNDING)
    assert frame["settled_ms"].to_list() == [H + n * 8 * HOUR_MS for n in range(11)]
    assert frame["rate_ratio"].to_list() == [n / 1e4 for n in range(11)]


def test_settlements_of_a_young_contract_end_with_an_empty_page(script: Script) -> None:
    """A contract that has no settlement near the start of the range costs one more request, not many."""
    script.replies[RATES] = lambda asked: ok([{"timepoint": H, "fundingRate": 0.1}] if int(asked["to"]) >= H else [])
    frame = script.kucoin(lambda venue: venue.fetch_funding(A, H - 720 * HOUR_MS, H))
    assert (len(frame), len(script.asked)) == (1, 2)


def test_settlements_of_all_are_refused(script: Script) -> None:
    """The venue does not offer a sweep, and says so rather than return nothing."""
    with pytest.raises(InputError, match="no settlements of all"):
        script.kucoin(lambda venue: venue.fetch_funding_of_all(H, H))


def test_book_is_whole_and_in_usdt(script: Script) -> None:
    """Sizes are lots, the time is in nanoseconds, and the snapshot is the whole book."""
    script.replies[BOOKS] = ok({"ts": 5_000_000_123, "bids": [[99.9, 3]], "asks": [[100.1, 4], [150.0, 9]]})
    frame = script.kucoin(lambda venue: venue.fetch_book(A))
    assert frame.schema == dict(BOOK)
    assert frame.drop("bids_usdt", "asks_usdt").rows() == [("kucoin", "AUSDTM", 5_000, 100.0, True)]
    assert frame.select("bids_usdt", "asks_usdt").row(0) == pytest.approx((2_997.0, 4_004.0))


@pytest.mark.parametrize("side", [[], None])
def test_book_without_a_side_has_no_sums(script: Script, side: list[object] | None) -> None:
    """A side without orders may be empty or null."""
    script.replies[BOOKS] = ok({"ts": 5, "bids": side, "asks": [[100.1, 4]]})
    assert script.kucoin(lambda venue: venue.fetch_book(A))["asks_usdt"].to_list() == [None]


def test_venue_has_no_long_short_ratio(script: Script) -> None:
    """The figure is absent, and nobody is asked for it."""
    assert script.kucoin(lambda venue: venue.fetch_long_short_ratio(A, H)) is None
    assert script.asked == []
