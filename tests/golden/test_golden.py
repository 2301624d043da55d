"""The stored hours of the real archive come out as they are stored, and a changed number is told."""

import copy
import json
from pathlib import Path
from typing import Any, get_args

import pytest
from golden.hours import HOURS, MARKET, STORED, Golden, spread
from golden.results import build_result, difference, path_of, write

from golden import __main__ as command
from quantscout.errors import InputError
from quantscout.frames import HOUR_MS
from quantscout.regime import RegimeName
from quantscout_local.archive_hour import Archive, open_archive

AT = "2026-03-01T12"
opens_archive = pytest.mark.e2e  # not for servers: opening takes 6 s on a free machine, too long for `make unit`
needs_market = pytest.mark.skipif(not MARKET.is_dir(), reason=f"the market archive is not there: {MARKET}")


@pytest.fixture(scope="module")
def archive() -> Archive:
    """Return the real archive."""
    return open_archive(MARKET)


@opens_archive
@needs_market
@pytest.mark.parametrize("golden", HOURS, ids=lambda golden: golden.at)
def test_a_stored_hour_comes_out_as_it_is_stored(archive: Archive, golden: Golden) -> None:
    """Level, status, regime, five, scores, funnel and coverage are the stored ones."""
    assert difference(path_of(STORED, golden), build_result(archive, golden)) == ""


def stored(at: str = AT) -> dict[str, Any]:
    """Return a stored result."""
    result: dict[str, Any] = json.loads((STORED / f"{at}.json").read_text(encoding="utf-8"))
    return result


def test_a_changed_number_is_told() -> None:
    """The diff names the file and shows the stored and the new line, and no other changes."""
    changed = copy.deepcopy(stored())
    old = changed["ranked_gems"][2]["score"]
    changed["ranked_gems"][2]["score"] = old + 1e-9
    lines = difference(STORED / f"{AT}.json", changed).splitlines()
    assert lines[:2] == [f"--- {AT}.json (stored)", f"+++ {AT}.json (now)"]
    minus, plus = [[line for line in lines[2:] if line.startswith(sign)] for sign in "-+"]
    assert (len(minus), len(plus)) == (1, 1)
    assert str(old) in minus[0]


def test_a_changed_funnel_is_told() -> None:
    """One contract more for a reason is a difference."""
    changed = copy.deepcopy(stored())
    changed["funnel"]["by_reason"]["not_trading"] += 1
    assert "not_trading" in difference(STORED / f"{AT}.json", changed)


def test_an_hour_that_was_never_stored_is_refused(tmp_path: Path) -> None:
    """The sentence names the file and how to store it."""
    with pytest.raises(InputError, match=r"x\.json cannot be read .*make golden UPDATE=1"):
        difference(tmp_path / "x.json", stored())


@opens_archive
@needs_market
def test_the_command_fails_on_a_change_until_it_is_stored(
    archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A different stored number gives exit code 1 and a diff; UPDATE stores the new result, and all is well again."""
    golden = next(hour for hour in HOURS if hour.at.startswith(AT))
    monkeypatch.setattr(command, "open_archive", lambda _: archive)
    monkeypatch.setattr(command, "STORED", tmp_path)
    monkeypatch.setattr(command, "HOURS", (golden,))
    monkeypatch.delenv("UPDATE", raising=False)
    write(path_of(tmp_path, golden), stored() | {"status": "ok"})
    assert command.main() == 1
    assert '-  "status": "ok"' in capsys.readouterr().out
    monkeypatch.setenv("UPDATE", "1")
    assert command.main() == 0
    monkeypatch.delenv("UPDATE")
    assert command.main() == 0


def results() -> list[dict[str, Any]]:
    """Return all stored results."""
    return [json.loads(path_of(STORED, golden).read_text(encoding="utf-8")) for golden in HOURS]


def test_the_stored_hours_are_of_many_kinds() -> None:
    """Ten hours: each status that recorded data can have, each regime, an interval change, series there or not."""
    found = results()
    assert len(found) == len(list(STORED.glob("*.json"))) == 10
    assert {result["status"] for result in found} == {"low_confidence", "no_signal", "no_data"}
    assert {result["regime"] for result in found} == set(get_args(RegimeName))
    assert any("funding_interval_changed" in gem["flags"] for result in found for gem in result["ranked_gems"])
    ranked = [set(result["lacking"]) for result in found if result["ranked_gems"]]
    for series in ("funding", "15m bars", "open interest at the hour and 4 h before"):
        assert {series in lacking for lacking in ranked} == {True, False}, series


def test_every_stored_hour_of_all_contracts_is_ranked() -> None:
    """Of the ten, that of 2024 alone, with its 35 contracts, has no picks."""
    assert [result["hour"] for result in results() if not result["ranked_gems"]] == ["2024-11-10T12:00:00Z"]


def test_the_stored_funnels_add_up() -> None:
    """Every listed contract is ranked or has its reason; there are five picks or none."""
    for result in results():
        funnel = result["funnel"]
        assert funnel["listed"] == funnel["ranked"] + sum(funnel["by_reason"].values())
        assert len(result["ranked_gems"]) == (0 if result["status"] == "no_data" else 5)


def test_the_stored_hours_are_spread_over_the_archive() -> None:
    """They ascend, and more than a year lies between the first and the last."""
    hours = [golden.hour_ms for golden in HOURS]
    assert hours == sorted(hours)
    assert hours[-1] - hours[0] > 365 * 24 * HOUR_MS


@pytest.mark.parametrize(
    ("count", "wanted"), [(3, [0, 2, 4]), (2, [0, 4]), (1, [0]), (5, [0, 1, 2, 3, 4]), (9, [0, 1, 2, 3, 4])]
)
def test_items_are_spread_evenly(count: int, wanted: list[int]) -> None:
    """First and last are among them, the others at even distances, and never more than there are."""
    assert spread(list(range(5)), count) == wanted
