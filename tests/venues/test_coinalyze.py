"""Coinalyze: seconds, percent, symbol-calls, the bucket in progress, and what it does not have."""

from typing import Any

import httpx
import pytest

from quantscout.errors import AnswerError
from quantscout.frames import HOUR_MS
from quantscout.http import Spent
from quantscout.venues import coinalyze
from quantscout.venues.coinalyze import AGGREGATES, MARKETS, Coinalyze
from venues.script import Script

A, B = "AUSDT_PERP.A", "BUSDT_PERP.A"
HOUR_S = 3_600
H_S = 500_000 * HOUR_S
PATHS = [f"/v1{path}" for path in coinalyze.HISTORIES]


def buckets(*hours: int, **values: list[float | None]) -> list[dict[str, Any]]:
    """Return buckets that start so many hours from H, with these members."""
    rows = zip(*values.values(), strict=True)
    return [{"t": H_S + h * HOUR_S, **dict(zip(values, row, strict=True))} for h, row in zip(hours, rows, strict=True)]


def histories() -> dict[str, list[dict[str, Any]]]:
    """Return one symbol's history of each kind; the bucket at H is in progress."""
    return {
        "/v1/open-interest-history": buckets(-5, -4, -1, 0, c=[200.0, 1.0, 210.0, 9e9]),
        "/v1/predicted-funding-rate-history": buckets(-1, 0, c=[0.01, 9.0]),
        "/v1/liquidation-history": buckets(-25, -24, -3, 0, l=[9e9, 10.0, 5.0, 9e9], s=[9e9, 1.0, 2.0, 9e9]),
        "/v1/long-short-ratio-history": buckets(-1, 0, r=[1.5, 9.0], l=[60.0, 90.0], s=[40.0, 10.0]),
        "/v1/ohlcv-history": buckets(-1, 0, v=[80.0, 9.0], bv=[20.0, 9.0], o=[1.0, 1.0]),
    }


def fetched(script: Script, *symbols: str, **other: Any) -> list[dict[str, Any]]:
    """Return the aggregates of the symbols, of which the source knows the first one."""
    for path, history in histories().items():
        script.replies[path] = [{"symbol": A, "history": other.get(path.split("/")[2].split("-")[0], history)}]
    answer = script.coinalyze(lambda source: source.fetch_aggregates(symbols, H_S * 1_000))
    assert answer.frame.schema == dict(AGGREGATES)
    return answer.frame.to_dicts()


def test_aggregates_are_those_of_the_closed_hour(script: Script) -> None:
    """Change over four hours, percent as a fraction, sums of 24 hours, and no bucket in progress in any of them."""
    assert fetched(script, A) == [
        {
            "coinalyze_symbol": A,
            "open_interest_change_4h_pct": pytest.approx(5.0),
            "predicted_funding_ratio": pytest.approx(0.0001),
            "long_liquidations_usd_24h": 15.0,
            "short_liquidations_usd_24h": 3.0,
            "long_short_ratio": 1.5,
            "taker_buy_ratio": 0.25,
        }
    ]


def test_missing_symbol_is_null_and_named(script: Script) -> None:
    """What the source leaves out of its answer silently is a row of nulls and a problem."""
    assert set(fetched(script, A, B)[1].values()) == {B, None}
    answer = script.coinalyze(lambda source: source.fetch_aggregates([A, B], H_S * 1_000))
    assert [(p.source, p.contract, p.reason) for p in answer.problems] == [("coinalyze", B, "missing")]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"open": buckets(-4, -1, c=[1.0, 2.0])}, "open_interest_change_4h_pct"),
        ({"open": buckets(-5, -1, c=[0.0, 2.0])}, "open_interest_change_4h_pct"),
        ({"ohlcv": buckets(-1, v=[0.0], bv=[0.0])}, "taker_buy_ratio"),
        ({"liquidation": []}, "long_liquidations_usd_24h"),
        ({"long": buckets(-2, r=[1.0])}, "long_short_ratio"),
        ({"predicted": buckets(-1, c=[None])}, "predicted_funding_ratio"),
    ],
)
def test_figure_without_its_buckets_is_null(script: Script, change: dict[str, Any], field: str) -> None:
    """A figure is not made from the buckets of another hour."""
    row = fetched(script, A, **change)[0]
    assert next(name for name, value in row.items() if value is None) == field


def test_times_are_asked_for_in_seconds(script: Script) -> None:
    """The range is the 24 closed buckets before the hour, in seconds; only liquidations are turned into USD."""
    fetched(script, A)
    assert set(script.params("from")) == {str(H_S - 24 * HOUR_S)}
    assert set(script.params("to")) == {str(H_S - HOUR_S)}
    in_usd = [path for path, params in script.asked if params.get("convert_to_usd") == "true"]
    assert in_usd == ["/v1/liquidation-history"]


def test_symbols_are_asked_for_twenty_at_a_time() -> None:
    """Every symbol of a request is a call: 25 symbols cost 25 for each of the five histories."""
    asked: list[httpx.Request] = []

    def reply(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, content=b"[]")

    client = coinalyze.build_client("a-key", transport=httpx.MockTransport(reply), share=1e9)
    symbols = [f"C{n}.A" for n in range(25)]
    Script().run(client, Coinalyze, lambda source: source.fetch_aggregates(symbols, H_S * 1_000))
    assert client.spent["default"] == Spent(10, 125)
    assert sorted(len(request.url.params["symbols"].split(",")) for request in asked) == [5] * 5 + [20] * 5
    assert {request.headers["api_key"] for request in asked} == {"a-key"}


def test_symbols_of_a_minute_follow_from_the_share() -> None:
    """Five calls a symbol: 40 calls a minute are 8 symbols, 80 % of them 6."""
    assert [Coinalyze(coinalyze.build_client("k", share=share)).symbols_per_minute for share in (1.0, 0.8)] == [8, 6]


def test_malformed_bucket_is_refused_by_field(script: Script) -> None:
    """The symbol's place, the bucket and the member are named."""
    with pytest.raises(AnswerError) as caught:
        fetched(script, A, ohlcv=[{"t": 1, "v": "x", "bv": 1}])
    assert caught.value.field == "[0].history[0].v"


def test_markets_lead_from_a_venues_name_to_a_symbol(script: Script) -> None:
    """The list of markets is read row by row where it must be."""
    good = {"symbol": A, "exchange": "A", "symbol_on_exchange": "AUSDT", "base_asset": "A", "quote_asset": "USDT"}
    script.replies["/v1/future-markets"] = [good | {"is_perpetual": True}, good | {"symbol": B}]
    answer = script.coinalyze(lambda source: source.fetch_markets())
    assert answer.frame.schema == dict(MARKETS)
    assert answer.frame.rows() == [(A, "A", "AUSDT", "A", "USDT", True)]
    assert [problem.contract for problem in answer.problems] == [B]


def test_hour_is_in_milliseconds_like_everywhere() -> None:
    """The constants of this file agree with the frames."""
    assert HOUR_S * 1_000 == HOUR_MS
