"""Many requests at once: one per contract, each failing on its own. A failure is a Problem, never a lost run."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

import polars as pl

from quantscout.errors import AnswerError, Problem, SourceError, problem_of
from quantscout.frames import Schema, stack
from quantscout.venues.base import Contract

Fetch = Callable[[Contract], Awaitable[pl.DataFrame]]


class Swept(NamedTuple):
    """The frames that came, below each other in the order of the contracts, and one Problem per failure."""

    frame: pl.DataFrame
    problems: list[Problem]


async def sweep(contracts: Sequence[Contract], fetch: Fetch, schema: Schema, what: str) -> Swept:
    """Ask for every contract at once (the client bounds what is under way) and keep what came, sorted by contract.

    `what` names the request in the problems, e.g. `order_book`.
    """
    answers = await asyncio.gather(*(_one(contract, fetch, what) for contract in contracts))
    frames = [answer for answer in answers if isinstance(answer, pl.DataFrame)]
    return Swept(stack(frames, schema), [answer for answer in answers if isinstance(answer, Problem)])


async def _one(contract: Contract, fetch: Fetch, what: str) -> pl.DataFrame | Problem:
    try:
        return await fetch(contract)
    except (SourceError, AnswerError) as error:
        problem = problem_of(error, contract.name)
        return problem._replace(reason=f"{what}_{problem.reason}")


def contracts_of(frame: pl.DataFrame) -> list[Contract]:
    """Return the contracts of a listing's rows, sorted by name."""
    return [
        Contract(name, lots)
        for name, lots in frame.select("contract", pl.col("lot_coins").fill_null(1.0)).sort("contract").rows()
    ]
