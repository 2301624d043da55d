"""Many requests at once, each failing on its own."""

import asyncio

import polars as pl
import pytest

from quantscout.errors import AnswerError, Problem, SourceError
from quantscout.frames import FUNDING, conform
from quantscout.sweep import contracts_of, sweep
from quantscout.venues.base import Contract

CONTRACTS = [Contract(name) for name in ("A", "B", "C")]


async def answer(contract: Contract) -> pl.DataFrame:
    """Return one settlement; later contracts answer sooner."""
    await asyncio.sleep(0.003 * (ord("C") - ord(contract.name)))
    return conform([("v", contract.name, 0, 0.1)], FUNDING)


def test_answers_stand_in_the_order_of_the_contracts() -> None:
    """Who answers first does not matter."""
    swept = asyncio.run(sweep(CONTRACTS, answer, FUNDING, "funding"))
    assert (swept.frame["contract"].to_list(), swept.problems) == (["A", "B", "C"], [])


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (SourceError("v", "timeout", "10 s"), "funding_timeout"),
        (AnswerError("v", "0.rate", "missing"), "funding_invalid_answer"),
    ],
)
def test_a_failure_costs_one_contract(error: SourceError | AnswerError, reason: str) -> None:
    """The others' answers stay, and the problem names contract, request and reason."""

    async def fetch(contract: Contract) -> pl.DataFrame:
        if contract.name == "B":
            raise error
        return await answer(contract)

    swept = asyncio.run(sweep(CONTRACTS, fetch, FUNDING, "funding"))
    assert swept.frame["contract"].to_list() == ["A", "C"]
    assert swept.problems == [Problem("v", "B", reason, str(error))]


def test_a_mistake_of_ours_is_not_a_problem_of_the_venue() -> None:
    """Only what a source may do wrong is kept as data; anything else ends the run."""

    async def broken(_: Contract) -> pl.DataFrame:
        raise KeyError("symbol")

    with pytest.raises(KeyError):
        asyncio.run(sweep(CONTRACTS, broken, FUNDING, "funding"))


def test_nobody_to_ask_is_an_empty_frame() -> None:
    """Without contracts the answer has the schema and no rows."""
    swept = asyncio.run(sweep([], answer, FUNDING, "funding"))
    assert (swept.frame.height, swept.frame.schema) == (0, pl.Schema(dict(FUNDING)))


def test_contracts_are_sorted_and_know_their_lots() -> None:
    """Requests go out in the order of names, whatever the listing's; an unknown lot is one coin."""
    frame = pl.DataFrame({"contract": ["B", "A"], "lot_coins": [None, 0.001]})
    assert contracts_of(frame) == [Contract("A", 0.001), Contract("B", 1.0)]
