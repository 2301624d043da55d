"""The evaluation end to end: thirty hours screened over sockets, each evaluated a day later, a person told once."""

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
import pytest

from aws_calls import granted, noted
from naive_outcomes import HOUR_MS, Bar, naive_outcome
from quantscout.clock import iso
from quantscout.evaluation_kpis import live_kpis
from quantscout.evaluation_models import EvaluatedHour
from quantscout.picks import load_evaluated, load_hours
from quantscout.store import Store
from quantscout_local import stack as stack_module
from quantscout_local.stack import LocalStack

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parents[2]
FIRST_MS = 1_792_454_400_000  # 2026-10-20T00Z
PICKED_H, LAST = 30, 53
"""Hours 0 to 29 are screened and evaluated one by one; then nothing runs until the hour 53, which heals and judges."""
SETTINGS = '{"history_h": 120, "late_until_s": 0, "finalists": 0}'


class Played(NamedTuple):
    """What the hours came to: the stack, and every answer of the evaluation."""

    stack: LocalStack
    answers: list[dict[str, Any]]
    asked: set[str]
    """What the evaluations asked of AWS."""

    @property
    def store(self) -> Store:
        """The state."""
        return Store(self.stack.table)

    @property
    def hours(self) -> list[EvaluatedHour]:
        """Everything that was evaluated."""
        return load_hours(self.store, FIRST_MS, at(LAST))


def at(hour: int) -> int:
    """Return an hour of the play."""
    return FIRST_MS + hour * HOUR_MS


def small_market(hour: str) -> list[str]:
    """Return the simulator with the market of the soak: 85 contracts, so that an hour takes a second or two."""
    return ["crash.simulator", "--at", hour, "--port", "0", "--exit-with-stdin"]


def play(stack: LocalStack, asked: set[str]) -> Iterator[dict[str, Any]]:
    """Screen and evaluate hour by hour; every fifth evaluation is delivered twice."""
    for hour in [*range(PICKED_H), LAST]:
        if hour:
            stack.move_to(iso(at(hour)))
        stack.invoke("screen", {"scheduled_at": iso(at(hour))})
        for _ in range(1 + (hour % 5 == 0)):
            with noted() as actions:
                answer = stack.invoke("evaluate", {"scheduled_at": iso(at(hour) + 20 * 60_000)})
            asked |= actions
            yield answer


@pytest.fixture(scope="module")
def played() -> Iterator[Played]:
    """Return the stack after all hours."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep))
        patch.setattr(stack_module, "simulator_command", lambda hour, *_, **__: small_market(hour))
        with LocalStack(iso(FIRST_MS), settings_json=SETTINGS) as stack:
            asked: set[str] = set()
            yield Played(stack, list(play(stack, asked)), asked)


def test_the_evaluation_may_exactly_what_it_does(played: Played) -> None:
    """Every action that it asked for is granted by the template, and none is granted that it did not ask for."""
    assert played.asked == granted("evaluate")


def test_every_picked_hour_is_evaluated(played: Played) -> None:
    """Thirty hours of five picks each have their outcomes; the hours that nobody screened are not made up."""
    assert [hour.hour_ms for hour in played.hours] == [at(hour) for hour in range(PICKED_H)]
    assert {hour.excluded for hour in played.hours} == {""}
    assert sum(len(hour.complete_picks) for hour in played.hours) >= PICKED_H * 5 - 5


def test_an_hour_is_judged_as_soon_as_it_is_a_day_old(played: Played) -> None:
    """Hours 0 to 5 by their own evaluations, unless a bar was missing then; the others by the one after the gap."""
    answered = [[told["hour"] for told in answer["evaluated"]] for answer in played.answers]
    own = [iso(at(hour)) for hour in range(6)]
    assert [hours for hours in answered[:-1] if hours] == [[hour] for hour in own]
    assert {iso(at(hour)) for hour in range(6, PICKED_H)} <= set(answered[-1])


def test_outcomes_are_those_of_the_bars_in_the_state(played: Played) -> None:
    """The second implementation, over the bars that the screen stored, gives each pick's outcome."""
    bars = pl.concat([played.store.load_bars(venue, FIRST_MS, at(LAST)) for venue in ("binance", "kucoin")])
    prices = ("open", "high", "low", "close")
    for hour in (played.hours[0], played.hours[17], played.hours[-1]):
        for pick in hour.complete_picks:
            own = bars.filter(venue=pick.venue, contract=pick.contract).select("open_ms", *prices).rows()
            expected = naive_outcome({int(ms): Bar(*four) for ms, *four in own}, hour.hour_ms, 0.0015)
            assert {name: getattr(pick, name) for name in expected} == pytest.approx(expected)


def test_kpis_are_shown_by_the_function_and_from_the_rows(played: Played) -> None:
    """The last answer's figures are those of the stored hours, and the judged rows give the same precision."""
    kpis = live_kpis(played.hours)
    assert played.answers[-1]["kpis"] == kpis.plain()
    judged, hours = load_evaluated(played.store, FIRST_MS, at(LAST))
    picks = judged.filter(pl.col("rank") <= 5, pl.col("outcome") == "complete")
    assert (hours.height, picks.height) == (PICKED_H, kpis.precision_at_5.n)
    assert kpis.precision_at_5.value == pytest.approx(picks["hit10"].mean())
    assert kpis.base_rate.n == judged.filter(pl.col("outcome") == "complete").height


def test_a_repeated_coin_reaches_the_subscriber_once(played: Played) -> None:
    """Found in many evaluations, some delivered twice: each coin is one message, with its first step."""
    messages = [message for message in played.stack.messages("alarm") if "escalation" in message["body"]]
    told = Counter((message["body"]["escalation"], message["body"]["key"]) for message in messages)
    found = Counter(name for answer in played.answers for name in answer["found"])
    assert max(found.values()) > 5
    assert {f"{kind} {key}" for kind, key in told} == set(found)
    assert set(told.values()) == {1}
    first = messages[0]
    assert first["attributes"]["kind"] == first["body"]["escalation"] == "repeated_coin"
    assert "quantscout explain" in first["body"]["first_step"]
    assert first["subject"].startswith("QuantScout 2026-10-2")


def test_the_page_is_in_the_bucket_after_midnight(played: Played) -> None:
    """Two midnights, the first of them delivered twice: each wrote the page, no other hour did."""
    written = [answer["hour"] for answer in played.answers if answer["page"]]
    assert set(written) == {iso(at(0)), iso(at(24))}
    assert {answer["page_problem"] for answer in played.answers} == {""}


def test_an_evaluation_costs_little(played: Played) -> None:
    """An hour of 76 contracts is a few units, and reading what it needs some more."""
    state = next(answer["state"] for answer in reversed(played.answers[:-1]) if answer["evaluated"])
    assert 0 < state["computed_write_units"] < 60
    assert 0 < state["computed_read_units"] < 400
