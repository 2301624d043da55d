"""Coinalyze and CoinGecko under examination: is the key good, and does the product get what it asks for?"""

from functools import partial

import httpx
from pydantic import TypeAdapter
from typing_extensions import TypedDict  # pydantic asks for this one before Python 3.12

from quantscout.errors import SourceError
from quantscout.http import Endpoint
from quantscout.venues import coinalyze, coingecko
from quantscout.venues.answers import Rows, Text, read
from quantscout.venues.coinalyze_answers import parse_markets
from quantscout_local.doctor_exam import Answered, Exam

EXCHANGES = Endpoint("/exchanges")
KEY_CODES = ("10002", "10005", "10010", "10011")
"""CoinGecko's own codes for a key: missing, not of this plan, a demo key or a pro key at the other's address."""


class Exchange(TypedDict):
    """A row of Coinalyze's exchanges."""

    name: Text
    code: Text


EXCHANGE_ROWS: TypeAdapter[list[Exchange]] = TypeAdapter(Rows[Exchange])


async def look_at_coinalyze(exam: Exam) -> None:
    """Ask two things, without a key one: its refusal proves that the source is there."""
    body = await _asked_with_key(exam, EXCHANGES)
    if body is None:
        return
    exchanges = read(EXCHANGE_ROWS, body, coinalyze.NAME)
    await exam.probe(
        "does Coinalyze list KuCoin?", "no: its symbols are mapped to Binance's", partial(_lists_kucoin, exchanges)
    )
    markets = parse_markets(await exam.ask(coinalyze.FUTURE_MARKETS))
    exam.note_round_trip()
    exam.contracts = markets.frame.height
    _note_limits(exam)


async def look_at_coingecko(exam: Exam) -> None:
    """Ask two things; it answers without a key, too, under a limit that everybody on the address shares."""
    body = await _asked_with_key(exam, coingecko.GLOBAL)
    if body is None:
        return
    coingecko.parse_dominance(body)
    page: dict[str, str | int] = {"vs_currency": "usd", "order": "market_cap_desc", "per_page": coingecko.MARKETS.rows}
    exam.contracts = coingecko.parse_supply(await exam.ask(coingecko.MARKETS, page)).frame.height
    exam.note_round_trip()
    await exam.probe("how many calls a minute, by the headers?", "30", partial(_calls, exam))
    _note_limits(exam)


async def _asked_with_key(exam: Exam, endpoint: Endpoint) -> bytes | None:
    """Return the answer and judge the key by it; None where only the key was refused: the source itself is there."""
    given = exam.key != "missing"
    try:
        body = await exam.ask(endpoint)
    except SourceError as error:
        if not _is_about_the_key(exam, error):
            raise
        exam.note_round_trip()
        if given:
            exam.key, exam.key_detail = "refused", error.detail
        return None
    exam.key = "valid" if given else "missing"
    return body


def _is_about_the_key(exam: Exam, error: SourceError) -> bool:
    seen = exam.patient.witness.seen
    if not seen or error.fault not in ("bad_request", "refused"):
        return False
    return seen[-1].status == httpx.codes.UNAUTHORIZED or any(f": {code}:" in error.detail for code in KEY_CODES)


def _note_limits(exam: Exam) -> None:
    headers = exam.patient.witness.seen[-1].headers
    exam.limits += [f"{name} {value}" for name, value in headers.items() if "ratelimit" in name]


async def _lists_kucoin(exchanges: list[Exchange]) -> Answered:
    found = [row["code"] for row in exchanges if "kucoin" in row["name"].lower().replace(" ", "")]
    return (f"yes, as {found[0]}" if found else f"no, {len(exchanges)} exchanges"), not found


async def _calls(exam: Exam) -> Answered:
    headers = exam.patient.witness.seen[-1].headers
    found = [value for name, value in headers.items() if "ratelimit" in name and name.endswith("limit")]
    if not found or not found[0].isdecimal():
        return "the headers do not tell", None
    return found[0], int(found[0]) >= coingecko.LIMITS["default"][0]
