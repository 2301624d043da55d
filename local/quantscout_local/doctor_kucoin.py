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
        f"klines of {OLD_DAYS} days ago: in which order?",
        "whole hours in any order: they are sorted here",
        partial(_old_bars, exam),
    )
    _note_pool(exam)


async def look_at_unified(exam: Exam, futures: Exam | None) -> None:
    """Ask three things of the unified API, and one of the futures' host (if it serves at all) to compare the pools."""
    pool_before = None if futures is None else futures.patient.number(REMAINING)
    moments = await _interest(exam, 0)
    exam.note_round_trip()
    await exam.probe(
        "open-interest history: in which order?", "any: it is sorted here", partial(_given, _order(moments))
    )
    for days, needed in ((NEAR_DAYS, True), (FAR_DAYS, False)):
        question = f"open-interest history of {days} days ago: is it there?"
        assumed = "yes" if needed else "nothing: it is not needed"
        await exam.probe(question, assumed, partial(_reaches, exam, days, needed=needed))
    if futures is not None:
        look = partial(_same_pool, exam, futures, pool_before)
        await exam.probe("do both hosts count in one pool?", "yes", look)
    _note_pool(exam)


def _note_pool(exam: Exam) -> None:
    limit, remaining = exam.patient.number(LIMIT), exam.patient.number(REMAINING)
    if limit is not None and remaining is not None:
        exam.limits.append(f"remaining {remaining} of {limit} in this window")


async def _bars(exam: Exam, since_ms: int, until_ms: int) -> list[int]:
    span = {"from": since_ms, "to": until_ms - 1}
    body = await exam.ask(kucoin.KLINES, {"symbol": CONTRACT, "granularity": 60, **span})
    return [int(row[0]) for row in read(kucoin_answers.KLINES, body, kucoin_answers.NAME, CONTRACT)["data"]]


async def _row_cap(exam: Exam) -> Answered:
    now_ms = round(1000 * exam.patient.clock())
    opens = await _bars(exam, now_ms - ASKED_BARS * HOUR_MS, now_ms)
    if not opens:
        return "no rows", None
    kept = "newest" if max(opens) > now_ms - 2 * HOUR_MS else "oldest"
    return f"{len(opens)} rows, the {kept} ones", len(opens) in kucoin.KLINE_CAPS


async def _old_bars(exam: Exam) -> Answered:
    since_ms = round(1000 * exam.patient.clock()) // HOUR_MS * HOUR_MS - OLD_DAYS * DAY_MS
    opens = await _bars(exam, since_ms, since_ms + OLD_BARS * HOUR_MS)
    if not opens:
        return "no rows", None
    seen, _ = _order(opens)
    missing = OLD_BARS - len(opens)
    aligned = all(moment % HOUR_MS == 0 for moment in opens)
    return f"{seen}, {missing} of {OLD_BARS} hours missing", aligned


async def _interest(exam: Exam, days_ago: int) -> list[int]:
    """Return the moments of the open interest of one day, in the order of the answer."""
    end_ms = round(1000 * exam.patient.clock()) // HOUR_MS * HOUR_MS - days_ago * DAY_MS
    span: dict[str, str | int] = {"startAt": end_ms - DAY_MS, "endAt": end_ms, "pageSize": 30}
    body = await exam.ask(kucoin.OPEN_INTEREST_HISTORY, {"symbol": CONTRACT, "interval": "1hour", **span})
    return [row["ts"] for row in read(kucoin_answers.OPEN_INTERESTS, body, kucoin_answers.NAME, CONTRACT)["data"]]


def _order(moments: list[int]) -> Answered:
    ascending = sorted(moments)
    if len(moments) <= 1:
        return f"{len(moments)} rows", None
    names = {"ascending": ascending, "newest first": ascending[::-1]}
    order = next((name for name, ordered in names.items() if moments == ordered), "unordered")
    return f"{len(moments)} rows, {order}", True


async def _reaches(exam: Exam, days: int, *, needed: bool) -> Answered:
    count = len(await _interest(exam, days))
    return f"{count} rows of that day", count > 0 if needed else None


async def _same_pool(exam: Exam, futures: Exam, before: int | None) -> Answered:
    """Compare what the futures' host says is left, before and after the requests to the unified one."""
    await futures.ask(kucoin.TIME)
    after = futures.patient.number(REMAINING)
    if before is None or after is None or after >= before:
        return "the headers did not tell (none, or a new window began)", None
    elsewhere = kucoin.OPEN_INTEREST_HISTORY.weight * exam.patient.witness.requests
    used = before - after
    seen = f"{used} fewer left after {elsewhere} there and {kucoin.TIME.weight} here"
    return seen, {elsewhere + kucoin.TIME.weight: True, kucoin.TIME.weight: False}.get(used)


async def _given(answered: Answered) -> Answered:
    return answered
