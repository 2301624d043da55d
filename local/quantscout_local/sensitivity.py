"""How firm the five of an hour are: the hour ranked again under single changes and under random weights. Pure."""

from collections import Counter
from collections.abc import Iterator
from statistics import median
from typing import NamedTuple

import polars as pl

from quantscout import METHOD_VERSION
from quantscout.decide import PICKS, judge, shortlist
from quantscout.errors import InputError
from quantscout.factors import FACTORS, NAMES
from quantscout.frames import KEY
from quantscout.gates import GATES, LEVELS
from quantscout.models import Report
from quantscout.regime import Regime
from quantscout.report import config_hash
from quantscout.settings import Settings
from quantscout_local.explained_hour import ExplainedHour
from quantscout_local.program import program
from quantscout_local.sensitivity_changes import ATTENTION, BLANKED, CAP_INPUTS, Change, Kind, all_changes, draw_weights

DRAWS = 200
SEED = 1
SCORE_TOLERANCE = 1e-9
FACTOR_PARTS = tuple(f"{name}_{part}" for name in NAMES for part in ("z", "norm", "weight", "points"))
FATE = ("rank", "fate", "reason", "reason_value", "reason_limit")
JUDGED = ("in_scored_set", "coverage", "penalty", "boost", "score", *FATE, *FACTOR_PARTS)
"""The columns that a judgement adds to a board: they are made anew."""


NEEDED = (
    *CAP_INPUTS, "symbol", "adv30_usdt", "listed_days", "supply_as_of_ms", "supply_binance_coins",
    "supply_coingecko_coins", *JUDGED, *(gate.column for gate in GATES),
    *(name for columns in (*BLANKED.values(), ATTENTION) for name in columns),
    *(name for factor in FACTORS for name in factor.value.meta.root_names()),
)  # fmt: skip
"""What is read of an hour; one of another version may lack some of it."""


class Ranking(NamedTuple):
    """How one judgement went."""

    level: str | None
    five: list[str]
    """Coins, best first; empty where no level holds five."""
    scores: pl.DataFrame
    """venue, contract, score of every contract that has a score."""


class Effect(NamedTuple):
    """What one change did to the ranking."""

    kind: Kind
    name: str
    note: str
    gate_level: str | None
    spearman: float | None
    """Rank correlation of the scores, None where fewer than two contracts are scored in both."""
    scored_in_both: int
    overlap: int
    """How many of the five stay."""
    entered: list[str]
    left: list[str]


class Draws(NamedTuple):
    """What random weights did to the five."""

    total: int
    seed: int
    keep_all: int
    """Draws in which all five stay."""
    keep_first: int
    """Draws in which the first stays first."""
    kept: dict[str, int]
    """Per pick, in how many draws it stays."""
    spearman_median: float | None
    spearman_least: float | None


class Sensitivity(NamedTuple):
    """The whole answer for an hour."""

    report: Report
    same_tables: bool
    """Whether settings and tables have the hash that the report names; its five were found again in any case."""
    five: list[str]
    effects: list[Effect]
    draws: Draws


def measure(hour: ExplainedHour, draws: int = DRAWS, seed: int = SEED) -> Sensitivity:
    """Return how the five change; refuse an hour whose own five this version does not find again (InputError)."""
    report, regime = hour.report, Regime(hour.report.regime.name, hour.report.regime.inputs, hour.report.regime.unknown)
    _refuse_unfit(report)
    board = shortlist(
        hour.universe.drop(JUDGED, strict=False), hour.settings
    )  # no change moves the cheap gates' limits
    base = _rank(board, regime, hour.settings)
    _refuse_other(report, base, hour)
    level = LEVELS.index(str(report.gate_level))
    effects = [_effect(change, base, regime) for change in all_changes(board, hour.settings, level)]
    rankings = (_rank(board, regime, settings) for settings in draw_weights(hour.settings, draws, seed))
    same_tables = config_hash(hour.settings) == report.config_hash
    return Sensitivity(report, same_tables, base.five, effects, _sum_up(base, rankings, draws, seed))


def _refuse_unfit(report: Report) -> None:
    again = f"run the hour again with this version: {program()} run --at {report.hour}"
    if report.method_version != METHOD_VERSION:
        raise InputError(f"the run is of method version {report.method_version}, this is {METHOD_VERSION}; {again}")
    if report.status == "no_data":
        raise InputError(
            f"the hour {report.hour} is no_data ({report.gate_reason}): there are no five to rank again; "
            f"choose another hour with `{program()} run --at`"
        )


def _refuse_other(report: Report, base: Ranking, hour: ExplainedHour) -> None:
    """Refuse a run whose level, picks or scores are not found again: then other changes would say nothing of it."""
    named = {(gem.exchange, gem.contract): gem for gem in report.ranked_gems}
    coins = hour.universe.filter(pl.col("fate") == "ranked").sort("rank")["coin"][:PICKS].to_list()
    found = {(venue, contract): score for venue, contract, score in base.scores.rows()}
    same = all(key in found and abs(found[key] - gem.score) <= SCORE_TOLERANCE for key, gem in named.items())
    if not same or base.five != coins or base.level != report.gate_level:
        raise InputError(
            f"this version does not find the five of the run again (the run: {report.gate_level}, {', '.join(coins)}; "
            f"now: {base.level or 'no level'}, {', '.join(base.five) or 'none'}): its files are not of one run, or the "
            f"tables of factors and gates have changed; run the hour again: {program()} run --at {report.hour}"
        )


def _rank(board: pl.DataFrame, regime: Regime, settings: Settings) -> Ranking:
    decision = judge(board, regime, settings)
    ranked = decision.universe.filter(pl.col("fate") == "ranked").sort("rank")
    scores = decision.universe.filter(pl.col("score").is_not_null()).select(*KEY, "score")
    return Ranking(None if decision.level is None else LEVELS[decision.level], ranked["coin"][:PICKS].to_list(), scores)


def _effect(change: Change, base: Ranking, regime: Regime) -> Effect:
    now = _rank(change.board, regime, change.settings)
    spearman, both = correlate(base.scores, now.scores)
    entered, left = [c for c in now.five if c not in base.five], [c for c in base.five if c not in now.five]
    stay = len(base.five) - len(left)
    return Effect(change.kind, change.name, change.note, now.level, spearman, both, stay, entered, left)


def correlate(one: pl.DataFrame, other: pl.DataFrame) -> tuple[float | None, int]:
    """Return Spearman's rank correlation of the scores of contracts in both, and how many these are."""
    both = one.join(other, on=KEY, how="inner", suffix="_other")
    rho = both.select(pl.corr("score", "score_other", method="spearman")).item() if both.height > 1 else None
    return (None if rho is None or rho != rho else float(rho)), both.height  # noqa: PLR0124 - NaN: all scores are equal


def _sum_up(base: Ranking, rankings: Iterator[Ranking], total: int, seed: int) -> Draws:
    kept, keep_all, keep_first, rhos = Counter[str](), 0, 0, list[float]()
    for ranking in rankings:
        kept.update(coin for coin in base.five if coin in ranking.five)
        keep_all += set(ranking.five) == set(base.five)
        keep_first += ranking.five[:1] == base.five[:1]
        rho, _ = correlate(base.scores, ranking.scores)
        rhos += [] if rho is None else [rho]
    whole = {coin: kept[coin] for coin in base.five}
    return Draws(total, seed, keep_all, keep_first, whole, median(rhos) if rhos else None, min(rhos, default=None))
