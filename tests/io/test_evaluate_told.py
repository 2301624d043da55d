"""Telling a person: one message per finding, not again within its cool-down, none lost."""

from typing import TYPE_CHECKING

import dynalite
import pytest
from fake_market import NOON_MS

from quantscout.errors import DeliveryError
from quantscout.escalation_ledger import CLAIM_MS, PK, Teller, told_at
from quantscout.escalation_models import Finding, Measure
from quantscout.frames import HOUR_MS
from quantscout.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable

DATABASES = dynalite.BOTH
FINDING = Finding("repeated_coin", "PEPE", "PEPE was there.", "look", Measure(13, 12), {})
OTHER = FINDING._replace(kind="input_drift", key="oi_change")
COOLDOWN_H = 48


class Wire:
    """SNS as far as it matters here: what was sent, and what it refuses."""

    def __init__(self) -> None:
        """Take everything."""
        self.sent: list[str] = []
        self.fault: BaseException | None = None
        self.meanwhile: Callable[[], object] = lambda: None

    def send(self, finding: Finding, _: int) -> str:
        """Take a message, or refuse it."""
        self.meanwhile()
        if self.fault:
            raise self.fault
        self.sent.append(finding.key)
        return f"id-{len(self.sent)}"


@pytest.fixture
def wire() -> Wire:
    """Return a wire that takes everything."""
    return Wire()


def teller(store: Store, wire: Wire, later_h: int = 0, late_ms: int = 0) -> Teller:
    """Return who tells at an hour after noon, so many ms late."""
    at_ms = NOON_MS + later_h * HOUR_MS
    return Teller(store.table, at_ms, COOLDOWN_H, wire.send, lambda: at_ms + late_ms)


def test_a_finding_is_told_once(store: Store, wire: Wire) -> None:
    """The same evaluation again, and those of the next hours, are silent."""
    assert teller(store, wire).tell([FINDING]) == [{"kind": "repeated_coin", "key": "PEPE", "message_id": "id-1"}]
    for later in (0, 1, 5, COOLDOWN_H - 1):
        assert teller(store, wire, later).tell([FINDING]) == []
    assert wire.sent == ["PEPE"]


def test_what_still_holds_is_told_again_after_its_cooldown(store: Store, wire: Wire) -> None:
    """Two days later a person hears of it once more."""
    teller(store, wire).tell([FINDING])
    assert len(teller(store, wire, COOLDOWN_H).tell([FINDING])) == 1


def test_each_finding_has_its_own_message(store: Store, wire: Wire) -> None:
    """Another coin or another kind is not silenced by the first."""
    teller(store, wire).tell([FINDING])
    told = teller(store, wire).tell([FINDING, FINDING._replace(key="DOGE"), OTHER])
    assert [one["key"] for one in told] == ["DOGE", "oi_change"]


def test_of_two_at_once_one_tells(store: Store, wire: Wire) -> None:
    """While one evaluation is sending, another finds the claim and leaves it."""
    second: list[object] = []
    wire.meanwhile = lambda: second.extend(teller(store, Wire()).tell([FINDING]))
    assert len(teller(store, wire).tell([FINDING])) == 1
    assert second == []


def test_what_sns_refuses_is_told_by_the_retry(store: Store, wire: Wire) -> None:
    """The claim is given back: the retry a minute later sends at once."""
    wire.fault = DeliveryError("busy")
    with pytest.raises(DeliveryError, match="busy"):
        teller(store, wire).tell([FINDING])
    wire.fault = None
    assert len(teller(store, wire, late_ms=60_000).tell([FINDING])) == 1


def test_one_refusal_does_not_hold_back_the_others(store: Store, wire: Wire) -> None:
    """Every finding is tried before the failure is raised."""
    seen: list[str] = []

    def send(finding: Finding, _: int) -> str:
        seen.append(finding.key)
        if finding.key == "PEPE":
            raise DeliveryError("too large")
        return "id"

    with pytest.raises(DeliveryError, match="too large"):
        Teller(store.table, NOON_MS, COOLDOWN_H, send, lambda: NOON_MS).tell([FINDING, OTHER])
    assert seen == ["PEPE", "oi_change"]
    assert teller(store, wire).tell([OTHER]) == []


def test_a_process_that_dies_while_sending_loses_nothing(store: Store, wire: Wire) -> None:
    """Its claim ends by itself; the next hour's evaluation tells."""
    wire.fault = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        teller(store, wire).tell([FINDING])
    wire.fault = None
    assert teller(store, wire, late_ms=CLAIM_MS - 1).tell([FINDING]) == []
    assert len(teller(store, wire, later_h=1).tell([FINDING])) == 1


def test_an_older_evaluation_that_comes_late_is_silent(store: Store, wire: Wire) -> None:
    """What was told at a later hour is not told again by a replay of an earlier one."""
    teller(store, wire, later_h=10).tell([FINDING])
    assert teller(store, wire).tell([FINDING]) == []


def test_it_is_known_when_each_was_told_last(store: Store, wire: Wire) -> None:
    """What was told is judged anew from there on."""
    assert told_at(store.table) == {}
    teller(store, wire).tell([FINDING])
    teller(store, wire, later_h=3).tell([OTHER])
    teller(store, wire, later_h=COOLDOWN_H).tell([FINDING])
    assert told_at(store.table) == {
        "repeated_coin#PEPE": NOON_MS + COOLDOWN_H * HOUR_MS,
        "input_drift#oi_change": NOON_MS + 3 * HOUR_MS,
    }


def test_an_item_names_its_message(store: Store, wire: Wire) -> None:
    """What was sent can be found again."""
    teller(store, wire).tell([FINDING])
    item = store.table.get(PK, "repeated_coin#PEPE")
    assert item is not None
    assert (item["message_id"], int(item["told_ms"]), int(item["claimed_ms"])) == ("id-1", NOON_MS, 0)
