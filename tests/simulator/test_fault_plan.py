"""Plans of faults: how they are read, whom they strike, and that they repeat."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from quantscout.errors import InputError
from quantscout_local.simulator.conditions import Conditions
from quantscout_local.simulator.faults.plan import Plan, load_plan, read_plan
from simulator.stand import Stand

Maker = Callable[..., Stand]
TIME = "/binance/fapi/v1/time"


def statuses(server: Stand, requests: list[tuple[str, dict[str, Any]]]) -> list[int]:
    """Return the status of each answer."""
    return [found.status_code for found in server.ask_all(requests)]


@pytest.mark.parametrize(
    ("written", "place"),
    [
        (b'{"rules": [{"kind": "earthquake"}]}', "rules.0.kind"),
        (b'{"rules": [{"kind": "html", "share": 2}]}', "rules.0.share"),
        (b'{"rules": [{"kind": "html", "until": 2}]}', "rules.0.until"),
        (b'{"rules": [{"kind": "html", "hours": ["noon", "noon"]}]}', "rules.0.hours.0"),
        (b"not JSON", "the whole"),
    ],
)
def test_a_bad_plan_is_refused_with_its_place(written: bytes, place: str) -> None:
    """What cannot be followed names the first offending field."""
    with pytest.raises(InputError, match=f"the file is not a plan of faults: {place}"):
        read_plan(written, "the file")


def test_a_plan_that_is_not_there_is_named(tmp_path: Path) -> None:
    """A file that cannot be read is one clear error."""
    with pytest.raises(InputError, match="cannot be read"):
        load_plan(tmp_path / "plan.json")


def test_share_is_the_share_of_requests(faulty: Maker) -> None:
    """Of a thousand requests about a fifth is struck."""
    found = statuses(faulty("server_error", share=0.2, status=500), [(TIME, {"n": n}) for n in range(1000)])
    assert found.count(500) == pytest.approx(200, abs=40)


def test_the_same_plan_and_requests_have_the_same_faults(faulty: Maker) -> None:
    """Faults are drawn by request and attempt, not by the order of arrival."""
    requests: list[tuple[str, dict[str, Any]]] = [(TIME, {"n": n}) for n in range(200)]
    forwards = statuses(faulty("server_error", share=0.3), requests)
    backwards = statuses(faulty("server_error", share=0.3), requests[::-1])
    assert forwards == backwards[::-1]
    assert 200 in forwards


def test_another_seed_strikes_others(stand: Maker) -> None:
    """The seed decides who is struck."""
    rules = [{"kind": "server_error", "share": 0.3, "status": 500}]
    plans = [Plan.model_validate({"seed": seed, "rules": rules}) for seed in ("one", "two")]
    requests: list[tuple[str, dict[str, Any]]] = [(TIME, {"n": n}) for n in range(100)]
    one, two = (statuses(stand(Conditions(faults=plan)), requests) for plan in plans)
    assert one != two


def test_attempts_are_drawn_one_by_one(faulty: Maker) -> None:
    """A request that was struck may pass when it is asked again; the order of its parameters does not matter."""
    server = faulty("server_error", share=0.5, status=500)
    found = [server.ask(TIME, a=1, b=2).status_code for _ in range(10)]
    found += [server.ask(TIME, b=2, a=1).status_code for _ in range(10)]
    again = faulty("server_error", share=0.5, status=500)
    assert set(found) == {200, 500}
    assert [again.ask(TIME, a=1, b=2).status_code for _ in range(20)] == found


def test_the_same_hour_played_again_has_the_same_faults(faulty: Maker) -> None:
    """Moving to the hour, even to the same one, begins the attempts anew."""
    server = faulty("server_error", share=0.5, status=500)
    runs = []
    for _ in range(2):
        server.ask("/simulator/hour", "POST", at="2026-11-01T12:00Z")
        runs.append([server.ask(TIME).status_code for _ in range(20)])
    assert runs[0] == runs[1]


def test_count_is_per_hour(faulty: Maker) -> None:
    """A rule with a count strikes so often in each hour that is played."""
    server = faulty("server_error", count=2, status=500)
    assert [server.ask(TIME).status_code for _ in range(4)] == [500, 500, 200, 200]
    server.ask("/simulator/hour", "POST", at="2026-11-01T13:00Z")
    assert [server.ask(TIME).status_code for _ in range(3)] == [500, 500, 200]


@pytest.mark.parametrize(
    ("rule", "struck"),
    [
        ({"venue": "kucoin"}, [False, False, True]),
        ({"endpoint": "/fapi/v1/*"}, [True, True, False]),
        ({"endpoint": "/fapi/v1/time"}, [True, False, False]),
        ({"contract": "BTC*"}, [False, True, False]),
        ({"hours": ["2026-11-01T12:00Z", "2026-11-01T12:00Z"]}, [True, True, True]),
        ({"hours": ["2026-11-01T13:00Z", "2026-11-02T12:00Z"]}, [False, False, False]),
        ({"hours_of_day": [12]}, [True, True, True]),
        ({"hours_of_day": [11, 13]}, [False, False, False]),
    ],
)
def test_a_rule_strikes_what_it_names(faulty: Maker, rule: dict[str, Any], struck: list[bool]) -> None:
    """Venue, endpoint, contract and hours narrow a rule."""
    server = faulty("server_error", **rule)
    requests: list[tuple[str, dict[str, Any]]] = [
        (TIME, {}),
        ("/binance/fapi/v1/openInterest", {"symbol": "BTCUSDT"}),
        ("/kucoin/api/v1/timestamp", {}),
    ]
    assert [status >= 500 for status in statuses(server, requests)] == struck


def test_a_plan_can_be_set_and_lifted_while_it_plays(stand: Maker) -> None:
    """POST /simulator/faults follows a plan from now on; an empty one lifts it; a bad one changes nothing."""
    server = stand()
    assert server.post("/simulator/faults", {"rules": [{"kind": "html"}]}).json() == {"rules": 1}
    assert "error" in server.post("/simulator/faults", {"rules": [{"kind": "none"}]}).json()
    assert server.ask(TIME).text.startswith("<html>")
    server.post("/simulator/faults", {})
    assert server.ask(TIME).json().keys() == {"serverTime"}


def test_the_log_counts_by_kind_and_endpoint(faulty: Maker) -> None:
    """What was injected can be read back."""
    server = faulty("server_error", endpoint="/fapi/*")
    statuses(server, [(TIME, {}), (TIME, {}), ("/binance/fapi/v1/fundingInfo", {}), ("/kucoin/api/v1/timestamp", {})])
    counts = {"binance /fapi/v1/fundingInfo": 1, "binance /fapi/v1/time": 2}
    assert server.told("faults/log") == {"total": 3, "by_kind": {"server_error": counts}}


def test_a_fault_costs_as_much_as_an_answer(faulty: Maker) -> None:
    """A request that meets a fault is counted by the venue."""
    server = faulty("server_error")
    server.ask("/binance/fapi/v1/premiumIndex")
    assert server.told("usage")["venues"]["binance"]["pools"]["weight"]["weight"] == 10
