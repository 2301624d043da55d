"""How firm the five of an hour are: the single changes, the random weights, and what a person is told of them."""

import json
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from world import Computed

from cli.asked import Command
from cli.made_run import MADE, make_run
from quantscout.decide import PICKS, judge
from quantscout.errors import InputError
from quantscout.factors import NAMES
from quantscout.gates import LEVELS
from quantscout.models import Report
from quantscout.settings import Settings
from quantscout_local.explained_hour import ExplainedHour, settings_of
from quantscout_local.sensitivity import JUDGED, Draws, Effect, Sensitivity, correlate, measure
from quantscout_local.sensitivity_changes import BLANKED, all_changes
from quantscout_local.sensitivity_table import say


@pytest.fixture(scope="module")
def hour() -> ExplainedHour:
    """Return an hour that was decided at L1, as a run leaves it."""
    return make_run(Settings())


@pytest.fixture(scope="module")
def board(hour: ExplainedHour) -> pl.DataFrame:
    """Return its board before anything was judged."""
    return hour.universe.drop(JUDGED)


@pytest.fixture(scope="module")
def result(hour: ExplainedHour) -> Sensitivity:
    """Return what was measured of it with a few draws."""
    return measure(hour, draws=10)


def changed(hour: ExplainedHour, **values: Any) -> ExplainedHour:
    """Return the hour with some of its report replaced."""
    return hour._replace(report=hour.report.model_copy(update=values))


# What they do


def test_every_change_is_measured(result: Sensitivity) -> None:
    """Each weight twice, the other normalisations, each input, each venue, the wider levels."""
    named = {kind: [e.name for e in result.effects if e.kind == kind] for kind in ("weight", "normalisation", "level")}
    assert named["weight"] == [f"{name} {sign}10 %" for name in NAMES for sign in "+-"]
    assert named["normalisation"] == ["robust_z", "rank"]
    assert named["level"] == ["forced L2", "forced L3"]
    missing = {e.name for e in result.effects if e.kind == "missing"}
    assert {f"no {name}" for name in BLANKED} | {"no CoinGecko", "no binance"} <= missing


def test_an_effect_is_what_the_product_says_of_the_change(hour: ExplainedHour, board: pl.DataFrame) -> None:
    """Overlap, who came and who left, against a judgement of the whole board, not of the shortlist."""
    effects = {e.name: e for e in measure(hour, draws=1).effects}
    first = [gem.symbol for gem in hour.report.ranked_gems]
    for change in all_changes(board, Settings(), LEVELS.index(str(hour.report.gate_level))):
        decision, effect = judge(change.board, MADE.regime, change.settings), effects[change.name]
        five = decision.universe.filter(fate="ranked").sort("rank")["symbol"].to_list()[:PICKS]
        assert effect.gate_level == (None if decision.level is None else LEVELS[decision.level])
        assert effect.overlap == len({*five} & {*first})
        assert {f"{coin}-USDT-PERP" for coin in effect.left} == {*first} - {*five}
        assert {f"{coin}-USDT-PERP" for coin in effect.entered} == {*five} - {*first}


def test_without_books_nothing_is_ranked(result: Sensitivity) -> None:
    """An unknown depth passes no gate, so no level holds anybody; the sentence says so."""
    effect = next(e for e in result.effects if e.name == "no order books")
    assert (effect.gate_level, effect.overlap) == (None, 0)
    assert "nothing could be ranked with no order books" in say(result)


def test_the_draws_count_every_pick(result: Sensitivity) -> None:
    """No pick stays more often than there are draws, and all together stay at most as often as each."""
    assert list(result.draws.kept) == result.five
    assert 0 <= result.draws.keep_all <= min(result.draws.kept.values()) <= result.draws.total == 10


def test_measuring_twice_gives_the_same(hour: ExplainedHour, result: Sensitivity) -> None:
    """Nothing in it is left to chance."""
    assert measure(hour, draws=10) == result


@pytest.mark.parametrize(
    ("other", "rho"), [([1, 2, 3], 1.0), ([3, 2, 1], -1.0), ([10, 20, 15], 0.5), ([1, 1, 1], None)]
)
def test_spearman_is_over_contracts_in_both(other: list[float], rho: float | None) -> None:
    """By rank, without those that only one ranking scores; equal scores have no order to compare."""
    names = ["a", "b", "c"]
    one = pl.DataFrame({"venue": "v", "contract": [*names, "d"], "score": [1.0, 2.0, 3.0, 99.0]})
    two = pl.DataFrame({"venue": "v", "contract": names, "score": other}, schema_overrides={"score": pl.Float64})
    found, both = correlate(one, two)
    assert both == 3
    assert found == (None if rho is None else pytest.approx(rho))


# What is refused


def test_a_run_whose_five_are_not_found_again_is_refused(hour: ExplainedHour) -> None:
    """A score that differs by a thousandth is another method."""
    gems = hour.report.ranked_gems
    other = gems[0].model_copy(update={"score": gems[0].score + 0.001})
    with pytest.raises(InputError, match="does not find the five of the run again"):
        measure(changed(hour, ranked_gems=[other, *gems[1:]]))


def test_settings_that_are_not_those_of_the_run_are_noticed(hour: ExplainedHour) -> None:
    """Under others the five may be others, and then nothing is said of them."""
    with pytest.raises(InputError, match="does not find the five of the run again"):
        measure(hour._replace(settings=Settings(normalisation="rank")))


def test_a_run_of_another_method_is_refused(hour: ExplainedHour) -> None:
    """Both versions and the next step."""
    with pytest.raises(InputError, match=r"of method version 0\.1, this is .*quantscout run --at 2026-03-01T12:00:00Z"):
        measure(changed(hour, method_version="0.1"))


def test_an_hour_without_data_is_refused(hour: ExplainedHour) -> None:
    """There are no five to rank again."""
    with pytest.raises(InputError, match=r"is no_data .*: there are no five to rank again"):
        measure(changed(hour, status="no_data", ranked_gems=[], gate_level=None))


def test_other_tables_are_said_to_be_others(hour: ExplainedHour, result: Sensitivity) -> None:
    """A different hash is told, though the five were found again."""
    assert result.same_tables
    assert not measure(changed(hour, config_hash="0" * 12), draws=1).same_tables


def test_a_run_is_measured_by_its_own_settings() -> None:
    """Those that its report names as changed, taken from there; its five are found again under them."""
    own = Settings(normalisation="robust_z", gate_limits={"depth": (6e4, 1e5, 2e5, 4e5)}, unknown_passes={"spread"})
    run = make_run(own)
    assert settings_of(run.report) == own
    told = measure(run._replace(settings=settings_of(run.report)), draws=1)
    assert [e.name for e in told.effects if e.kind == "normalisation"] == ["z", "rank"]


# What is told


def effect(gate_level: str | None, *left: str, name: str = "x") -> Effect:
    """Return an effect after which these coins are gone."""
    return Effect("weight", name, "", gate_level, 1.0, 9, PICKS - len(left), [], [*left])


NOTHING = effect(None, *"ABCDE", name="no order books")
EVERY = "in all 1 single changes that still rank five coins and in all 10 draws"
LEAST = " is the least certain: it leaves the five in"


@pytest.mark.parametrize(
    ("effects", "kept", "told"),
    [
        ([effect("L0")], {}, f"All five stay {EVERY}."),
        ([effect("L0", "E")], {"E": 7}, f"A, B, C and D stay {EVERY}; E{LEAST} 1 of 1 changes and in 3 of 10 draws."),
        ([effect("L0", *"BCDE")], {}, f"A stays {EVERY}; B{LEAST} 1 of 1 changes and in 0 of 10 draws."),
        ([effect("L0", *"ABCDE")], {}, f"None of them stays {EVERY}; A{LEAST} 1 of 1 changes and in 0 of 10 draws."),
        ([effect("L0"), NOTHING], {}, f"All five stay {EVERY}; nothing could be ranked with no order books."),
    ],
)
def test_the_sentence_says_who_stays(
    result: Sensitivity, effects: list[Effect], kept: dict[str, int], told: str
) -> None:
    """Who stays whatever changes, who is the least certain, and what leaves nothing to rank."""
    draws = Draws(10, 1, 7, 10, dict.fromkeys("ABCDE", 10) | kept, 1.0, 1.0)
    assert say(result._replace(five=[*"ABCDE"], effects=effects, draws=draws)) == told


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the command draw a few times only."""
    monkeypatch.setattr("quantscout_local.sensitivity.measure", partial(measure, draws=5))


@pytest.mark.usefixtures("quick", "run_folder")
def test_the_command_prints_every_change(quantscout: Command, computed: Computed) -> None:
    """The five, a line per change, the draws and the sentence."""
    said = quantscout("sensitivity")
    coins = [gem.symbol.removesuffix("-USDT-PERP") for gem in computed.report.ranked_gems]
    assert said.status == 0
    assert f"The five: {', '.join(coins)}" in said.out
    assert all(f"{name} +10 %" in said.out and f"{name} -10 %" in said.out for name in NAMES)
    assert "5 draws (seed 1)" in said.out


@pytest.mark.usefixtures("quick", "run_folder")
def test_the_command_answers_programs_in_json(quantscout: Command, computed: Computed) -> None:
    """Standard output is one JSON object with the same content."""
    answer = json.loads(quantscout("sensitivity", "--json").out)
    assert answer["run_id"] == computed.report.run_id
    assert len(answer["five"]) == PICKS
    assert {"kind", "name", "gate_level", "spearman", "overlap", "entered", "left"} <= answer["changes"][0].keys()
    assert answer["draws"]["kept_share"].keys() == {*answer["five"]}


@pytest.mark.usefixtures("quick", "run_folder")
def test_at_eighty_columns_nothing_is_cut(quantscout: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """No name ends in dots."""
    monkeypatch.setenv("COLUMNS", "80")
    assert "…" not in quantscout("sensitivity").out


@pytest.mark.usefixtures("quick")
def test_without_a_run_the_next_step_is_told(quantscout: Command) -> None:
    """An empty folder is bad input."""
    said = quantscout("sensitivity", "--out", "nowhere")
    assert (said.status, said.out) == (2, "")
    assert "there is no readable run in nowhere/; run `quantscout run --out nowhere` first" in said.err


@pytest.mark.usefixtures("quick")
def test_an_hour_without_data_ends_with_two(quantscout: Command, run_folder: Path, computed: Computed) -> None:
    """One line, like every other input that cannot be used."""
    empty: dict[str, object] = {"status": "no_data", "ranked_gems": [], "gate_level": None}
    silent = Report.model_validate(computed.report.model_dump(by_alias=True) | empty)
    (run_folder / "report.json").write_text(silent.to_json(), "utf-8")
    said = quantscout("sensitivity")
    assert (said.status, said.out, said.err.count("\n")) == (2, "", 1)
    assert "there are no five to rank again" in said.err
