"""One hour computed twice, by the product and by hand, and every number in which the two differ."""

import math
from collections.abc import Iterable
from typing import Any, NamedTuple

import market_frames as mf
import naive
import naive_decision
from naive_decision import USUAL, Rules
from quantscout.decide import PICKS, Decision
from quantscout.factors import NAMES
from quantscout.settings import Settings

TOLERANCE = 1e-9
GATE_VALUES = (
    "bar_age_h", "history_h", "bars_4h", "volume_24h_usdt", "adv30_usdt", "atr_pct", "adv30_percentile",
    "atr_percentile", "spread_ratio", "funding_8h_ratio", "market_cap_usd", "min_notional_usdt", "depth_usdt",
)  # fmt: skip
POSITIONS = ("oi_change_4h_pct", "oi_change_24h_pct", "oi_change_4h_std_pct")
SCORES = ("coverage", "funding_z", "funding_change_z", "penalty", "boost", "score")
PARTS = tuple(f"{name}_{part}" for name in NAMES for part in ("z", "norm", "weight", "points"))
FATES = ("in_scored_set", "reason", "rank")
OF_ALL = (*GATE_VALUES, *POSITIONS, *NAMES, *FATES)
OF_SCORED = (*PARTS, *SCORES)
COUNTS = ("history_h", "bars_4h")
"""Of these, none is a count of 0: a contract that began an hour ago has no whole 4h bar."""


class Difference(NamedTuple):
    """One figure in which the two implementations differ."""

    contract: naive.Key
    column: str
    product: Any
    by_hand: Any


class Both(NamedTuple):
    """One hour, computed twice."""

    product: dict[naive.Key, dict[str, Any]]
    decision: Decision
    by_hand: dict[naive.Key, naive.Row]
    level: int | None

    @property
    def scored(self) -> list[naive.Key]:
        """Return the contracts of the scored set, as found by hand."""
        return [key for key, row in self.by_hand.items() if row["in_scored_set"]]

    @property
    def fives(self) -> tuple[list[naive.Key], list[naive.Key]]:
        """Return the best five by the product and by hand."""
        return _first(self.product), _first(self.by_hand)

    @property
    def numbers(self) -> int:
        """Return how many figures are compared of which at least one side knows a number."""
        rows = [(key, OF_ALL) for key in self.by_hand] + [(key, OF_SCORED) for key in self.scored]
        known = (self.product[key][name] for key, names in rows for name in names)
        return sum(isinstance(x, int | float) and not isinstance(x, bool) for x in known)

    def differences(self, columns: Iterable[str], keys: Iterable[naive.Key] | None = None) -> list[Difference]:
        """Return where the two differ in these columns, of all contracts or of some."""
        chosen, names = self.by_hand if keys is None else keys, tuple(columns)
        pairs = (Difference(k, n, self.product[k][n], self.by_hand[k].get(n)) for k in chosen for n in names)
        return [pair for pair in pairs if not _same(pair)]


def _same(pair: Difference) -> bool:
    one, other = (0 if x is None and pair.column in COUNTS else x for x in pair[2:])
    numbers = isinstance(one, int | float) and isinstance(other, int | float)
    return math.isclose(one, other, rel_tol=TOLERANCE, abs_tol=TOLERANCE) if numbers else bool(one == other)


def _first(rows: dict[naive.Key, dict[str, Any]]) -> list[naive.Key]:
    ranked = {row["rank"]: key for key, row in rows.items() if row.get("rank")}
    return [ranked[k] for k in sorted(ranked)[:PICKS]]


def settings_of(rules: Rules) -> Settings:
    """Return the product's settings that say the same as the rules."""
    return Settings.model_validate(
        {"weights": rules.weights, "gate_limits": rules.limits, "normalisation": rules.normalisation}
    )


def compute_both(hour: mf.Hour, rules: Rules = USUAL) -> Both:
    """Return the hour by the product and by hand."""
    decision = mf.decide_hour(hour, settings_of(rules))
    product = {naive_decision.key_of(row): row for row in decision.universe.to_dicts()}
    return Both(product, decision, *naive_decision.decide(mf.plain(hour), rules))


def assert_agree(both: Both) -> None:
    """Fail unless both know the same contracts, with the same level, fates, five, scores and values."""
    assert both.product.keys() == both.by_hand.keys()
    assert both.differences(OF_ALL) == []
    assert both.differences(OF_SCORED, both.scored) == []
    assert both.decision.level == both.level
    assert both.fives[0] == both.fives[1]
