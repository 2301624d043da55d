"""Which coin each contract is, told from the files of a run."""

from pathlib import Path

import polars as pl
import pytest
from world import Computed

from cli.asked import Command
from quantscout.identity import STATUSES


def test_every_eligible_contract_is_in_the_table(quantscout: Command, run_folder: Path, computed: Computed) -> None:
    """All of them, each under its venue."""
    eligible = computed.universe.filter(pl.col("ineligible").is_null())
    said = quantscout("coins")
    assert said.status == 0
    assert all(f"{venue}:{contract}" in said.out for venue, contract in eligible.select("venue", "contract").rows())
    assert "binance:GONEUSDT" not in said.out


def test_the_counts_stand_at_the_end(quantscout: Command, run_folder: Path, computed: Computed) -> None:
    """Every status with its number of contracts; together they are all."""
    eligible = computed.universe.filter(pl.col("ineligible").is_null())
    numbers = dict(eligible["identity_status"].value_counts().rows())
    counts = quantscout("coins").out.split("Counts")[1].split()
    assert all(int(counts[counts.index(status) + 1]) == numbers.get(status, 0) for status in STATUSES)
    assert int(counts[counts.index("all") + 1]) == eligible.height


@pytest.mark.parametrize("name", ["pep", "PEP-USDT-PERP", "1000PEPUSDT", "1000pep"])
def test_a_unit_is_shown_with_the_price_that_confirms_it(quantscout: Command, run_folder: Path, name: str) -> None:
    """By any name of the contract: how many coins it holds, who says so, and how far the prices are apart."""
    out = quantscout("coins", name).out
    assert "binance:1000PEPUSDT" in out
    assert "kucoin PEPUSDTM by 1,000" in out
    assert "agrees" in out


def test_a_contract_that_is_not_eligible_is_said_to_be_unmapped(quantscout: Command, run_folder: Path) -> None:
    """Asked for by name it is there, without a coin."""
    assert "not eligible, so not mapped" in quantscout("coins", "GONE").out


def test_what_was_refused_is_shown_with_its_reason(quantscout: Command, run_folder: Path, computed: Computed) -> None:
    """Another coin of the ticker stands there with its price and the difference."""
    proof = {"source": "coingecko", "name": "copy", "ticker": "C03", "multiplier": 1.0, "price_usd": 4.0,
             "our_price_usd": 2.0, "difference_pct": -50.0, "verdict": "disagrees", "read_ms": 0}  # fmt: skip
    kind = computed.universe.schema["coin_evidence"]
    mine = pl.col("contract") == "C03USDT"
    known = pl.when(mine).then(pl.lit(pl.Series([[proof]], dtype=kind))).otherwise("coin_evidence")
    computed.universe.with_columns(known.alias("coin_evidence")).write_parquet(run_folder / "universe.parquet")
    assert "refused coingecko copy -50.00 % (1970-01-01T00:00:00Z)" in quantscout("coins", "C03").out


def test_an_unknown_symbol_suggests_near_ones(quantscout: Command, run_folder: Path) -> None:
    """A slip of the finger is answered with what may have been meant, and status 2."""
    said = quantscout("coins", "FRESJ")
    assert (said.status, said.out) == (2, "")
    assert "unknown symbol 'FRESJ' in the hour that was run last; did you mean FRESH" in said.err


@pytest.mark.parametrize("symbol", ["[red]", "", "币安"])
def test_any_text_is_an_unknown_symbol_at_worst(quantscout: Command, run_folder: Path, symbol: str) -> None:
    """What a person types is shown as typed."""
    said = quantscout("coins", symbol)
    assert said.status == 2
    assert f"unknown symbol '{symbol}'" in said.err


def test_without_a_run_the_next_step_is_told(quantscout: Command) -> None:
    """An empty folder is bad input."""
    said = quantscout("coins", "--out", "nowhere")
    assert said.status == 2
    assert said.err.startswith("error: there is no readable run in nowhere/; run `quantscout run --out nowhere` first")


def test_a_run_of_an_earlier_version_is_no_readable_run(
    quantscout: Command, run_folder: Path, computed: Computed
) -> None:
    """A universe without the evidence cannot be shown."""
    computed.universe.drop("coin_evidence").write_parquet(run_folder / "universe.parquet")
    assert quantscout("coins").status == 2
