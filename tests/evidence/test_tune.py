"""A sweep from end to end, on hours whose truth is known; what cannot be used is refused before anything is tried."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from evidence.made_rescore import Made, Plan, make_hours_to_rescore, save_replay
from evidence.rescore_asked import Command, quantscout
from quantscout.frames import HOUR_MS
from quantscout.settings import Settings, parse_settings
from quantscout_local.evidence.rescore import build_sheet
from quantscout_local.evidence.sweep import Workers
from quantscout_local.evidence.tune import Ask, split_hours, tune
from quantscout_local.evidence.tune_models import Overfit, Tuning
from quantscout_local.evidence.tune_verdict import is_worth_trying

__all__ = ["quantscout"]
PLAN = Plan(hours=640, coins=40, driver="breakout", effect=0.29, base=0.3, missing=0.1, absent=("social",))
SERIAL = ("--jobs", "1", "--samples", "200")


@pytest.fixture(scope="module")
def made() -> Made:
    """Return hours in which `breakout`, whose weight is small, decides what hits."""
    return make_hours_to_rescore(41, PLAN)


@pytest.fixture(scope="module")
def folder(made: Made, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return them as a replay's folder."""
    return save_replay(tmp_path_factory.mktemp("tune") / "replay", made)


def _tune(folder: Path, study: Path, trials: int = 32) -> Tuning:
    ask = Ask(folder, trials, "lift", 1, study, Workers(1), 4.0, 400, 24)
    return tune(ask, lambda *_: None)


def test_the_planted_factor_is_found_and_holds_in_hours_not_seen(folder: Path, tmp_path: Path) -> None:
    """Its weight rises, and in the validation the proposal is better by its interval."""
    found = _tune(folder, tmp_path / "study.db", 48)
    assert found.proposed["breakout"] > 2 * found.weights["breakout"]
    assert found.answer == "better"
    assert found.overfit.probability is not None
    assert found.overfit.probability < 0.5
    assert found.proposed["social"] == found.weights["social"]
    assert all(each.p is None for each in found.fitted.differences)
    assert all(each.p_holm is not None for each in found.validated.differences)


def test_hours_of_pure_chance_propose_nothing_worth_trying(tmp_path: Path) -> None:
    """The best of many is better where it was chosen, and nothing is recommended."""
    chance = make_hours_to_rescore(43, PLAN._replace(driver=None, coins=20))
    found = _tune(save_replay(tmp_path / "replay", chance), tmp_path / "study.db")
    inside = found.fitted.differences[1].value
    assert inside is not None
    assert inside > 0
    assert not found.worth_trying
    assert "Nothing here says that the weights should change." in found.sentences


def test_no_label_of_the_fitting_hours_reaches_into_the_others(made: Made) -> None:
    """The last fitted hour lies 24 h before the first that is validated on; the parts are 60 % and 40 %."""
    halves = split_hours(build_sheet(made.judged, made.hours).sheet)
    assert halves.validation.hours_ms[0] - halves.fit.hours_ms[-1] == 24 * HOUR_MS
    assert (halves.fit.hours_ms.size, halves.validation.hours_ms.size) == (384 - 23, 256)


def test_the_command_writes_a_proposal_that_settings_accept(quantscout: Command, folder: Path, tmp_path: Path) -> None:
    """proposal.json is a QUANTSCOUT_SETTINGS object; the defaults are what they were; it is said how to try it."""
    said = quantscout("tune", "--replay", str(folder), "--trials", "16", *SERIAL, "--out", str(tmp_path / "out"))
    assert said.status == 0, said.err
    proposed = parse_settings((tmp_path / "out" / "proposal.json").read_text())
    result = json.loads((tmp_path / "out" / "result.json").read_text())
    assert dict(proposed.weights) == result["proposed"] != dict(Settings().weights)
    assert set(proposed.changed()) == {"weights"}
    assert parse_settings((tmp_path / "out" / "proposal-replay.json").read_text()) == proposed
    assert "16 settings were tried" in said.out
    assert 'quantscout replay --market DIR --from DAY --settings "$(cat ' in said.out
    assert "The defaults were not changed" in said.out


def test_more_trials_go_on_where_fewer_stopped(quantscout: Command, folder: Path, tmp_path: Path) -> None:
    """16 trials and then 32 in the same study equal 32 at once."""
    for trials, out in (("16", "parts"), ("32", "parts"), ("32", "once")):
        said = quantscout("tune", "--replay", str(folder), "--trials", trials, *SERIAL, "--out", str(tmp_path / out))
        assert said.status == 0, said.err
    parts, once = ((tmp_path / out / "result.json").read_text() for out in ("parts", "once"))
    assert parts == once


KILLED = """
import os, signal, sys
from quantscout_local import cli
from quantscout_local.evidence import tune_study
saved = tune_study.SavedStudy.save
def save(self, first, batch):
    saved(self, first, batch if first < 8 else batch[:3])
    if first >= 8:
        print("saved", flush=True)
        signal.pause()
tune_study.SavedStudy.save = save
cli.main()
"""


def test_a_killed_sweep_goes_on_and_ends_the_same(quantscout: Command, folder: Path, tmp_path: Path) -> None:
    """A process killed in the middle of its second batch is continued; the result is that of one never interrupted."""
    options = ["tune", "--replay", str(folder), "--trials", "24", *SERIAL, "--out"]
    command = [sys.executable, "-c", KILLED, *options, str(tmp_path / "killed")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "saved\n"
        process.kill()
        assert process.wait(timeout=30) == -9
    assert not (tmp_path / "killed" / "proposal.json").exists()
    for out in ("killed", "whole"):
        said = quantscout(*options, str(tmp_path / out))
        assert said.status == 0, said.err
    killed, whole = ((tmp_path / out / "result.json").read_text() for out in ("killed", "whole"))
    assert killed == whole


def test_a_study_of_another_objective_is_refused(quantscout: Command, folder: Path, tmp_path: Path) -> None:
    """Trials rated by something else are not mixed."""
    options = ("--replay", str(folder), "--trials", "8", *SERIAL, "--out", str(tmp_path))
    assert quantscout("tune", *options).status == 0
    said = quantscout("tune", *options, "--objective", "net")
    assert said.status == 2
    assert "study of other inputs (objective)" in said.err


def test_one_job_imports_nothing_of_ray(folder: Path, tmp_path: Path) -> None:
    """Without workers Ray need not be there."""
    script = "import sys\nfrom quantscout_local import cli\ntry:\n  cli.main()\nfinally:\n  print('ray' in sys.modules)"
    options = ["tune", "--replay", str(folder), "--trials", "8", *SERIAL, "--out", str(tmp_path)]
    said = subprocess.run(
        [sys.executable, "-c", script, *options], capture_output=True, text=True, timeout=300, check=True
    )
    assert said.stdout.splitlines()[-1] == "False"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--trials", "0"), "0 trials try nothing"),
        (("--objective", "luck"), "no objective 'luck'; known are lift, precision, net, sharpe"),
        (("--reach", "0.5"), "a reach of 0.5 is none"),
        (("--address", "nowhere at all"), "is no address of a cluster"),
    ],
)
def test_what_makes_no_sense_is_refused(
    quantscout: Command, folder: Path, tmp_path: Path, options: tuple[str, ...], said: str
) -> None:
    """Each with what is allowed, exit code 2."""
    found = quantscout("tune", "--replay", str(folder), *SERIAL, "--out", str(tmp_path / "out"), *options)
    assert found.status == 2
    assert said in found.err


def test_a_replay_that_is_too_short_or_absent_is_refused(quantscout: Command, tmp_path: Path) -> None:
    """Parts of less than ten blocks of 24 h prove nothing."""
    short = save_replay(tmp_path / "short", make_hours_to_rescore(44, Plan(hours=40)))
    said = quantscout("tune", "--replay", str(short), *SERIAL, "--out", str(tmp_path / "out"))
    assert said.status == 2
    assert "each needs at least 240; replay 600 hours or more" in said.err
    (short / "about.json").unlink()
    said = quantscout("tune", "--replay", str(short), *SERIAL, "--out", str(tmp_path / "out"))
    assert said.status == 2
    assert "holds no finished replay" in said.err


def test_a_folder_that_cannot_be_written_is_refused_before_the_sweep(
    quantscout: Command, folder: Path, tmp_path: Path
) -> None:
    """A file in its place is named."""
    (tmp_path / "out").write_text("")
    said = quantscout("tune", "--replay", str(folder), *SERIAL, "--out", str(tmp_path / "out"))
    assert said.status == 2
    assert "cannot be written" in said.err


@pytest.mark.parametrize(
    ("deflated", "probability", "worth"),
    [(0.97, 0.2, True), (0.9, 0.2, False), (0.97, 0.5, False), (None, None, False)],
)
def test_all_three_must_speak_for_a_proposal(deflated: float | None, probability: float | None, worth: bool) -> None:
    """A better validation alone is not enough, and an unknown figure speaks against."""
    overfit = Overfit(
        trials=8, refused=0, sharpe_per_hour=None, best_by_chance=None, deflated=deflated, probability=probability,
        loss_probability=None, blocks=16,
    )  # fmt: skip
    assert is_worth_trying("better", overfit) is worth
    assert not is_worth_trying("cannot_be_told", overfit)
