"""Coinalyze: seconds, percent, symbol-calls, the bucket in progress, and what it does not have."""

from typing import Any

import httpx
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantscout.aggregates import HISTORIES
from quantscout.errors import AnswerError
from quantscout.frames import HOUR_MS
from quantscout.http import Spent
from quantscout.venues import coinalyze
from quantscout.venues.coinalyze import Coinalyze
from quantscout.venues.coinalyze_answers import MARKETS, history_schema
from venues.script import Script

A, B = "AUSDT_PERP.A", "BUSDT_PERP.A"
HOUR_S = 3_600
H_S = 500_000 * HOUR_S
H_MS = H_S * 1_000


def buckets(*hours: int, **values: list[float | None]) -> list[dict[str, Any]]:
    """Return buckets that start so many hours from H, with these members."""
    rows = zip(*values.values(), strict=True)
    return [{"t": H_S + h * HOUR_S, **dict(zip(values, row, strict=True))} for h, row in zip(hours, rows, strict=True)]


def fetched(script: Script, name: str, history: list[dict[str, Any]], *symbols: str) -> pl.DataFrame:
    """Return a history of the symbols, of which the source knows the first one."""
    script.replies[f"/v1{coinalyze.PATHS[name]}"] = [{"symbol": A, "history": history}]
    frame = script.coinalyze(lambda source: source.fetch_history(name, symbols or (A,), H_MS))
    assert frame.schema == dict(history_schema(name))
    return frame


@pytest.mark.parametrize(
    ("name", "values", "row"),
    [
        ("open_interest", {"c": 210.0}, (210.0,)),
        ("predicted_funding", {"c": 0.01}, (0.0001,)),
        ("liquidations", {"l": 10.0, "s": 1.0}, (10.0, 1.0)),
        ("long_short", {"r": 1.5, "l": 60.0, "s": 40.0}, (1.5,)),
        ("ohlcv", {"c": 2.0, "v": 80.0, "bv": 20.0, "o": 1.0}, (2.0, 80.0, 20.0)),
        ("ohlcv", {"c": None, "v": 80.0, "bv": None}, (None, 80.0, None)),
    ],
)
def test_history_is_of_the_day_of_closed_hours(
    script: Script, name: str, values: dict[str, float], row: tuple[float | None, ...]
) -> None:
    """A bucket in progress, one of the day before, and one beside the hour are left out; percent become a fraction."""
    history = [{"t": H_S + seconds, **values} for seconds in (-25 * HOUR_S, -24 * HOUR_S, -HOUR_S, -1_800, 0)]
    frame = fetched(script, name, history)
    assert frame["open_ms"].to_list() == [H_MS - 24 * HOUR_MS, H_MS - HOUR_MS]
    assert frame.rows()[1][2:] == pytest.approx(row)


def test_symbol_that_the_source_does_not_know_is_absent(script: Script) -> None:
    """It leaves it out of its answer silently; nothing is put in its place."""
    frame = fetched(script, "open_interest", buckets(-1, c=[1.0]), A, B)
    assert frame["coinalyze_symbol"].to_list() == [A]


def test_bucket_that_comes_twice_counts_once(script: Script) -> None:
    """The later one stands, within an answer and between two."""
    assert fetched(script, "open_interest", buckets(-1, -1, c=[1.0, 2.0]))["open_interest"].to_list() == [2.0]
    many = [f"C{n}.A" for n in range(21)]
    assert fetched(script, "open_interest", buckets(-1, c=[1.0]), *many).height == 1


def test_times_are_asked_for_in_seconds(script: Script) -> None:
    """The range is the 24 closed buckets before the hour, in seconds; only liquidations are turned into USD."""
    for name in HISTORIES:
        fetched(script, name, [])
    assert set(script.params("from")) == {str(H_S - 24 * HOUR_S)}
    assert set(script.params("to")) == {str(H_S - HOUR_S)}
    in_usd = [path for path, params in script.asked if params.get("convert_to_usd") == "true"]
    assert in_usd == ["/v1/liquidation-history"]


@settings(max_examples=25)
@given(count=st.integers(0, 90))
def test_symbols_are_asked_for_twenty_at_a_time(count: int) -> None:
    """Every symbol is charged once, and no request carries more than twenty."""
    asked: list[httpx.Request] = []

    def reply(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, content=b"[]")

    client = coinalyze.build_client("a-key", transport=httpx.MockTransport(reply), share=1e9)
    symbols = [f"C{n}.A" for n in range(count)]
    Script().run(client, Coinalyze, lambda source: source.fetch_history("ohlcv", symbols, H_MS))
    assert client.spent["default"] == Spent(-(-count // 20), count)
    assert [name for request in asked for name in request.url.params["symbols"].split(",")] == symbols
    assert all(len(request.url.params["symbols"].split(",")) <= 20 for request in asked)
    assert {request.headers["api_key"] for request in asked} <= {"a-key"}


@pytest.mark.parametrize(("share", "calls"), [(1e9, 39), (1.0, 39), (0.8, 31), (0.5, 19), (0.001, 0)])
def test_calls_of_a_minute_follow_from_the_share(share: float, calls: int) -> None:
    """Of 40 calls a minute the share, never more than all, and one less for the market list."""
    assert Coinalyze(coinalyze.build_client("k", share=share)).calls_for_histories == calls


def test_malformed_bucket_is_refused_by_field(script: Script) -> None:
    """The symbol's place, the bucket and the member are named."""
    with pytest.raises(AnswerError) as caught:
        fetched(script, "ohlcv", [{"t": 1, "c": 1, "v": "x", "bv": 1}])
    assert caught.value.field == "[0].history[0].v"


def test_markets_lead_from_a_venues_name_to_a_symbol(script: Script) -> None:
    """The list of markets is read row by row where it must be; what a row does not tell is not known."""
    good = {"symbol": A, "exchange": "A", "symbol_on_exchange": "AUSDT", "base_asset": "A", "quote_asset": "USDT"}
    told = {"margined": "STABLE", "oi_lq_vol_denominated_in": "BASE_ASSET", "has_buy_sell_data": True}
    rows = [good | {"is_perpetual": True} | told, good | {"symbol": B}, good | {"symbol": "C.6", "is_perpetual": True}]
    script.replies["/v1/future-markets"] = rows
    answer = script.coinalyze(lambda source: source.fetch_markets())
    assert answer.frame.schema == dict(MARKETS)
    assert answer.frame.rows() == [
        (A, "A", "AUSDT", "A", "USDT", True, "STABLE", "BASE_ASSET", True),
        ("C.6", "A", "AUSDT", "A", "USDT", True, None, None, None),
    ]
    assert [problem.contract for problem in answer.problems] == [B]


def test_hour_is_in_milliseconds_like_everywhere() -> None:
    """The constants of this file agree with the frames."""
    assert HOUR_S * 1_000 == HOUR_MS
