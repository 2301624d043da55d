"""What a venue says beside the hour reaches the report as a reason, and never the state."""

import polars as pl
import pytest
from fake_market import NOON_MS
from world import World

from quantscout.frames import HOUR_MS, MINUTE_MS
from quantscout.store import FUNDING_BLOCKS, OPEN_INTEREST_BLOCKS
from quantscout.venues.base import Contract

DROPPED = {"C03USDT"}


@pytest.fixture
def odd(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """Return a world whose larger venue stamps one contract's rows a minute early, and doubles its settlements."""
    ask_held, ask_settled = world.binance.fetch_open_interest, world.binance.fetch_funding

    async def held(contract: Contract, since_ms: int, until_ms: int) -> pl.DataFrame:
        rows = await ask_held(contract, since_ms, until_ms)
        return rows.with_columns(pl.col("at_ms") - MINUTE_MS) if contract.name in DROPPED else rows

    async def settled(contract: Contract, since_ms: int, until_ms: int) -> pl.DataFrame:
        rows = await ask_settled(contract, since_ms, until_ms)
        other = rows.tail(1).with_columns(pl.col("rate_ratio") + 1e-4)
        return pl.concat([rows, other]) if contract.name in DROPPED else rows

    monkeypatch.setattr(world.binance, "fetch_open_interest", held)
    monkeypatch.setattr(world.binance, "fetch_funding", settled)
    return world


def test_misaligned_rows_are_counted_in_the_report(odd: World) -> None:
    """The source's errors name the reason and the contract."""
    errors = {error.reason: error.contracts for error in odd.screen().report.sources["binance"].errors}
    assert errors == {"open_interest_misaligned": ["C03USDT"], "funding_duplicate": ["C03USDT"]}


def test_misaligned_rows_do_not_enter_the_state(odd: World) -> None:
    """Neither the moved open interest nor the settlement of two rates is stored."""
    odd.screen()
    held = odd.store.load(OPEN_INTEREST_BLOCKS, "binance", NOON_MS, NOON_MS)
    settled = odd.store.load(FUNDING_BLOCKS, "binance", NOON_MS, NOON_MS)
    assert held.filter(pl.col("at_ms") % HOUR_MS != 0).is_empty()
    assert "C03USDT" not in held["contract"]
    newest = settled.group_by("contract").agg(pl.col("settled_ms").max())
    assert dict(newest.rows())["C03USDT"] < max(newest["settled_ms"])


def test_a_contract_without_usable_open_interest_lacks_the_factor(odd: World) -> None:
    """Its change is unknown, not zero, and the others' is there."""
    done = odd.screen()
    assert done.of("C03USDT", "oi_change_4h_pct") is None
    assert done.of("C04USDT", "oi_change_4h_pct") is not None
