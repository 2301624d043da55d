"""A claimed hour: what its holder may write, that nobody else can, and how it is given back."""

import random
import time
from datetime import timedelta

import dynalite
import pytest
from fake_market import NOON, NOON_MS
from fake_venue import Clock
from run_records import LEASE_MS, claimed, finish, pass_lease, raw

from quantscout import ledger as module
from quantscout.clock import to_ms
from quantscout.errors import StateError
from quantscout.ledger import STAGES, Lease, Ledger
from quantscout.store import Store

DATABASES = dynalite.BOTH


@pytest.fixture
def clock() -> Clock:
    """Return a clock that stands at noon."""
    return Clock(NOON)


@pytest.fixture
def ledger(store: Store, clock: Clock) -> Ledger:
    """Return the run records over an empty table."""
    return Ledger(store.table, lambda: to_ms(clock.now()))


def test_stages_have_their_times(ledger: Ledger, clock: Clock) -> None:
    """Every stage is written with its moment, and says how long it took; the item expires 400 days after its hour."""
    lease = claimed(ledger, "a")
    for seconds, stage in enumerate(STAGES[1:], 1):
        clock.at += timedelta(seconds=seconds)
        lease.reach(stage)
        assert ledger.read(NOON_MS) == lease.record
    assert lease.record.stage_ms() == {
        "fetched": 1_000, "scored": 2_000, "stored": 3_000, "publishing": 4_000, "published": 5_000,
    }  # fmt: skip
    assert int(raw(ledger)["expires_at"]) == NOON_MS // 1000 + 400 * 86_400


def test_what_an_earlier_attempt_took_is_not_counted(ledger: Ledger, clock: Clock) -> None:
    """A run that goes on from the stored report only publishes; the first claim's time stands."""
    claimed(ledger, "a").reach("stored")
    pass_lease(clock)
    again = claimed(ledger, "b")
    again.reach("publishing")
    assert again.record.stage_ms() == {"publishing": 0}
    assert again.record.first_ms == NOON_MS


def test_a_stage_renews_the_lease(ledger: Ledger, clock: Clock) -> None:
    """From each stage on a whole lease runs; after the last there is none."""
    lease = claimed(ledger, "a")
    clock.at += timedelta(seconds=30)
    lease.reach("fetched")
    assert lease.record.lease_until_ms == NOON_MS + 30_000 + LEASE_MS
    finish(lease)
    assert lease.record.lease_until_ms == 0


def test_a_zombie_is_refused(ledger: Ledger, clock: Clock) -> None:
    """Who was thought dead and taken over reaches no further stage, gives nothing back, and learns of it."""
    zombie = claimed(ledger, "a")
    pass_lease(clock)
    heir = claimed(ledger, "b")
    with pytest.raises(StateError, match="attempt 1 at 2026-03-01T12:00:00Z stops before it is fetched"):
        zombie.reach("fetched")
    with pytest.raises(KeyboardInterrupt), zombie.kept():
        raise KeyboardInterrupt
    assert (zombie.is_lost(), heir.is_lost()) == (True, False)
    assert ledger.read(NOON_MS) == heir.record


def test_a_zombie_with_the_same_name_is_refused(ledger: Ledger, clock: Clock) -> None:
    """A repeated delivery has its predecessor's name; the attempt tells them apart."""
    zombie = claimed(ledger, "a")
    pass_lease(clock)
    claimed(ledger, "a")
    with pytest.raises(StateError, match="taken over"):
        zombie.reach("scored")


def test_a_failure_gives_the_hour_back(ledger: Ledger) -> None:
    """With the reason, and at once: the next claim does not wait for the lease."""
    lease = claimed(ledger, "a")
    with pytest.raises(ValueError, match="a bug"), lease.kept():
        raise ValueError("a bug " + "x" * 500)
    again = claimed(ledger, "b")
    assert again.attempt == 2
    assert again.record.last_error.startswith("ValueError: a bug xxx")
    assert len(again.record.last_error) == 300


def test_a_failure_of_the_table_does_not_hide_the_first(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """An hour that cannot be given back is free when its lease is over; what is raised is why the run failed."""
    lease = claimed(ledger, "a")

    def throttled(*_: object) -> None:
        raise StateError("ProvisionedThroughputExceededException")

    monkeypatch.setattr(ledger.table, "update", throttled)
    with pytest.raises(ValueError, match="a bug"), lease.kept():
        raise ValueError("a bug")


def test_a_heart_beats_while_the_run_goes_on(ledger: Ledger, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lease is renewed without a stage being reached, and nothing beats when the run is over."""
    monkeypatch.setattr(module, "LEASE_S", 0.03)
    lease = claimed(ledger, "a")
    with lease.kept():
        until_ms, seen_ms = time.monotonic() + 5, lease.record.lease_until_ms
        clock.at += timedelta(seconds=1)
        while raw(ledger)["lease_until_ms"] == seen_ms and time.monotonic() < until_ms:
            time.sleep(0.005)
        assert raw(ledger)["lease_until_ms"] == seen_ms + 1_000
        lease.reach("published", told="ok")
        time.sleep(0.05)
    assert raw(ledger)["lease_until_ms"] == 0


def test_a_heart_survives_a_throttled_table(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """One beat that fails is followed by another."""
    monkeypatch.setattr(module, "LEASE_S", 0.03)
    lease, beats = claimed(ledger, "a"), []

    def throttled(*arguments: object) -> None:
        beats.append(arguments)
        raise StateError("ProvisionedThroughputExceededException")

    monkeypatch.setattr(ledger.table, "update", throttled)
    with lease.kept():
        until_s = time.monotonic() + 5
        while len(beats) < 3 and time.monotonic() < until_s:
            time.sleep(0.005)
    assert len(beats) >= 3


# ---------------------------------------------------------------- any order of events


class Claimant:
    """A delivery that does one thing at a time, in whatever order; it learns of nothing but what the ledger answers."""

    def __init__(self, name: str, ledger: Ledger) -> None:
        """Hold nothing."""
        self.name, self.ledger = name, ledger
        self.lease: Lease | None = None

    def step(self, dice: random.Random) -> str:
        """Claim, go a stage on, die, or give back; return what was achieved."""
        if self.lease is None:
            claim = self.ledger.claim(NOON_MS, self.name)
            self.lease = claim if isinstance(claim, Lease) else None
            return "claimed" if self.lease else ""
        lease = self.lease
        if dice.random() < 0.15:  # a crash, or a pause that outlives the lease: another object goes on for it
            self.lease = lease if dice.random() < 0.5 else None
            return ""
        later = [stage for stage in STAGES if STAGES.index(stage) > STAGES.index(lease.record.stage)]
        if not later:
            return ""
        try:
            lease.reach(later[0], **({"told": "ok"} if later[0] == "published" else {}))
        except StateError:
            self.lease = None
            return "refused"
        return later[0]


@pytest.mark.parametrize("seed", range(25))
def test_at_most_one_holds_the_hour_at_any_time(ledger: Ledger, clock: Clock, seed: int) -> None:
    """Three claimants in any order, pauses longer than a lease among them: one publishes, stages never fall back."""
    dice, claimants = random.Random(seed), [Claimant(name, ledger) for name in "abc"]
    published, best = 0, 0
    for _ in range(120):
        clock.at += timedelta(milliseconds=LEASE_MS * dice.choice([0, 0, 0.4, 1.1]))
        one = dice.choice(claimants)
        did = one.step(dice)
        record = ledger.read(NOON_MS)
        assert record is not None
        if did in STAGES:
            assert one.lease
            assert (record.held_by, record.attempt) == (one.name, one.lease.attempt)
        published += did == "published"
        kept = STAGES.index(record.stage) if record.stage in {"stored", "publishing", "published"} else 0
        assert kept >= best
        best = kept
    assert published <= 1
    assert (published == 1) == (best == len(STAGES) - 1)
