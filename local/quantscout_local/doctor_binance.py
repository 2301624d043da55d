"""Binance under examination: time, the four lists of a run, and what longer answers of klines cost."""

from functools import partial

import polars as pl
from pydantic import TypeAdapter
from typing_extensions import TypedDict  # pydantic asks for this one before Python 3.12

from quantscout.http import Endpoint
from quantscout.venues import binance, binance_answers
from quantscout.venues.answers import Ms, Rows, Text, read
from quantscout_local.doctor_exam import Answered, Exam

CONTRACT = "BTCUSDT"
KLINE_WEIGHTS = {1_000: 5, 1_500: 10}
KLINES_LEAST = {1_000: 1_000, 1_500: 1_001}  # a market with less than 1,500 hours answers more than 1,000, too


class RateLimit(TypedDict):
    """A row of exchangeInfo's rateLimits."""

    rateLimitType: Text
    interval: Text
    intervalNum: Ms
    limit: Ms


class Rules(TypedDict):
    """The part of exchangeInfo that tells of limits."""

    rateLimits: Rows[RateLimit]


RULES = TypeAdapter(Rules)


async def look_at_binance(exam: Exam) -> None:
    """Ask nine things of Binance; raises what ended it (SourceError, AnswerError)."""
    await exam.measure_clock(binance.Binance(exam.patient.client).fetch_server_time_ms)
    info = await exam.ask(binance.EXCHANGE_INFO)
    cost = _cost(exam)
    rest = [await exam.ask(each) for each in (binance.PREMIUM_INDEX, binance.BOOK_TICKER, binance.FUNDING_INFO)]
    listing = binance_answers.parse_listing(binance_answers.Snapshot(info, *rest))
    exam.contracts = listing.frame.filter(pl.col("ineligible").is_null()).height
    await exam.probe("what does exchangeInfo cost?", "weight 1", partial(_given, _weight(cost, 1)))
    await exam.probe("how much weight a minute?", "2400", partial(_allowed, info))
    for rows, weight in KLINE_WEIGHTS.items():
        assumed = f"{rows} rows for weight {weight}; the product asks for at most {binance.KLINES[-1].rows}"
        await exam.probe(
            f"klines with limit={rows}: how many rows, at what weight?", assumed, partial(_klines, exam, rows)
        )
    used = exam.patient.number(binance.USED_WEIGHT_HEADER)
    if used is not None:
        exam.limits.append(f"weight used in this minute {used} of {binance.LIMITS['default'][0]}")


def _cost(exam: Exam) -> int | None:
    """Return by how much the last request raised the used weight; None where a new minute began or nothing is said."""
    now = exam.patient.number(binance.USED_WEIGHT_HEADER)
    before = exam.patient.number(binance.USED_WEIGHT_HEADER, -2)
    return None if now is None or before is None or now <= before else now - before


def _weight(cost: int | None, expected: int) -> Answered:
    if cost is None:
        return "the header did not tell (none, or the minute turned)", None
    return f"weight {cost}", cost == expected


async def _given(answered: Answered) -> Answered:
    return answered


async def _allowed(info: bytes) -> Answered:
    weights = [
        row["limit"]
        for row in read(RULES, info, binance_answers.NAME)["rateLimits"]
        if (row["rateLimitType"], row["interval"], row["intervalNum"]) == ("REQUEST_WEIGHT", "MINUTE", 1)
    ]
    if not weights:
        return "exchangeInfo names no such limit", None
    return str(weights[0]), weights[0] == binance.LIMITS["default"][0]


async def _klines(exam: Exam, rows: int) -> Answered:
    endpoint = Endpoint(binance.KLINES[0].path, KLINE_WEIGHTS[rows])
    body = await exam.ask(endpoint, {"symbol": CONTRACT, "interval": "1h", "limit": rows})
    found = len(read(binance_answers.KLINES, body, binance_answers.NAME, CONTRACT))
    said, right = _weight(_cost(exam), KLINE_WEIGHTS[rows])
    return f"{found} rows, {said}", False if found < KLINES_LEAST[rows] else right
