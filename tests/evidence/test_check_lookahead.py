"""check-lookahead: the product passes, and every look-ahead that is planted is caught and named by its column."""

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from evidence.made_archive import Size, make_frames, write
from market_frames import ARCHIVE, NEEDS_ARCHIVE
from quantscout import score
from quantscout.decide import board_values
from quantscout.frames import HOUR_MS, KEY
from quantscout.outcomes import build_outcomes
from quantscout.settings import Settings, parse_settings
from quantscout.windows import build_windows
from quantscout_local import archive_hour
from quantscout_local.archive_hour_frames import Series, bars_at
from quantscout_local.evidence import check_views, columns_board, replay_month
from quantscout_local.evidence.check_compare import ROW
from quantscout_local.evidence.check_hours import Ask
from quantscout_local.evidence.check_lookahead import CHANGED, CUT, ERROR, OTHER_WAY, Result, check_lookahead
from quantscout_local.hour import REAL_ONLY_SETTINGS
from quantscout_local.simulator.view import View

SHORT = parse_settings(REAL_ONLY_SETTINGS).model_copy(update={"history_h": 72})
Plant = Callable[[pytest.MonkeyPatch], None]
HEAD = """
import polars as pl
from quantscout.factors import Factor

close = pl.col("close")

def factor(name, value):
    return Factor(name, 0.05, "z", value, "", "", str)
"""


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a sound archive."""
    return write(tmp_path_factory.mktemp("market"), make_frames(Size(hours=150, contracts=32)))


def checked(market: Path, factors: Path | None = None, hours: int = 1) -> Result:
    """Return what the check finds, the hours from a seed."""
    return check_lookahead(Ask(market, hours, 3, None, None, SHORT, factors), lambda *_: None)


def found(result: Result) -> set[tuple[str, str]]:
    """Return way and column of all findings."""
    return {(finding.way, finding.column) for finding in result.findings}


def test_the_product_does_not_look_ahead(market: Path) -> None:
    """Hours of a made archive: universe, board, judged rows and outcomes stay whatever comes after."""
    result = checked(market, hours=2)
    assert result.findings == []
    assert len(result.hours) == 2
    assert all(result.values[way] > 500 for way in ("hourly", "replay", "replay's board", "outcomes"))
    assert set(result.unseen) <= {"ob_imbalance", "social", "liquidity", "aggressor", "mom15m"}


@pytest.mark.skipif(not ARCHIVE.is_dir(), reason=NEEDS_ARCHIVE)
@pytest.mark.long
def test_the_product_does_not_look_ahead_in_a_real_hour() -> None:
    """The same in an hour of the market archive that has open interest."""
    ask = Ask(ARCHIVE, 1, 20260301, None, None, parse_settings(REAL_ONLY_SETTINGS))
    result = check_lookahead(ask, lambda *_: None)
    assert result.findings == []
    assert "oi_change" not in result.unseen
    assert result.values["hourly"] > 50_000


# Factors in a file of one's own

AHEAD = {
    "next_bar": '(close.shift(-1).over("contract") / close).log()',
    "centred_mean": 'close / close.rolling_mean(3, center=True).over("contract")',
    "whole_time_z": '(close - close.mean().over("contract")) / close.std().over("contract")',
}


@pytest.fixture(scope="module")
def own(market: Path, tmp_path_factory: pytest.TempPathFactory) -> Result:
    """Return the check of three factors that look ahead, one that does not, and one that the replay cannot make."""
    lines = [f"factor({name!r}, {value})" for name, value in AHEAD.items()]
    lines += ["factor('fine', (close / pl.col('sma20')).log())", "factor('slow', pl.col('change_4h_std_ratio'))"]
    path = tmp_path_factory.mktemp("factors") / "mine.py"
    path.write_text(f"{HEAD}\nFACTORS = ({', '.join(lines)})\n", encoding="utf-8")
    return checked(market, path)


@pytest.mark.parametrize("name", AHEAD)
def test_a_factor_that_reads_later_hours_is_named(own: Result, name: str) -> None:
    """Under both futures, with contract and values; and because the hourly pipeline has another figure."""
    mine = {finding.alteration: finding for finding in own.findings if finding.column == name}
    assert set(mine) == {CUT, CHANGED, OTHER_WAY}
    example = mine[CHANGED].examples[0]
    assert example.contract.endswith("USDT")
    assert example.hour_ms <= own.hours[-1]
    assert example.before != example.after


def test_a_factor_of_its_own_hour_passes(own: Result) -> None:
    """Nothing else is found: neither the sound factor, nor anything of the product."""
    assert {finding.column for finding in own.findings} == set(AHEAD)
    assert "fine" not in own.unseen


def test_a_factor_that_the_replay_cannot_make_is_told(own: Result) -> None:
    """The replay's board has fewer columns: that half was not checked, and a note says so."""
    [note] = own.notes
    assert note.startswith(
        "slow was checked in the hourly pipeline alone: the replay has no column change_4h_std_ratio"
    )


# Planted in the product


def _on_board(name: str, value: pl.Expr) -> Plant:
    """Let the replay's board have a column that reads other hours of the contract."""
    true = board_values

    def plant(patch: pytest.MonkeyPatch) -> None:
        values = lambda hour: [*true(hour), value.over("contract").alias(name)]  # noqa: E731
        patch.setattr(columns_board, "board_values", values)

    return plant


def _norms_of_all_hours(patch: pytest.MonkeyPatch) -> None:
    """Let z-scores be over all hours of the replay at once."""
    true = score.score_set

    def over_all(rows: pl.DataFrame, regime: str, settings: Settings, _hour: tuple[str, ...] = ()) -> pl.DataFrame:
        return true(rows, regime, settings)  # type: ignore[arg-type]

    patch.setattr(score, "score_set", over_all)


def _listed_early(patch: pytest.MonkeyPatch) -> None:
    """Let the replay list a contract an hour before its first bar has closed."""
    true = columns_board.build_board

    def early(*given: object) -> pl.DataFrame:
        board = true(*given)  # type: ignore[arg-type]
        first = board.sort("hour_ms").unique("contract", keep="first", maintain_order=True)
        before = first.with_columns(pl.col("hour_ms") - HOUR_MS)
        whole = pl.concat([board, before.filter(pl.col("hour_ms") >= board["hour_ms"].min())])
        return whole.sort("hour_ms", "contract")

    for module in (replay_month, check_views):
        patch.setattr(module, "build_board", early)


def _tomorrows_volume(patch: pytest.MonkeyPatch) -> None:
    """Let the hourly pipeline's gate look at the volume of the next 24 hours."""

    def wide(series: Series, hour_ms: int, history_h: int) -> pl.DataFrame:
        return bars_at(series, hour_ms + 24 * HOUR_MS, history_h + 24)

    def peeking(bars: pl.DataFrame, hour_ms: int, history_h: int) -> pl.DataFrame:
        column = "volume_24h_usdt"
        ahead = build_windows(bars, hour_ms + 24 * HOUR_MS, history_h).select(*KEY, column)
        now = build_windows(bars, hour_ms, history_h)
        return now.drop(column).join(ahead, on=KEY, how="left", maintain_order="left")

    patch.setattr(archive_hour, "bars_at", wide)
    patch.setattr(archive_hour, "build_windows", peeking)


def _listing_of_the_next_hour(patch: pytest.MonkeyPatch) -> None:
    """Let the hourly pipeline take the listing an hour late."""
    true = archive_hour._listing  # noqa: SLF001 - a look-ahead has to be put somewhere
    patch.setattr(archive_hour, "_listing", lambda view: true(View(view.market, view.hour_ms + HOUR_MS)))


PLANTED: dict[str, tuple[Plant, set[tuple[str, str]]]] = {
    "a factor reads the next bar": (
        _on_board("close", pl.col("close").shift(-1)),
        {("replay's board", "close"), ("replay's board", "mom60m"), ("replay", "mom60m_norm"), ("replay", "score")},
    ),
    "a centred mean": (
        _on_board("sma20", pl.col("close").rolling_mean(5, center=True)),
        {("replay's board", "sma20"), ("replay's board", "breakout"), ("replay", "breakout_norm")},
    ),
    "z over all hours": (_norms_of_all_hours, {("replay's board", "mom60m_norm"), ("replay", "score")}),
    "a gate reads tomorrow": (
        _on_board("volume_24h_usdt", pl.col("volume_24h_usdt").shift(-24)),
        {("replay", "volume_24h_usdt"), ("replay", "reason")},
    ),
    "listed too early": (_listed_early, {("replay's board", ROW), ("replay", "eligible")}),
    "a gate of the hour reads tomorrow": (_tomorrows_volume, {("hourly", "volume_24h_usdt")}),
    "the next hour's listing": (_listing_of_the_next_hour, {("both", ERROR), ("hourly", ROW), ("hourly", "price")}),
}


@pytest.mark.parametrize("planted", PLANTED)
def test_a_planted_look_ahead_is_caught(planted: str, market: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever something reads a later hour, the check names the way and the column."""
    plant, expected = PLANTED[planted]
    plant(monkeypatch)
    assert expected <= found(checked(market))


def _outcome(value: pl.Expr, *names: str) -> Plant:
    """Let outcomes be another figure."""
    values = [value.alias(name) for name in names]

    def plant(patch: pytest.MonkeyPatch) -> None:
        patch.setattr(replay_month, "build_outcomes", lambda *given: build_outcomes(*given).with_columns(values))

    return plant


OUTCOMES: dict[str, tuple[Plant, tuple[str, str]]] = {
    "an entry before H": (
        _outcome(pl.col("entry_price").shift(1).over("contract"), "entry_price"),
        ("before H changed", "entry_price"),
    ),
    "a day of 25 hours": (
        _outcome(pl.col("best_24h_ratio").shift(-1).over("contract"), "best_24h_ratio"),
        ("after H + 24 h changed", "best_24h_ratio"),
    ),
    "a day of 4 hours": (
        _outcome(pl.col("return_4h_ratio"), "return_24h_ratio"),
        ("the bar that closes at H + 24 h changed: it did not move", "return_24h_ratio"),
    ),
    "an excursion of an hour": (
        _outcome(pl.col("return_1h_ratio"), "best_24h_ratio", "worst_24h_ratio"),
        ("the bars between changed: it did not move", "best_24h_ratio or worst_24h_ratio"),
    ),
}


@pytest.mark.parametrize("planted", OUTCOMES)
def test_an_outcome_of_other_hours_is_caught(planted: str, market: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether it reads too early, too late, or less than the whole day."""
    plant, expected = OUTCOMES[planted]
    plant(monkeypatch)
    mine = [finding for finding in checked(market).findings if finding.way == "outcomes"]
    assert expected in {(finding.alteration, finding.column) for finding in mine}
