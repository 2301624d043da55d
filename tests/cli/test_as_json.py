"""What explain and coins print, for programs."""

import json
from pathlib import Path

import polars as pl
import pytest
from world import Computed

from cli.asked import Command, row_of, scored
from quantscout.factors import NAMES
from quantscout.gates import GATES, LEVELS
from quantscout.settings import Settings
from quantscout_local.explain_gates import judge_gates


def test_a_pick_is_explained_as_data(quantscout: Command, run_folder: Path, computed: Computed) -> None:
    """Its place, every gate with the verdict of the table, and parts of the score that sum to it."""
    first = computed.report.ranked_gems[0]
    said = quantscout("explain", first.symbol, "--json")
    (told,) = [each for each in json.loads(said.out) if each["venue"] == first.exchange]
    assert (told["hour"], told["rank"], told["score"]) == (computed.report.hour, 1, pytest.approx(first.score))
    assert [gate["gate"] for gate in told["gates"]] == [gate.name for gate in GATES]
    assert all(gate["passes"] and gate["unit"] for gate in told["gates"])
    assert {*NAMES, "neutral"} <= {part["part"] for part in told["score_parts"]}
    assert sum(part["points"] or 0 for part in told["score_parts"]) == pytest.approx(told["score"])
    assert told["in_short"] == first.justification


def test_a_rejected_contract_is_explained_as_data(quantscout: Command, run_folder: Path, computed: Computed) -> None:
    """The reason with value and limit; the level from which each gate would let it pass."""
    row = row_of(computed, "adv30_percentile_high")
    (told,) = json.loads(quantscout("explain", str(row["contract"]), "--json").out)
    assert told["fate"] == "rejected"
    assert all(told[name] == row[name] for name in ("reason", "reason_value", "reason_limit"))
    firsts = [verdict.first_level for verdict in judge_gates(row, Settings())]
    named = [None if first is None else LEVELS[first] for first in firsts]
    assert [gate["passes_from"] for gate in told["gates"]] == named


def test_what_is_not_eligible_has_neither_gates_nor_score(quantscout: Command, run_folder: Path) -> None:
    """Empty, not absent."""
    (told,) = json.loads(quantscout("explain", "GONE", "--json").out)
    assert (told["reason"], told["gates"], told["score_parts"], told["in_short"]) == ("delisting", [], [], None)


def test_every_contract_is_json(quantscout: Command, run_folder: Path, computed: Computed) -> None:
    """No value breaks it; what is unknown is null and never NaN."""
    names = [str(row["contract"]) for row in scored(computed)[:5]]
    names += [str(row_of(computed, reason)["contract"]) for reason in computed.universe["reason"].unique().to_list()]
    said = quantscout("explain", *names, "--json")
    told = json.loads(said.out, parse_constant=pytest.fail)
    assert {each["contract"] for each in told} == {*names}


def test_an_unknown_name_is_refused_beside_the_answer(quantscout: Command, run_folder: Path) -> None:
    """As in words: the others on standard output, the name on standard error, status 2."""
    said = quantscout("explain", "FRESH", "FRESJ", "--json")
    assert (said.status, [each["coin"] for each in json.loads(said.out)]) == (2, ["FRESH", "FRESH"])
    assert "unknown symbol 'FRESJ'" in said.err
    assert quantscout("explain", "FRESJ", "--json").out == ""


def test_coins_are_data_too(quantscout: Command, run_folder: Path, computed: Computed) -> None:
    """All eligible contracts with their evidence."""
    told = json.loads(quantscout("coins", "--json").out)
    eligible = computed.universe.filter(pl.col("ineligible").is_null())
    assert {(row["venue"], row["contract"]) for row in told} == {*eligible.select("venue", "contract").rows()}
    (pep,) = json.loads(quantscout("coins", "1000PEPUSDT", "--json").out)
    assert "kucoin" in {proof["source"] for proof in pep["coin_evidence"]}
