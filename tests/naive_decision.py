"""The second implementation's decision in plain Python: gates, weights, score, level, order, one fate per contract."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from naive import DAY, Key, Market, Row, factor_values, funding_z, history, penalty, percentiles
from naive_norms import norms

BASE_WEIGHTS = {
    "mom15m": 0.18, "mom60m": 0.12, "vol_spike": 0.18, "breakout": 0.08, "ob_imbalance": 0.10,
    "aggressor": 0.07, "oi_change": 0.12, "social": 0.05, "regime": 0.05, "liquidity": 0.05,
}  # fmt: skip
MULTIPLIERS = {
    "risk_on": {"mom15m": 1.25, "mom60m": 1.25, "vol_spike": 1.25, "social": 1.25},
    "btc_led": {"mom15m": 0.8, "mom60m": 0.8, "vol_spike": 0.8, "liquidity": 1.5},
}
LIMITS: dict[str, tuple[float, float, float, float] | float] = {
    "late": 0,
    "history": 60,
    "history_4h": 15,
    "volume_24h_min": 100_000,
    "volume_24h_max": 50_000_000,
    "funding": 0.003,
    "spread": 0.01,
    "adv30_percentile": (0.20, 0.30, 0.50, 0.60),
    "atr_percentile": (0.75, 0.65, 0.50, 0.40),
    "market_cap": (100e6, 150e6, 300e6, 300e6),
    "min_notional": (5, 10, 20, 50),
    "depth": (50e3, 100e3, 250e3, 500e3),
}
"""Per gate the limits at L0 to L3; one number where no level widens it."""


class Rules(NamedTuple):
    """What differs from the tables above, and how values become 0 to 1."""

    weights: Mapping[str, float] = {}
    limits: Mapping[str, tuple[float, float, float, float] | float] = {}
    normalisation: str = "z"

    def limit(self, name: str, level: int) -> float:
        """Return a gate's limit at a level."""
        limits = self.limits.get(name, LIMITS[name])
        return limits[level] if isinstance(limits, tuple) else limits


USUAL = Rules()


class Gate(NamedTuple):
    """One gate: its name, the reason code of a value that fails, of an unknown one, the column and the test."""

    name: str
    reason: str
    unknown: str
    column: str
    passes: Callable[[Any, float], bool]


CHEAP = (
    Gate("late", "late", "no_bars", "bar_age_h", lambda x, limit: x <= limit),
    Gate("history", "short_history", "no_bars", "history_h", lambda x, limit: x >= limit),
    Gate("history_4h", "short_history", "short_history", "bars_4h", lambda x, limit: x >= limit),
    Gate("volume_24h_min", "volume_24h_low", "volume_24h_unknown", "volume_24h_usdt", lambda x, limit: x >= limit),
    Gate("volume_24h_max", "volume_24h_high", "volume_24h_unknown", "volume_24h_usdt", lambda x, limit: x < limit),
    Gate("funding", "funding_high", "funding_unknown", "funding_8h_ratio", lambda x, limit: x <= limit),
    Gate("spread", "spread_wide", "spread_unknown", "spread_ratio", lambda x, limit: x <= limit),
    Gate("adv30_percentile", "adv30_percentile_high", "short_history", "adv30_percentile", lambda x, limit: x <= limit),
    Gate("atr_percentile", "atr_percentile_low", "short_history", "atr_percentile", lambda x, limit: x >= limit),
)
MARKET_CAP = Gate("market_cap", "market_cap_high", "market_cap_unknown", "market_cap_usd", lambda x, limit: x < limit)
LAST = (
    Gate("min_notional", "min_notional_high", "min_notional_unknown", "min_notional_usdt", lambda x, limit: x <= limit),
    Gate("depth", "depth_high", "depth_unknown", "depth_usdt", lambda x, limit: x < limit),
)


def first_failure(row: Row, level: int, gates: tuple[Gate, ...], rules: Rules) -> str | None:
    """Return the reason code of the first gate that a contract fails at a level, None if it passes all."""
    for gate in gates:
        value = row.get(gate.column)
        if value is None:
            if gate is MARKET_CAP and level == 3:
                continue
            return gate.unknown
        if not gate.passes(value, rules.limit(gate.name, level)):
            return gate.reason
    return None


def spread(bid: float | None, ask: float | None) -> float | None:
    """Return (ask - bid) / mid of a sound pair of quotes."""
    return (ask - bid) / ((ask + bid) / 2) if bid and ask and ask >= bid else None


def market_cap(row: Row, supply: dict[str, float]) -> float | None:
    """Return supply x price of one coin; unknown where two sources differ by over 25 % or the unit is unconfirmed."""
    one, other = supply.get("binance"), supply.get("coingecko")
    coins, close = other if one is None else one, row.get("last_close")
    if coins is None or close is None or row["unit_confirmed"] is False or row["ineligible"]:
        return None
    if one is not None and other is not None and abs(one / other - 1) > 0.25:
        return None
    return coins * float(close) / float(row["multiplier"])


def key_of(row: Row) -> Key:
    """Return (venue, contract)."""
    return row["venue"], row["contract"]


def board(m: Market, rules: Rules = USUAL) -> dict[Key, Row]:
    """Return every listed contract with all that the gates look at."""
    rows: dict[Key, Row] = {}
    for listed in m.listing:
        key, rate, span = key_of(listed), listed["funding_rate_ratio"], listed["funding_interval_h"]
        row = {
            **listed,
            **history(m.bars.get(key, {}), m.hour),
            **factor_values(m, key, listed["coin"], rules.limit("depth", 3)),
        }
        row["spread_ratio"] = spread(listed["bid"], listed["ask"])
        row["funding_8h_ratio"] = rate * 8 / span if rate is not None and span else None
        row["market_cap_usd"] = market_cap(row, m.supply.get(listed["coin"], {}))
        rows[key] = row
    for venue in {key[0] for key in rows}:
        ranked = {k: r for k, r in rows.items() if k[0] == venue and not r["ineligible"] and has_history(r)}
        for source, target in (("adv30_usdt", "adv30_percentile"), ("atr_pct", "atr_percentile")):
            for key, value in percentiles({k: r[source] for k, r in ranked.items()}).items():
                rows[key][target] = value
    return rows


def has_history(row: Row) -> bool:
    """Tell whether a contract has the 60 h of bars and the 15 whole 4h bars that ATR needs."""
    return bool(row.get("history_h", 0) >= 60 and row.get("bars_4h", 0) >= 15)


def add_scores(rows: dict[Key, Row], m: Market, rules: Rules) -> None:
    """Add z, norm, weight, points, coverage, penalty, boost and score to the contracts of the scored set."""
    members = {key: row for key, row in rows.items() if row["in_scored_set"]}
    for name in BASE_WEIGHTS:
        scaled = norms({key: row[name] for key, row in members.items()}, rules.normalisation)
        for key, row in members.items():
            plain = name in ("regime", "liquidity")
            row[f"{name}_z"], row[f"{name}_norm"] = (None, row[name]) if plain else scaled[key]
    for row in members.values():
        add_score(row, m, rules)


def add_score(row: Row, m: Market, rules: Rules) -> None:
    """Add the weights of the factors that are there, and what follows from them."""
    base = {**BASE_WEIGHTS, **rules.weights}
    raised = {name: w * MULTIPLIERS.get(m.regime, {}).get(name, 1) for name, w in base.items()}
    present = {name: w / sum(raised.values()) for name, w in raised.items() if row[f"{name}_norm"] is not None}
    row["coverage"] = sum(present.values())
    for name in BASE_WEIGHTS:
        row[f"{name}_weight"] = present[name] / row["coverage"] if name in present else 0.0
        row[f"{name}_points"] = 100 * row[f"{name}_weight"] * row[f"{name}_norm"] if name in present else None
    fz, dz = funding_z(row["funding_8h_ratio"], m.funding.get(key_of(row), []), m.hour)
    row["funding_z"], row["funding_change_z"], row["penalty"] = fz, dz, penalty(fz, dz)
    fresh = row["listed_ms"] is not None and m.hour - row["listed_ms"] <= 7 * DAY
    row["boost"] = 0.06 if fresh and row["volume_24h_usdt"] >= 1_000_000 else 0.0
    mean = sum(row[f"{name}_weight"] * row[f"{name}_norm"] for name in present)
    row["score"] = 100 * min(1.0, max(0.0, mean - row["penalty"] + row["boost"]))


def rankable(rows: dict[Key, Row], level: int, rules: Rules) -> list[Row]:
    """Return the contracts that pass every gate of a level and are covered, best first."""
    gates = (*CHEAP, MARKET_CAP, *LAST)
    able = [r for r in rows.values() if r["in_scored_set"] and r["coverage"] >= 0.60 - 1e-9]
    passing = [r for r in able if first_failure(r, level, gates, rules) is None]
    return sorted(passing, key=lambda r: (-r["score"], -r["coverage"], -r["adv30_usdt"], r["symbol"], key_of(r)))


def decide(m: Market, rules: Rules = USUAL) -> tuple[dict[Key, Row], int | None]:
    """Return every contract with its fate, and the level that was used."""
    rows = board(m, rules)
    for row in rows.values():
        row["in_scored_set"] = not row["ineligible"] and first_failure(row, 3, (*CHEAP, MARKET_CAP), rules) is None
    add_scores(rows, m, rules)
    level = next((k for k in range(4) if len({r["coin"] for r in rankable(rows, k, rules)}) >= 5), None)
    chosen = 3 if level is None else level
    best = rankable(rows, chosen, rules)
    for row in rows.values():
        failure = first_failure(row, chosen, (*CHEAP, MARKET_CAP, *LAST), rules)
        row["reason"] = row["ineligible"] or failure or "insufficient_coverage"
    seen: Counter[str] = Counter()
    for row in best:
        again = row["coin"] in seen
        seen[row["coin"]] += 1
        row["reason"] = "same_coin" if again else "too_few_coins" if level is None else None
        row["rank"] = len(seen) if row["reason"] is None else None
    return rows, level
