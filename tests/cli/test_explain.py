"""Why a contract was or was not picked, told from the files of a run."""

import re
from pathlib import Path

import polars as pl
import pytest
from world import Computed

from cli.asked import Command, row_of
from quantscout.factors import NAMES
from quantscout.gates import GATES, REASONS


def test_a_pick_is_explained_by_its_gates_and_factors(
    quantscout: Command, run_folder: Path, computed: Computed
) -> None:
    """Rank, score, every gate's value and every factor's points are there."""
    first = computed.report.ranked_gems[0]
    said = quantscout("explain", first.symbol)
    assert said.status == 0
    assert f"picked: rank 1 with score {first.score:.2f} at gate {computed.report.gate_level}" in said.out
    assert all(gate.column in said.out for gate in GATES)
    assert all(name in said.out for name in NAMES)
    assert first.justification in said.out


def test_a_rejected_contract_is_told_its_reason(quantscout: Command, run_folder: Path, computed: Computed) -> None:
    """The code, the value that failed, the limit and a sentence for people."""
    row = row_of(computed, "adv30_percentile_high")
    said = quantscout("explain", str(row["contract"]))
    told = re.search(r"rejected: (\w+) \(value ([\d.]+), limit ([\d.]+)\): (.*)", said.out)
    assert told
    assert told.groups() == (
        "adv30_percentile_high",
        row["reason_value"],
        f"{row['reason_limit']:g}",
        REASONS["adv30_percentile_high"],
    )


def test_a_contract_outside_the_universe_has_no_gates(quantscout: Command, run_folder: Path) -> None:
    """Its reason is all that there is to tell."""
    said = quantscout("explain", "GONE")
    assert "rejected: delisting (value announced)" in said.out
    assert "Gates at" not in said.out


@pytest.mark.parametrize("name", ["pep", "PEP", "PEP-USDT-PERP", "1000PEPUSDT", "1000pep"])
def test_a_contract_is_found_by_any_of_its_names(quantscout: Command, run_folder: Path, name: str) -> None:
    """Coin, house symbol, the venue's own name, in any case."""
    said = quantscout("explain", name)
    assert said.status == 0
    assert "binance:1000PEPUSDT" in said.out


def test_a_coin_of_both_venues_is_explained_twice(quantscout: Command, run_folder: Path) -> None:
    """Each contract has its own fate."""
    said = quantscout("explain", "PEP")
    assert "binance:1000PEPUSDT" in said.out
    assert "kucoin:PEPUSDTM" in said.out


def test_an_unknown_symbol_suggests_near_ones(quantscout: Command, run_folder: Path) -> None:
    """A slip of the finger is answered with what may have been meant, and status 2."""
    said = quantscout("explain", "FRESJ")
    assert (said.status, said.out) == (2, "")
    assert said.err.startswith("error: unknown symbol 'FRESJ' in the hour 2026-03-01T12:00:00Z; did you mean FRESH")


def test_a_symbol_like_no_other_is_said_to_be_on_no_list(quantscout: Command, run_folder: Path) -> None:
    """Without a near name the answer is where it was looked for."""
    said = quantscout("explain", "ZZZZZZZZ")
    assert said.err.startswith("error: unknown symbol 'ZZZZZZZZ' in the hour 2026-03-01T12:00:00Z; ")
    assert said.err.endswith("it was on neither venue's list in that hour\n")


@pytest.mark.parametrize("symbol", ["[red]", "[/]", "", "a b", "币安"])
def test_any_text_is_an_unknown_symbol_at_worst(quantscout: Command, run_folder: Path, symbol: str) -> None:
    """What a person types is shown as typed, never taken for markup."""
    said = quantscout("explain", symbol)
    assert said.status == 2
    assert f"'{symbol}'" in said.err


@pytest.mark.parametrize("name", ["report.json", "universe.parquet"])
def test_a_damaged_run_is_no_run(quantscout: Command, run_folder: Path, name: str) -> None:
    """A file that cannot be read is answered with the command that makes it."""
    (run_folder / name).write_text("{", "utf-8")
    said = quantscout("explain", "PEP", "--out", str(run_folder))
    assert said.status == 2
    assert f"there is no readable run in {run_folder}" in said.err


def test_every_contract_can_be_explained(quantscout: Command, run_folder: Path, computed: Computed) -> None:
    """No fate, no missing value and no null breaks the explanation."""
    for reason in computed.universe["reason"].unique().to_list():
        row = row_of(computed, reason)
        assert quantscout("explain", str(row["contract"])).status == 0


def test_a_run_of_another_version_is_no_run(quantscout: Command, run_folder: Path, computed: Computed) -> None:
    """A universe that lacks what is explained is refused in words."""
    computed.universe.select("venue", "contract").write_parquet(run_folder / "universe.parquet")
    said = quantscout("explain", "PEP", "--out", str(run_folder))
    assert said.status == 2
    assert pl.read_parquet(run_folder / "universe.parquet").width == 2
