"""Parts of the score left out: a planted factor is found to matter, an idle one not, and each gate opens."""

import io
import json
from pathlib import Path

import polars as pl
import pytest
from rich.console import Console

from evidence.made_rescore import Made, Plan, make_hours_to_rescore, rank_as_decided, save_replay
from evidence.rescore_asked import Command, quantscout
from quantscout.errors import InputError
from quantscout.gates import GATES, Gate
from quantscout.settings import Settings
from quantscout_local.evidence import ablate_gates
from quantscout_local.evidence.ablate import NO_DATA, Ablation, Drawn, build_ablation, leave_out_parts
from quantscout_local.evidence.ablate_command import Ask, ablate
from quantscout_local.evidence.ablate_gates import Archive, leave_out_gates, open_gate
from quantscout_local.evidence.ablate_table import build_table, show_change, show_reach
from quantscout_local.evidence.judged import Judged, open_judged
from quantscout_local.evidence.rescore import build_sheet
from quantscout_local.evidence.rescore_rank import build_rule
from quantscout_local.evidence.rescore_tally import tally_rule
from quantscout_local.evidence.stats_bootstrap import draw_hours

__all__ = ["quantscout"]
PLAN = Plan(hours=200, coins=40, driver="vol_spike", effect=0.17, absent=("social", "aggressor"))


@pytest.fixture(scope="module")
def made() -> Made:
    """Return hours in which a high vol_spike hits more."""
    return make_hours_to_rescore(21, PLAN)


@pytest.fixture(scope="module")
def folder(made: Made, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return them as a replay's folder."""
    return save_replay(tmp_path_factory.mktemp("ablate") / "replay", made)


def _ablate(folder: Path) -> Ablation:
    return ablate(Ask(folder, None, folder / "out", 1, 2000, 24))


def test_the_planted_factor_is_the_one_that_earns_its_place(folder: Path) -> None:
    """Without it precision falls by its interval and after the correction; a factor of noise is not clear."""
    rows = {row.name: row for row in _ablate(folder).rows}
    precision = rows["vol_spike"].differences[0]
    assert precision.high is not None
    assert precision.high < 0
    assert precision.is_clear
    assert not any(difference.is_clear for difference in rows["breakout"].differences)


def test_what_has_no_data_is_named_and_not_compared(folder: Path) -> None:
    """A factor without values is no comparison; the number of comparisons is that of the differences shown."""
    found = _ablate(folder)
    assert found.not_left_out["social"] == found.not_left_out["aggressor"] == NO_DATA
    assert found.comparisons == sum(len(row.differences) for row in found.rows) == 3 * len(found.rows)
    assert f"{found.comparisons} comparisons" in found.sentences[0]
    assert any("Without vol_spike precision_at_5 falls" in sentence for sentence in found.sentences)


def test_a_part_that_changes_no_pick_is_named(made: Made) -> None:
    """Multipliers do nothing where all hours are neutral: that is no comparison."""
    neutral = made.board.with_columns(pl.lit("neutral").alias("regime_name"), pl.lit(0.5).alias("regime"))
    judged, hours = rank_as_decided(
        neutral.filter(pl.col("hour_ms") < neutral["hour_ms"][0] + 40 * 3_600_000), Settings()
    )
    sheet = build_sheet(judged, hours).sheet
    baseline = tally_rule(sheet, build_rule(Settings()))
    parts = list(leave_out_parts(sheet, Settings()))
    found = build_ablation(sheet, baseline, parts, Drawn(draw_hours(sheet.hours_ms.size, 1, 24, 100), 1, 24))
    assert "worth the same" in found.not_left_out["regime multipliers"]
    assert "worth the same" not in found.not_left_out.get("vol_spike", "")


def test_without_the_penalty_is_the_product_without_it(made: Made) -> None:
    """Leaving the penalty out equals hours decided under settings whose penalty is capped at 0; so for the boost."""
    sheet = build_sheet(made.judged, made.hours).sheet
    parts = {each.name: each.tally for each in leave_out_parts(sheet, Settings())}
    for name, settings in (("funding penalty", Settings(penalty_cap=0)), ("boost", Settings(boost=0))):
        judged, hours = rank_as_decided(made.board, settings)
        expected = tally_rule(build_sheet(judged, hours).sheet, build_rule(settings))
        tally = parts[name]
        assert tally is not None
        assert (tally.sums == expected.sums).all()


@pytest.mark.parametrize("gate", [gate for gate in GATES if not gate.is_guardrail], ids=lambda gate: gate.name)
def test_an_open_gate_rejects_no_value_within_its_bounds(gate: Gate) -> None:
    """Its limits are the loosest a setting may choose; no other gate moves."""
    opened = open_gate(gate, Settings())
    loosest = gate.bounds[0] if gate.sense == "at_least" else gate.bounds[1]
    assert set(opened.limits_of(gate)) == {loosest}
    assert all(opened.limits_of(other) == Settings().limits_of(other) for other in GATES if other != gate)
    assert gate.setting is None or gate.setting in opened.unknown_passes


def test_gates_are_replayed_and_guardrails_named(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each gate that can open is replayed under its own settings, and its picks are those of that replay."""
    asked: dict[str, Settings] = {}

    def again(judged: Judged, settings: Settings, archive: Archive, name: str, progress: object) -> Judged:
        asked[name] = settings
        return judged

    monkeypatch.setattr(ablate_gates, "check_archive", lambda *_: None)
    monkeypatch.setattr(ablate_gates, "replay_again", again)
    judged = open_judged(folder)
    sheet = build_sheet(judged.scan(), judged.hours()).sheet
    found = list(leave_out_gates(judged, sheet, Archive(tmp_path, tmp_path), lambda *_: None))
    opened = {each.name for each in found if each.tally is not None}
    assert opened == {gate.name for gate in GATES if not gate.is_guardrail}
    assert set(asked) == {f"gate-{name}" for name in opened}
    assert all("guardrail" in each.note for each in found if each.tally is None)


def test_the_table_fits_a_terminal_of_80_columns(folder: Path) -> None:
    """Every name, change and interval stands whole in its line."""
    ablation, text = _ablate(folder), io.StringIO()
    Console(file=text, width=80).print(build_table("without", [], ablation.rows))
    lines = text.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    for row in ablation.rows:
        shown = [(show_change(change), show_reach(change)) for change in row.differences]
        own = [line for line in lines if line.strip().split("  ")[0] == row.name]
        assert [(change in line, reach in line) for line, (change, reach) in zip(own, shown, strict=True)] == [
            (True, True)
        ] * len(shown)


def test_the_command_prints_a_table_and_json(quantscout: Command, folder: Path) -> None:
    """The table names the baseline and the sentences; --json has the same figures."""
    said = quantscout("ablate", "--replay", str(folder), "--samples", "200")
    assert said.status == 0
    assert "baseline" in said.out
    assert "Holm's correction" in said.out
    figures = json.loads(quantscout("ablate", "--replay", str(folder), "--samples", "200", "--json").out)
    assert figures["baseline"][0]["name"] == "precision_at_5"


def test_bad_input_is_refused_by_name(quantscout: Command, folder: Path, tmp_path: Path) -> None:
    """No replay, gates without a market, a market that is no folder, blocks longer than the hours."""
    assert "holds no finished replay" in quantscout("ablate", "--replay", str(tmp_path)).err
    assert "belong together" in quantscout("ablate", "--replay", str(folder), "--gates").err
    wrong = quantscout("ablate", "--replay", str(folder), "--gates", "--market", str(tmp_path / "none"))
    assert "is no folder" in wrong.err
    assert wrong.status == 2
    assert "do not fit" in quantscout("ablate", "--replay", str(folder), "--blocks", "9999").err


def test_picks_without_any_outcome_are_refused(made: Made) -> None:
    """Nothing to compare is said, not shown as zeros."""
    sheet = build_sheet(made.judged, made.hours).sheet
    empty = tally_rule(sheet._replace(complete=sheet.complete & False), build_rule(Settings()))
    with pytest.raises(InputError, match="no pick of the replay has an outcome"):
        build_ablation(sheet, empty, [], Drawn(draw_hours(200, 1, 24, 100), 1, 24))
