"""The page docs/scoring.md, made from the tables and the settings: what it says cannot differ from what is computed."""

import textwrap
from collections.abc import Iterable, Sequence
from typing import Any, get_args

from quantscout import METHOD_VERSION
from quantscout.decide import PICKS
from quantscout.factors import FACTORS
from quantscout.gates import FLAG_MEANINGS, FLAGS, GATES, LEVELS, REASONS, Gate
from quantscout.regime import FACTOR_VALUE, WEIGHT_MULTIPLIERS, RegimeName
from quantscout.score import MAD_TO_DEVIATION, MEAN_AD_TO_DEVIATION, weights
from quantscout.settings import Normalisation, Settings
from quantscout_local.expressions import readable

KINDS = {"z": "z over the scored set", "direct": "counts as it is, 0 to 1"}
SIGNS = {"at_least": "at least", "at_most": "at most", "below": "below"}
STAGES = {
    "cheap": "before the calls per contract; also limits the scored set",
    "scored_set": "also limits the scored set",
    "level": "only the ranking",
}
NORMALISATIONS: dict[Normalisation, str] = {
    "z": "z = (x - mean) / population standard deviation; norm = 1/2 + z / 6, between 0 and 1",
    "robust_z": f"z = (x - median) / ({MAD_TO_DEVIATION:.4f} x median absolute deviation), with a median of 0 over "
    f"{MEAN_AD_TO_DEVIATION:.4f} x mean absolute deviation; norm as above",
    "rank": "norm = (average rank - 1/2) / n; there is no z",
}
UNITS = {"_h": "h", "_s": "s", "_days": "days", "_usdt": "USDT", "_ratio": "ratio", "_threshold_z": "z"}
WIDTH = 118


def scoring_text(settings: Settings | None = None) -> str:
    """Return the page as Markdown, under these settings (the defaults for the page that is published)."""
    s = settings or Settings()
    parts = [*_head(), *_factors(s), *_norms(s), *_regimes(s), *_score(s)]
    parts += [*_gates(s), *_flags(), *_reasons(), *_settings(s), *_as_code()]
    return "\n".join(parts) + "\n"


def _table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    lines = [heads, ["---"] * len(heads), *rows]
    return ["| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines] + [""]


def _number(value: float) -> str:
    return f"{value:,.15g}"


def _said(*sentences: str) -> list[str]:
    return [*textwrap.wrap(" ".join(sentences), WIDTH, break_on_hyphens=False, break_long_words=False), ""]


def _points(*points: str) -> list[str]:
    wrapped = [
        textwrap.wrap(p, WIDTH, initial_indent="- ", subsequent_indent="  ", break_on_hyphens=False) for p in points
    ]
    return [*(line for lines in wrapped for line in lines), ""]


def _head() -> list[str]:
    return [
        "# Scoring",
        "",
        "<!-- Generated from the code by `quantscout scoring`. Change the table, then run `make docs`. -->",
        "",
        *_said(
            f"Every number behind a pick, as the code has it (`method_version` {METHOD_VERSION}). The choices where",
            "the definitions are silent are in [decisions/0003](decisions/0003-conventions.md), the report's form in",
            "[report.md](report.md). The order of an hour: gate values of every contract, the scored set, factors and",
            f"norms over it, score, the first level with {PICKS} coins that can be scored, the order, one fate per",
            "contract.",
        ),
    ]


def _factors(s: Settings) -> list[str]:
    rows = [(f"`{f.name}`", f"{s.weights[f.name]:g}", f"`{f.formula}`", KINDS[f.kind], f.why) for f in FACTORS]
    words = _said(
        "t is the hour's 1h bar, which opens at H - 1h; C, H, L, O are its prices, V its quote volume in USDT.",
        f"The weights sum to {sum(s.weights.values()):g}; `weights` in the settings may set others.",
    )
    return ["## Factors", "", *words, *_table(("factor", "weight", "definition", "kind", "why"), rows)]


def _norms(s: Settings) -> list[str]:
    in_set = ", ".join(f"`{gate.name}`" for gate in GATES if gate.stage != "level")
    rows = [(f"`{name}`", NORMALISATIONS[name]) for name in get_args(Normalisation)]
    words = _said(
        f"The scored set holds the contracts of both venues that pass {in_set} at {LEVELS[-1]}. Norms are taken over",
        f"it, for this hour. A factor with fewer than {s.min_values_for_z} values in it is unscored for the hour;",
        f"where all values are equal the norm is 1/2. `normalisation` in the settings is `{s.normalisation}`, of:",
    )
    return ["## Scored set and norms", "", *words, *_table(("normalisation", "norm of a z factor"), rows)]


def _regimes(s: Settings) -> list[str]:
    names: tuple[RegimeName, ...] = get_args(RegimeName)
    shared = {name: weights(name, s) for name in names}
    rows = [(f"`{f.name}`", *(_shifted(f.name, name, shared[name]) for name in names)) for f in FACTORS]
    values = ("value of the factor `regime`", *(f"{FACTOR_VALUE[name]:g}" for name in names))
    words = _said(
        "The weights times the regime's multipliers (in brackets), divided by their sum. In `risk_off` the ranking is",
        "computed and stored, and the report's status is `no_signal`.",
    )
    table = _table(("factor", *(f"`{name}`" for name in names)), [*rows, values])
    return ["## Weights per market regime", "", *words, *table]


def _shifted(factor: str, regime: RegimeName, shared: dict[str, float]) -> str:
    times = WEIGHT_MULTIPLIERS[regime].get(factor)
    return f"{shared[factor]:.4f}" + (f" (x{times:g})" if times is not None else "")


def _score(s: Settings) -> list[str]:
    rates = {"fz": s.penalty_per_funding_z, "dz": s.penalty_per_change_z}
    excess = " + ".join(f"{rate:g} max(0, {name} - {s.penalty_threshold_z:g})" for name, rate in rates.items())
    points = _points(
        "**Missing is not zero.** A factor without data leaves its weight to the others. `coverage` is the sum of the "
        f"weights present, before sharing; below {s.min_coverage:g} the contract is `insufficient_coverage`.",
        f"**Funding penalty** `P = min({s.penalty_cap:g}, {excess})`: fz is the z of the current rate per 8 h against "
        f"the contract's own settlements of 30 days (at least {s.min_settlements}), dz that of its 24 h change against "
        "its own 24 h changes. An unknown z adds nothing and is named under `missing`.",
        f"**Fresh-listing boost** `B = {s.boost:g}` if listed at most {s.boost_listed_days:g} days ago and the 24 h "
        f"volume is at least {_number(s.boost_min_volume_24h_usdt)} USDT.",
        "`score = 100 clip(W - P + B, 0, 1)`, W = weighted mean of the norms present; a report's `points` = 100 x "
        "weight x norm. What lifts or presses a score, in messages and `explain`, is counted from the average, 100 x "
        "weight x (norm - 1/2): 50 and the sum, within 0 to 100, are the score.",
        "**Order**: score, coverage, adv30 (the highest first), then symbol, venue, contract.",
    )
    return ["## Score", "", *points]


def _gates(s: Settings) -> list[str]:
    ladder = [gate for gate in GATES if not gate.is_guardrail]
    rails = [gate for gate in GATES if gate.is_guardrail]
    words = _said(
        "Asked in this order, guardrails and ladder together; the first that a contract fails is its reason.",
        f"The run uses the first level with at least {PICKS} distinct coins that can be scored; above {LEVELS[0]}",
        "the hour is `low_confidence`. Percentiles are mid-ranks (average rank - 1/2) / n within the venue, over the",
        "eligible contracts with enough history.",
    )
    shared = ("unit", "a setting may choose", "unknown", "decided", "why")
    return [
        "## Gates",
        "",
        *words,
        "### The ladder",
        "",
        *_table(("order", "gate", "rule", *LEVELS, *shared), [_gate_row(gate, s.limits_of(gate)) for gate in ladder]),
        "### Guardrails",
        "",
        *_said("The same at every level: they never widen, and a setting may only tighten them."),
        *_table(
            ("order", "gate", "rule", "limit", *shared), [_gate_row(gate, s.limits_of(gate)[:1]) for gate in rails]
        ),
    ]


def _gate_row(gate: Gate, limits: Iterable[float]) -> list[str]:
    low, high = gate.bounds
    bounds = "nothing else" if low == high else f"{_number(low)} to {_number(high)}"
    rule = f"`{gate.column}` {SIGNS[gate.sense]}"
    words = [gate.unit, bounds, _unknown(gate), STAGES[gate.stage], gate.why]
    return [str(1 + GATES.index(gate)), f"`{gate.name}`", rule, *map(_number, limits), *words]


def _unknown(gate: Gate) -> str:
    """Say what becomes of a contract whose value is unknown."""
    fails = f"fails (`{gate.unknown_reason}`)"
    if gate.unknown_passes_from < len(LEVELS):
        return f"{fails}; passes from {LEVELS[gate.unknown_passes_from]} on, flagged"
    return fails + (f", unless `unknown_passes` names `{gate.setting}`" if gate.setting else "")


def _flags() -> list[str]:
    words = "Shown, never excluding. An unknown input raises no flag. How each is computed stands below."
    rows = [(f"`{name}`", FLAG_MEANINGS[name]) for name in FLAGS]
    return ["## Risk flags", "", words, "", *_table(("flag", "meaning"), rows)]


def _reasons() -> list[str]:
    words = "Every contract is ranked, or rejected with one of these and the value that failed."
    return ["## Reason codes", "", words, "", *_table(("code", "meaning"), [(f"`{k}`", v) for k, v in REASONS.items()])]


def _settings(s: Settings) -> list[str]:
    fields: dict[str, Any] = Settings.model_json_schema()["properties"]
    own = s.plain()
    rows = [
        (f"`{name}`", _default(name, own[name]), _unit(name), _bounds(field), field["description"])
        for name, field in fields.items()
    ]
    words = _said(
        "A JSON object in `QUANTSCOUT_SETTINGS`; one out of its bounds is refused by name. The report names what",
        "differs from the defaults (`settings`), and `config_hash` is over all of them and the tables.",
    )
    return ["## Settings", "", *words, *_table(("setting", "default", "unit", "allowed", "what it is"), rows)]


def _default(name: str, value: Any) -> str:
    if name in {"weights", "gate_limits"}:
        return "the table above"
    if isinstance(value, bool):
        return str(value).lower()
    return _number(value) if isinstance(value, int | float) else f"`{value}`" if value else "none"


def _unit(name: str) -> str:
    return next((unit for suffix, unit in UNITS.items() if name.endswith(suffix)), "")


def _bounds(field: dict[str, Any]) -> str:
    """Return what a setting may be, in words, from its JSON Schema."""
    kind = field.get("items", field)
    if "enum" in kind:
        return ("any of " if "items" in field else "") + ", ".join(f"`{choice}`" for choice in kind["enum"])
    words = {"minimum": "from", "exclusiveMinimum": "above", "maximum": "to", "exclusiveMaximum": "below"}
    said = [f"{word} {_number(field[key])}" for key, word in words.items() if key in field]
    return " ".join(said) or {"boolean": "true, false"}.get(field["type"], "see its table")


def _as_code() -> list[str]:
    """Return the expressions that the product evaluates, in readable form."""
    lines = ["## As computed", "", *_said("Over the board's columns; NaN, infinities and null are no data.")]
    tables = {"factors": {f.name: f.value for f in FACTORS}, "flags": FLAGS}
    for title, table in tables.items():
        width = max(map(len, table))
        lines += ["```text", f"# {title}", *(f"{n:{width}}  {readable(x)}" for n, x in table.items()), "```", ""]
    return lines[:-1]
