"""What an hour is ranked again under: weights, levels, and boards that lack something."""

import polars as pl
import pytest

from cli.made_run import MADE, make_run
from quantscout.decide import judge
from quantscout.factors import NAMES
from quantscout.gates import LEVELS
from quantscout.settings import Settings
from quantscout_local.explained_hour import ExplainedHour
from quantscout_local.sensitivity import JUDGED
from quantscout_local.sensitivity_changes import (
    BLANKED,
    blank,
    draw_weights,
    force_level,
    scale_weights,
    without_coingecko,
)


@pytest.fixture(scope="module")
def hour() -> ExplainedHour:
    """Return an hour that was decided at L1, as a run leaves it."""
    return make_run(Settings())


@pytest.fixture(scope="module")
def board(hour: ExplainedHour) -> pl.DataFrame:
    """Return its board before anything was judged."""
    return hour.universe.drop(JUDGED)


def test_a_scaled_weight_leaves_a_sum_of_one() -> None:
    """One weight is a tenth larger against the others, which keep their proportions."""
    usual, other = Settings().weights, scale_weights(Settings(), {"mom15m": 1.1}).weights
    assert sum(other.values()) == pytest.approx(1)
    assert other["mom15m"] / other["mom60m"] == pytest.approx(1.1 * usual["mom15m"] / usual["mom60m"])
    assert other["social"] / other["mom60m"] == pytest.approx(usual["social"] / usual["mom60m"])


def test_random_weights_are_those_of_their_seed() -> None:
    """The same seed gives the same draws, another one others, and none leaves the ten percent."""
    draws = [[s.weights for s in draw_weights(Settings(), 20, seed)] for seed in (1, 1, 2)]
    assert draws[0] == draws[1] != draws[2]
    usual = Settings().weights
    ratios = [weights[name] / usual[name] for weights in draws[0] for name in NAMES]
    assert 0.9 / 1.1 <= min(ratios) < 1 < max(ratios) <= 1.1 / 0.9


@pytest.mark.parametrize("level", range(1, len(LEVELS)))
def test_a_forced_level_is_used_and_the_scored_set_stays(board: pl.DataFrame, hour: ExplainedHour, level: int) -> None:
    """The ranking is that of the level's own limits, over the scores of the run."""
    forced = judge(board, MADE.regime, force_level(Settings(), level))
    assert forced.level == level
    assert forced.universe["score"].equals(hour.universe["score"], null_equal=True)
    assert (
        forced.passed_per_level[LEVELS[level]] == judge(board, MADE.regime, Settings()).passed_per_level[LEVELS[level]]
    )


@pytest.mark.parametrize("name", BLANKED)
def test_a_missing_input_is_missing_in_its_factors_only(board: pl.DataFrame, name: str) -> None:
    """What is made of it is unknown, all else is as it was."""
    without = blank(board, BLANKED[name])
    lost = {n for n in NAMES if board[n].count() and not without[n].count()}
    assert (
        lost
        == {
            "order books": {"ob_imbalance", "liquidity"},
            "open interest": {"oi_change"},
            "15m bars": {"mom15m"},
            "funding history": set(),
            "taker split": {"aggressor"},
        }[name]
    )
    rest = [n for n in board.columns if n not in {*lost, *BLANKED[name]}]
    assert without.select(rest).equals(board.select(rest), null_equal=True)


def test_without_coingecko_caps_are_binances(board: pl.DataFrame) -> None:
    """A cap that only CoinGecko knew is unknown, one that both disputed is Binance's, and nobody is trending."""
    only = board["supply_binance_coins"].is_null() & board["supply_coingecko_coins"].is_not_null()
    assert only.any()
    without = without_coingecko(board, Settings())
    assert without.filter(only)["market_cap_usd"].count() == 0
    assert without["social"].count() == 0
    disputed = board.filter(pl.col("supply_difference_pct").abs() > 25)
    assert disputed["market_cap_usd"].count() == 0
    again = without.join(disputed, on=["venue", "contract"], how="semi")
    assert again["market_cap_usd"].count() == disputed.height > 0
