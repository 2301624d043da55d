"""The commands check-lookahead and check-warmup: what a person sees, JSON, exit codes, and what is refused."""

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from evidence.made_archive import HOURS, Size, make_frames, write
from quantscout_local import cli
from quantscout_local.evidence.check_table import print_warmup
from quantscout_local.evidence.check_warmup import Stability, Warmup

SHORT = '{"history_h": 72, "unknown_passes": ["depth", "funding", "min_notional", "spread"], "min_coverage": 0.39}'
PAGE = Path(__file__).parents[2] / "docs" / "bias-checks.md"
MINE = PAGE.read_text("utf-8").split("```python\n")[1].split("```")[0]
"""The page's example: a factor that is sound, and one that reads the next bar."""


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a sound archive."""
    return write(tmp_path_factory.mktemp("market"), make_frames(Size(hours=190, contracts=24)))


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Return the command line as a person calls it: exit code, standard output, standard error."""
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["quantscout", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return (int(ended.value.code or 0), *capsys.readouterr())

    return run


def test_a_sound_product_passes(call: Any, market: Path) -> None:
    """Exit code 0, the number of values, and what could not be checked."""
    status, out, _ = call("check-lookahead", "--market", market, "--hours", 1, "--settings", SHORT)
    assert status == 0
    assert "No look-ahead found" in out
    assert "values compared:" in out
    assert "never with a value in these hours, so not checked: " in out


def test_a_factor_that_looks_ahead_fails(call: Any, market: Path, tmp_path: Path) -> None:
    """Exit code 1; column, contract and both values stand in the JSON, and in the table; as the page says, thrice."""
    (tmp_path / "mine.py").write_text(MINE)
    asked = (
        "check-lookahead",
        "--market",
        market,
        "--hours",
        1,
        "--settings",
        SHORT,
        "--factors",
        tmp_path / "mine.py",
    )
    status, out, _ = call(*asked, "--json")
    told = json.loads(out)
    assert (status, told["passed"]) == (1, False)
    assert [finding["column"] for finding in told["findings"]] == ["next_bar"] * 3
    example = told["findings"][-1]["examples"][0]
    assert example["before"] != example["after"]
    assert sum(told["values_compared"].values()) > 1000
    status, out, _ = call(*asked)
    assert status == 1
    assert "Look-ahead: what is said of an hour depends on what came after it." in out
    assert example["contract"] in out


def test_check_warmup_tells_figures_by_length(call: Any, market: Path) -> None:
    """For a person and as JSON alike; exit code 0."""
    asked = ("check-warmup", "--market", market, "--hours", 1, "--settings", SHORT)
    status, out, _ = call(*asked)
    assert status == 0
    assert "No figure depends on rows before its window." in out
    assert "picks changed" in out
    status, out, _ = call(*asked, "--json")
    told = json.loads(out)
    assert (status, told["passed"], told["lengths_h"]) == (0, True, [60, 73])
    assert told["figures"]["adv30_usdt"]["exact_from_h"] == 73


def test_the_longest_table_fits_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """With six lengths no name and no figure is cut at 80 columns; who lacks a figure has a table of its own."""
    changed, missing = [99.0] * 5 + [0.0], [1028, 1028, 52, 0, 0, 0]
    figures = [
        Stability("change_4h_std_ratio", changed, [1.984, 0.036, 2e-5, 0.123, 0.0, 0.0], [0] * 6, 721, 720),
        Stability("oi_change_4h_std_pct", changed, [0.0] * 6, missing, 240, 240),
    ]
    lengths = [60, 120, 240, 480, 720, 721]
    shares = ([60.0] * 6, [100.0] * 6)
    print_warmup(Console(width=80), Warmup([0], lengths, figures, [], *shares, Counter(hourly=1), []))
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert "change_4h_std_ratio 198 3.6 <0.1 12 same same 721 h 720 h" in lines
    assert "oi_change_4h_std_pct 1028 1028 52 0 0 0" in lines
    assert "contracts changed 100 100 100 100 100 100" in lines
    assert "the hour 1970-01-01T00:00:00Z; values compared: 1 hourly" in lines


@pytest.mark.parametrize("command", ["check-lookahead", "check-warmup"])
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--from", "2030-01-01"], "--from is 2030-01-01T00:00:00Z, and the archive ends at 2025-10-08T22:00:00Z"),
        (["--to", "2025-10-01"], "--to is 2025-10-01T23:00:00Z, and without --from it begins at 2025-10-03T13:00:00Z"),
        (["--from", "2025-10-05", "--to", "2025-10-04"], "turn --from and --to round"),
        (["--from", "2020-01-01", "--to", "2020-02-01"], "can be replayed from"),
        (["--to", "yesterday."], "is no day"),
        (["--hours", "900", "--settings", SHORT], "900 were asked for"),
        (["--settings", "{"], "Invalid JSON"),
    ],
)
def test_bad_input_is_refused(call: Any, market: Path, command: str, arguments: list[str], said: str) -> None:
    """Exit code 2, one line, the cause and what to do."""
    status, _, err = call(command, "--market", market, *arguments)
    assert status == 2
    assert err.startswith("error: ")
    assert said in err.replace("\n", " ")


@pytest.mark.parametrize("command", ["check-lookahead", "check-warmup"])
def test_series_besides_the_bars_may_be_absent(call: Any, tmp_path: Path, command: str) -> None:
    """What `replay` accepts is checked: the absent series are read as empty, and named for a person and a program."""
    frames = make_frames(Size(hours=170, contracts=14))
    folder = write(tmp_path / "bars", {HOURS: frames[HOURS]})
    status, out, err = call(command, "--market", folder, "--hours", 1, "--settings", SHORT)
    assert status == 0, err
    for name in set(frames) - {HOURS}:
        assert f"left out: {name} is not in the archive" in out
    status, out, _ = call(command, "--market", folder, "--hours", 1, "--settings", SHORT, "--json")
    told = json.loads(out)
    assert (status, set(told["absent_series"])) == (0, set(frames) - {HOURS})


@pytest.mark.parametrize("command", ["check-lookahead", "check-warmup"])
def test_an_archive_that_is_too_short_is_refused(call: Any, tmp_path: Path, command: str) -> None:
    """The sentence says what an hour needs and what there is, both ends in their order."""
    folder = write(tmp_path / "short", make_frames(Size(hours=70, contracts=9)))
    status, _, err = call(command, "--market", folder, "--hours", 1)
    assert status == 2
    needs = "62 h of bars before and 26 h after it" if command == "check-lookahead" else "805 h of bars before and 0 h"
    said = err.replace("\n", " ")
    assert f"an hour to check needs {needs}" in said
    assert "has bars from 2025-10-01T00:00:00Z to 2025-10-03T22:00:00Z: choose a longer one" in said


@pytest.mark.parametrize("command", ["check-lookahead", "check-warmup"])
def test_a_folder_that_is_no_archive_is_refused(call: Any, command: str, tmp_path: Path) -> None:
    """By the file that is not there."""
    status, _, err = call(command, "--market", tmp_path)
    assert status == 2
    assert f"{HOURS} is not there" in err


def test_a_factor_of_an_unknown_column_is_refused(call: Any, market: Path, tmp_path: Path) -> None:
    """The column is named, and where columns come from."""
    (tmp_path / "mine.py").write_text(MINE.replace('"close"', '"clsoe"'))
    asked = ("--market", market, "--hours", 1, "--settings", SHORT, "--factors", tmp_path / "mine.py")
    status, _, err = call("check-lookahead", *asked)
    assert status == 2
    assert "above_mean reads the column 'clsoe', which no board has" in err.replace("\n", " ")
