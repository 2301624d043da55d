"""CoinGecko: supply page by page, attention, dominance."""

from typing import Any

import pytest

from quantscout.errors import AnswerError
from quantscout.venues.coingecko import ATTENTION, COINS
from venues.script import Script

MARKETS, TRENDING, GLOBAL = "/api/v3/coins/markets", "/api/v3/search/trending", "/api/v3/global"


def coin(name: str, **other: Any) -> dict[str, Any]:
    """Return a row of coins/markets, changed as told."""
    row = {
        "id": name,
        "symbol": name[:3],
        "current_price": 2.5,
        "circulating_supply": 1_000.0,
        "market_cap_rank": 7,
        "last_updated": "1970-01-01T00:00:01.500Z",
    }
    return row | other


def supplies(script: Script, *coins: dict[str, Any], pages: int = 1) -> list[tuple[Any, ...]]:
    """Return the rows of a fetch whose every page is this one."""
    script.replies[MARKETS] = coins
    answer = script.coingecko(lambda source: source.fetch_supply(pages))
    assert answer.frame.schema == dict(COINS)
    return answer.frame.rows()


def test_supply_is_keyed_by_the_coins_id(script: Script) -> None:
    """The ticker is upper case and not unique; the time is the source's own."""
    assert supplies(script, coin("bitcoin")) == [("bitcoin", "BIT", 2.5, 1_000.0, 7, 1_500)]


@pytest.mark.parametrize("supply", [0, 0.0, None])
def test_supply_of_nothing_is_unknown(script: Script, supply: float | None) -> None:
    """The source writes 0 where it does not know."""
    assert supplies(script, coin("newcoin", circulating_supply=supply))[0][3] is None


def test_coin_that_moved_between_pages_stands_once(script: Script) -> None:
    """The order shifts between two requests: a coin of both pages is one coin."""
    page = [coin(f"c{n}") for n in range(250)]
    assert len(supplies(script, *page, pages=2)) == 250
    assert script.params("page") == ["1", "2"]


def test_short_page_is_the_last_one(script: Script) -> None:
    """Fewer than 250 coins: there are no more pages to pay for."""
    supplies(script, coin("bitcoin"), pages=4)
    assert len(script.asked) == 1


def test_bad_coin_is_named_and_the_rest_stands(script: Script) -> None:
    """One malformed row is a problem of its coin."""
    script.replies[MARKETS] = [coin("good"), coin("bad", current_price="x")]
    answer = script.coingecko(lambda source: source.fetch_supply(1))
    assert answer.frame["coin_id"].to_list() == ["good"]
    assert [problem.contract for problem in answer.problems] == ["bad"]


def test_attention_is_ranked_from_one_to_fifteen(script: Script) -> None:
    """The order of the answer is the rank; more than fifteen are cut off."""
    script.replies[TRENDING] = {"coins": [{"item": {"id": f"c{n}", "symbol": f"s{n}"}} for n in range(20)]}
    frame = script.coingecko(lambda source: source.fetch_trending())
    assert frame.schema == dict(ATTENTION)
    assert frame.rows() == [(f"c{n}", f"S{n}", n + 1) for n in range(15)]


@pytest.mark.parametrize(
    ("shares", "dominance"), [({"btc": 57.5, "usdt": 4.5, "eth": 12}, (57.5, 4.5)), ({"btc": 57.5}, (57.5, None))]
)
def test_dominance_is_in_percent(script: Script, shares: dict[str, float], dominance: tuple[float, ...]) -> None:
    """A coin outside the largest is absent from the answer: its share is unknown."""
    script.replies[GLOBAL] = {"data": {"market_cap_percentage": shares}}
    assert script.coingecko(lambda source: source.fetch_dominance()) == dominance


def test_malformed_answer_is_refused_by_field(script: Script) -> None:
    """The path of the first wrong value is named."""
    script.replies[GLOBAL] = {"data": {}}
    with pytest.raises(AnswerError) as caught:
        script.coingecko(lambda source: source.fetch_dominance())
    assert caught.value.field == "data.market_cap_percentage"


@pytest.mark.parametrize("rank", [10**30, -1])
def test_rank_that_is_no_rank_is_a_problem_of_its_coin(script: Script, rank: int) -> None:
    """A number beyond every integer of a frame is refused by its field."""
    script.replies[MARKETS] = [coin("good"), coin("bad", market_cap_rank=rank)]
    answer = script.coingecko(lambda source: source.fetch_supply(1))
    assert answer.frame["coin_id"].to_list() == ["good"]
    assert "[1].market_cap_rank" in answer.problems[0].detail


def test_coin_that_is_searched_for_twice_has_its_better_rank(script: Script) -> None:
    """A repeated coin stands once."""
    script.replies[TRENDING] = {"coins": [{"item": {"id": name, "symbol": "s"}} for name in ("a", "b", "a")]}
    frame = script.coingecko(lambda source: source.fetch_trending())
    assert frame.select("coin_id", "rank").rows() == [("a", 1), ("b", 2)]


@pytest.mark.parametrize("share", ["NaN", "Infinity", float("nan"), None])
def test_dominance_that_is_no_number_is_unknown(script: Script, share: float | str | None) -> None:
    """Neither NaN nor an infinite share is handed on."""
    script.replies[GLOBAL] = {"data": {"market_cap_percentage": {"btc": share, "usdt": 4.5}}}
    assert script.coingecko(lambda source: source.fetch_dominance()) == (None, 4.5)
