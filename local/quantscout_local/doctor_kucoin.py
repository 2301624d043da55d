"""KuCoin under examination: futures on one host, the unified API's open interest on another, and their pool."""

from functools import partial

import polars as pl

from quantscout.frames import DAY_MS, HOUR_MS
from quantscout.venues import kucoin, kucoin_answers
from quantscout.venues.answers import read
from quantscout_local.doctor_exam import Answered, Exam

CONTRACT = "XBTUSDTM"
ASKED_BARS = 600  # more than either cap
OLD_DAYS, OLD_BARS = 45, 48  # as far back as the product's history of bars goes
NEAR_DAYS, FAR_DAYS = 30, 180
REMAINING, LIMIT = "gw-ratelimit-remaining", "gw-ratelimit-limit"


async def look_at_kucoin(exam: Exam) -> None:
    """Ask six things of KuCoin futures; raises what ended it (SourceError, AnswerError)."""
    await exam.measure_clock(kucoin.Kucoin(exam.patient.client).fetch_server_time_ms)
    bodies = [await exam.ask(each) for each in (kucoin.CONTRACTS_ACTIVE, kucoin.ALL_TICKERS)]
    listing = kucoin_answers.parse_listing(*bodies)
    exam.contracts = listing.frame.filter(pl.col("ineligible").is_null()).height
    await exam.probe(
        f"klines, {ASKED_BARS} hours asked at once: how many rows?",
        "200 or 500: an answer of either length may be cut, and is paged",
        partial(_row_cap, exam),
    )
    await exam.probe(
        f"klines of {OLD_DAYS} days ago: in which order?", "ascending, whole hours", partial(_old_bars, exam)
    )
    _note_pool(exam)


async def look_at_unified(exam: Exam, futures: Exam) -> None:
    """Ask four things of the unified API, one of them on the futures' host to compare the pools."""
    await exam.ask(_history(exam), _days(exam, 0, 8))
    exam.note_round_trip()
    await exam.probe("open-interest history: in which order?", "any: it is sorted here", partial(_order, exam))
    for days, assumed in ((NEAR_DAYS, "yes"), (FAR_DAYS, "not known; not needed")):
        question = f"open-interest history of {days} days ago: is it there?"
        await exam.probe(question, assumed, partial(_reaches, exam, days))
    await exam.probe("does it count in the pool of the futures API?", "yes", partial(_same_pool, exam, futures))
    _note_pool(exam)


def _note_pool(exam: Exam) -> None:
    limit, remaining = exam.patient.number(LIMIT), exam.patient.number(REMAINING)
    if limit is not None and remaining is not None:
        exam.limits.append(f"remaining {remaining} of {limit} in this window")


async def _bars(exam: Exam, since_ms: int, until_ms: int) -> list[int]:
    span = {"from": since_ms, "to": until_ms - 1}
    body = await exam.ask(kucoin.KLINES, {"symbol": CONTRACT, "granularity": 60, **span})
    return [int(row[0]) for row in read(kucoin_answers.KLINES, body, kucoin_answers.NAME, CONTRACT)["data"]]
