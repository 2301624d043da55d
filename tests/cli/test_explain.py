"""Why a contract was or was not picked, told from the files of a run."""

import re
from pathlib import Path

import polars as pl
import pytest
from world import Computed

from cli.asked import Command, row_of, scored
from quantscout.factors import NAMES
from quantscout.gates import FLAG_MEANINGS, GATES, LEVELS, REASONS
from quantscout.models import Report
from quantscout.settings import Settings
from quantscout_local.explain_gates import judge_gates


def test_a_pick_is_explained_by_its_gates_and_factors(
    quantscout: Command, run_folder: Path, computed: Computed
) -> None:
    """Rank, score, every gate's value and every factor's points are there."""
    first = computed.report.ranked_gems[0]
    said = quantscout("explain", first.symbol)
    assert said.status == 0
    told = f"picked: rank 1 of {computed.report.funnel.ranked} with score {first.score:.2f}"
    assert f"{told} at gate {computed.report.gate_level}" in said.out
    assert all(gate.name in said.out for gate in GATES)
    assert all(name in said.out for name in NAMES)
    assert first.justification in said.out


def test_a_rejected_contract_is_told_its_reason(quantscout: Command, run_folder: Path, computed: Computed) -> None:
    """The code, the value that failed, the limit and a sentence for people."""
    row = row_of(computed, "adv30_percentile_high")
    said = quantscout("explain", str(row["contract"]))
    told = re.search(r"rejected: (\w+) \(value ([\d.]+), limit ([\d.]+)\): (.*)", said.out)
    assert told
    assert (told[1], told[4]) == ("adv30_percentile_high", REASONS["adv30_percentile_high"])
    assert float(told[2]) == pytest.approx(float(str(row["reason_value"])), rel=1e-3)
    assert float(told[3]) == row["reason_limit"]


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


def test_several_symbols_are_explained_in_one_call(quantscout: Command, run_folder: Path) -> None:
    """In the order asked; one that is unknown is refused at the end, beside the answers."""
    said = quantscout("explain", "FRESH", "FRESJ", "PEP")
    assert said.out.index("FRESH-USDT-PERP") < said.out.index("PEP-USDT-PERP")
    assert (said.status, said.err.count("unknown symbol")) == (2, 1)


def test_a_rejected_contract_is_told_every_gate_that_fails(
    quantscout: Command, run_folder: Path, computed: Computed
) -> None:
    """Not only the first, and the level from which all would pass, or that none does."""
    rows = computed.universe.filter(pl.col("reason").is_in([gate.reason for gate in GATES])).to_dicts()
    level = LEVELS.index(str(computed.report.gate_level))
    for row in rows[:10]:
        out = quantscout("explain", row["contract"]).out
        failing = [v for v in judge_gates(row, Settings()) if not v.passes[level]]
        assert f"{len(failing)} of {len(GATES)} gates do not pass at {LEVELS[level]}: " in out
        assert ("No level lets it through" in out) != ("All would pass from L" in out)


def test_the_limits_are_those_of_the_run(quantscout: Command, run_folder: Path, computed: Computed) -> None:
    """A run under other limits is explained by them, not by the defaults."""
    own = computed.report.settings | {"gate_limits": {"min_notional": [6, 7, 8, 9]}}
    level = LEVELS.index(str(computed.report.gate_level))
    changed = computed.report.model_copy(update={"settings": own})
    (run_folder / "report.json").write_text(changed.to_json(), "utf-8")
    out = quantscout("explain", computed.report.ranked_gems[0].symbol).out
    assert f"at most {[6, 7, 8, 9][level]}" in next(line for line in out.splitlines() if "min_notional" in line)
    assert "by the run's own gate_limits" in out


def test_settings_of_another_version_are_refused(quantscout: Command, run_folder: Path, computed: Computed) -> None:
    """What this version cannot read as settings is named, with the next step."""
    changed = computed.report.model_copy(update={"settings": {"old_setting": 1}})
    (run_folder / "report.json").write_text(changed.to_json(), "utf-8")
    said = quantscout("explain", "PEP")
    assert said.status == 2
    assert "had settings that this version refuses (old_setting: " in said.err


def test_a_second_contract_of_a_coin_names_the_first(quantscout: Command, run_folder: Path, computed: Computed) -> None:
    """Who ranks instead, with both scores."""
    first = row_of(computed, None)
    mine = pl.col("contract") == str(scored(computed)[-1]["contract"])
    twin = computed.universe.with_columns(
        pl.when(mine).then(pl.lit(value)).otherwise(name).alias(name)
        for name, value in {"coin": first["coin"], "fate": "rejected", "reason": "same_coin"}.items()
    )
    twin.write_parquet(run_folder / "universe.parquet")
    said = quantscout("explain", str(scored(computed)[-1]["contract"]))
    assert f"{first['venue']}:{first['contract']} ranks instead: rank 1, score {first['score']:.2f}" in said.out


def test_flags_are_told_in_words(quantscout: Command, run_folder: Path, computed: Computed) -> None:
    """Name and meaning of every flag that is raised."""
    row = next(row for row in scored(computed) if row["flags"])
    out = quantscout("explain", row["contract"]).out
    assert all(f"Flag {flag}: {FLAG_MEANINGS[flag]}." in out for flag in row["flags"])


def test_market_cap_and_coin_are_told(quantscout: Command, run_folder: Path, computed: Computed) -> None:
    """The source and the age of the supply, and what is known of the coin."""
    row = next(row for row in scored(computed) if row["market_cap_usd"] is not None)
    out = quantscout("explain", row["contract"]).out
    assert f"by {row['market_cap_source']}'s supply, {row['supply_age_h']} h old" in out
    assert f"Coin: {row['coin']}" in out


def test_at_eighty_columns_no_table_is_cut(
    quantscout: Command, run_folder: Path, computed: Computed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every gate and factor keeps its name, and nothing ends in dots."""
    monkeypatch.setenv("COLUMNS", "80")
    out = quantscout("explain", computed.report.ranked_gems[0].symbol).out
    names = {line.split()[0] for line in out.splitlines() if line.strip()}
    assert {*NAMES} | {gate.name for gate in GATES} <= names
    assert "…" not in out


def test_colours_follow_no_color(
    quantscout: Command, run_folder: Path, computed: Computed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A terminal gets colours, and none with NO_COLOR."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("FORCE_COLOR", "1")
    symbol = computed.report.ranked_gems[0].symbol
    assert "\x1b[32m" in quantscout("explain", symbol).out
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[32m" not in quantscout("explain", symbol).out


def test_an_hour_without_data_is_explained_too(quantscout: Command, run_folder: Path, computed: Computed) -> None:
    """Without a level the widest one is shown, and it is said."""
    empty: dict[str, object] = {"status": "no_data", "ranked_gems": [], "gate_level": None}
    silent = Report.model_validate(computed.report.model_dump(by_alias=True) | empty)
    (run_folder / "report.json").write_text(silent.to_json(), "utf-8")
    said = quantscout("explain", "PEP")
    assert said.status == 0
    assert "Gates at L3 (no level held 5 coins)" in said.out
