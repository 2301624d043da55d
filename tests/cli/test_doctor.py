"""Can this place run QuantScout? Asked of the simulator, healthy and with its faults, and of networks that fail."""

import asyncio
import socket
import ssl
from typing import Any

import httpx
import pytest

from cli.doctor_place import KEY, Change, place_of
from quantscout.secrets import SourceKeys
from quantscout_local import doctor_witness
from quantscout_local.doctor import Place, diagnose
from quantscout_local.doctor_findings import SourceFinding
from quantscout_local.doctor_reasons import MEANING
from quantscout_local.simulator import DEFAULT_HOUR_MS
from quantscout_local.simulator.faults.kinds import Kind
from quantscout_local.simulator.faults.plan import Rule

MOST_REQUESTS = 25
KUCOIN_429: tuple[Kind, ...] = ("overloaded", "rate_limited")


def examined(place: Place) -> dict[str, SourceFinding]:
    """Return the findings by source."""
    return {finding.name: finding for finding in asyncio.run(diagnose(place)).sources}


def answered(finding: SourceFinding) -> dict[str, tuple[str, str]]:
    """Return what was seen and the verdict, by question."""
    return {probe.question: (probe.seen, probe.verdict) for probe in finding.probes}


def failing(error: Exception, cause: Exception | None = None) -> Change:
    """Return the change that makes every request to Binance fail as a network does."""

    def change(request: httpx.Request) -> None:
        if request.url.path.startswith("/binance"):
            raise error from cause

    return change


def test_a_healthy_place_can_run() -> None:
    """Every source answers, with both keys; few requests were needed."""
    place, wire = place_of()
    found = asyncio.run(diagnose(place))
    assert found.can_run
    assert found.conclusion == "This place can run QuantScout: both venues answer."
    assert {finding.reach for finding in found.sources} == {"reachable"}
    assert found.requests == len(wire.asked) <= MOST_REQUESTS


def test_what_is_open_is_answered() -> None:
    """Each question has its answer, and the simulator agrees with what the product assumes."""
    found = examined(place_of()[0])
    probes = [probe for finding in found.values() for probe in finding.probes]
    assert len(probes) == 12
    assert [probe.question for probe in probes if probe.verdict == "differs"] == []
    assert answered(found["binance"])["klines with limit=1000: how many rows, at what weight?"] == (
        "1000 rows, weight 5",
        "agrees",
    )
    assert answered(found["kucoin_unified"])["do both hosts count in one pool?"][1] == "agrees"
    assert answered(found["kucoin_unified"])["open-interest history: in which order?"][0] == "25 rows, newest first"
    assert "ascending" in answered(found["kucoin"])["klines of 45 days ago: in which order?"][0]


def test_limits_are_read_from_the_headers() -> None:
    """Used weight of Binance, and what KuCoin says is left."""
    found = examined(place_of()[0])
    assert found["binance"].limits[0].endswith("of 2400")
    assert found["kucoin"].limits[0].endswith("of 2000 in this window")


@pytest.mark.parametrize(
    ("kind", "reach"),
    [
        ("blocked_region", "blocked_region"),
        ("refused", "firewall"),
        ("banned", "banned"),
        ("rate_limited", "rate_limited"),
        ("server_error", "outage"),
        ("html", "unexpected_answer"),
        ("wrong_types", "unexpected_answer"),
        ("reset", "outage"),
    ],
)
def test_each_kind_of_refusal_is_named_and_not_asked_again(kind: Any, reach: str) -> None:
    """One request, no second one; the verdict names the venue, the kind, and the next step."""
    place, wire = place_of(Rule(kind=kind, venue="binance"))
    found = asyncio.run(diagnose(place))
    binance = found.sources[0]
    assert (binance.reach, found.can_run) == (reach, False)
    assert sum(path.startswith("/binance") for path in wire.asked) == 1
    meaning, step = MEANING[binance.reach]
    assert f"Binance {meaning}" in found.conclusion
    assert step in found.conclusion


def test_busy_servers_are_told_from_a_used_up_quota() -> None:
    """KuCoin has one code for both: without the headers of the quota it is an outage, with them a limit."""
    found = [examined(place_of(Rule(kind=kind, venue="kucoin"))[0]) for kind in KUCOIN_429]
    assert [each["kucoin"].reach for each in found] == ["outage", "rate_limited"]


def test_an_allowance_that_others_used_up_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """The header says that the minute is full: no further request, and not the network's fault."""
    monkeypatch.setattr(doctor_witness, "PATIENCE_S", 0.2)
    full = httpx.Response(200, json={"serverTime": DEFAULT_HOUR_MS}, headers={"x-mbx-used-weight-1m": "2400"})
    place, wire = place_of(change=lambda asked: full if asked.url.path.endswith("/fapi/v1/time") else None)
    assert examined(place)["binance"].reach == "rate_limited"
    assert sum(path.startswith("/binance") for path in wire.asked) == 1


def test_a_ban_says_until_when() -> None:
    """The time that the venue named is in the finding."""
    binance = examined(place_of(Rule(kind="banned", venue="binance", seconds=600))[0])["binance"]
    assert binance.again_at is not None
    assert binance.again_at.timestamp() == pytest.approx(DEFAULT_HOUR_MS / 1000 + 95 + 600, abs=15)


@pytest.mark.parametrize(
    ("error", "cause", "reach"),
    [
        (httpx.ConnectError("no"), socket.gaierror(-2, "Name or service not known"), "no_name"),
        (httpx.ConnectError("no"), ConnectionRefusedError("refused"), "no_connection"),
        (httpx.ConnectError("no"), ssl.SSLCertVerificationError("self-signed"), "tls"),
        (httpx.ConnectTimeout("slow"), None, "timeout"),
        (httpx.ReadTimeout("slow"), None, "timeout"),
        (httpx.RemoteProtocolError("cut"), None, "outage"),
    ],
)
def test_a_failing_network_is_told_apart(error: Exception, cause: Exception | None, reach: str) -> None:
    """DNS, connection, certificate, time and a cut answer are five different things."""
    place, wire = place_of(change=failing(error, cause))
    assert examined(place)["binance"].reach == reach
    assert sum(path.startswith("/binance") for path in wire.asked) == 1


@pytest.mark.parametrize(
    ("off_s", "clock", "can_run"), [(1.0, "right", True), (5.0, "drifting", True), (45.0, "wrong", False)]
)
def test_the_clock_is_compared(off_s: float, clock: str, can_run: bool) -> None:
    """Over 2 s is worth a note, over 30 s a run would leave the venue out."""
    found = asyncio.run(diagnose(place_of(Rule(kind="clock_off", venue="kucoin", seconds=off_s))[0]))
    assert found.sources[1].clock == clock
    assert found.sources[1].clock_drift_s == pytest.approx(off_s, abs=0.5)
    assert found.can_run is can_run


def test_a_refusal_in_the_middle_ends_the_examination() -> None:
    """A firewall that minds the klines only is that source's finding; nothing follows."""
    place, wire = place_of(Rule(kind="refused", venue="binance", endpoint="/fapi/v1/klines"))
    assert examined(place)["binance"].reach == "firewall"
    assert sum(path == "/binance/fapi/v1/klines" for path in wire.asked) == 1


def test_a_question_may_stay_without_answer() -> None:
    """A 400 for a longer limit is what was seen; the source serves all the same."""

    def change(request: httpx.Request) -> httpx.Response | None:
        refusal = {"code": -1130, "msg": "Data sent for parameter 'limit' is not valid."}
        return httpx.Response(400, json=refusal) if request.url.params.get("limit") == "1500" else None

    binance = examined(place_of(change=change)[0])["binance"]
    seen, verdict = answered(binance)["klines with limit=1500: how many rows, at what weight?"]
    assert ("-1130" in seen, verdict, binance.serves) == (True, "unknown", True)


def test_an_assumption_that_does_not_hold_is_shown() -> None:
    """Should Coinalyze list KuCoin one day, the doctor says so."""

    def change(request: httpx.Request) -> httpx.Response | None:
        listed = [{"name": "KuCoin", "code": "Q"}]
        return httpx.Response(200, json=listed) if request.url.path.endswith("/exchanges") else None

    coinalyze = examined(place_of(change=change)[0])["coinalyze"]
    assert answered(coinalyze)["does Coinalyze list KuCoin?"] == ("yes, as Q", "differs")


def test_the_unified_api_is_not_needed_for_a_run() -> None:
    """Its refusal is shown, and the place can run without it."""
    refuse = Rule(kind="refused", venue="kucoin", endpoint="*/market/open-interest")
    found = asyncio.run(diagnose(place_of(refuse)[0]))
    assert found.sources[2].reach == "firewall"
    assert found.can_run
    assert "without KuCoin unified" in found.conclusion


def test_without_keys_the_sources_are_still_looked_for() -> None:
    """Coinalyze's refusal proves that it is there; CoinGecko answers; both keys are missing."""
    found = examined(place_of(keys=SourceKeys())[0])
    assert [(found[name].reach, found[name].key) for name in ("coinalyze", "coingecko")] == [
        ("reachable", "missing")
    ] * 2
    assert (found["coinalyze"].requests, found["coinalyze"].serves) == (1, False)


@pytest.mark.parametrize(
    ("source", "refusal"),
    [
        ("coinalyze", httpx.Response(401, json={"message": f"Invalid API key {KEY}"})),
        ("coingecko", httpx.Response(401, json={"status": {"error_code": 10002, "error_message": f"{KEY}: no key"}})),
        ("coingecko", httpx.Response(403, json={"status": {"error_code": 10005, "error_message": "not of your plan"}})),
    ],
)
def test_a_refused_key_is_told_from_a_refused_place(source: str, refusal: httpx.Response) -> None:
    """The source is reachable, its key is not good, and no text shows it."""

    def change(request: httpx.Request) -> httpx.Response | None:
        return refusal if request.url.path.startswith(f"/{source}") else None

    found = asyncio.run(diagnose(place_of(change=change)[0]))
    [finding] = [each for each in found.sources if each.name == source]
    assert (finding.reach, finding.key, finding.requests) == ("reachable", "refused", 1)
    assert KEY not in found.model_dump_json()


def test_the_whole_stays_within_its_requests_when_all_fails() -> None:
    """An outage everywhere costs one request per source."""
    _, wire = asked = place_of(Rule(kind="server_error"))
    assert {finding.reach for finding in examined(asked[0]).values()} == {"outage"}
    assert len(wire.asked) == 5
