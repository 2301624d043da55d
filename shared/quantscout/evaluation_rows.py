"""An hour judged: its universe, its report and the bars of the day after it, made rows and aggregates. Pure."""

from datetime import datetime

import polars as pl

from quantscout.clock import to_ms
from quantscout.evaluation_models import BINS, JUDGED, NORMS, PICKS, EvaluatedHour, Group, Pick
from quantscout.factors import NAMES
from quantscout.frames import HOUR_MS, KEY
from quantscout.gates import LEVELS
from quantscout.models import Gem, Report
from quantscout.outcomes import COMPLETE, FIGURES, HORIZON_H, INCOMPLETE, NO_ENTRY, Costs, build_outcomes

QUINTILES = 5
NORMAL_MAD = 1.4826
"""Times the median absolute deviation estimates a normal's standard deviation."""
OMITS_IDLE_BARS = ("kucoin",)
"""Venues that send no bar for an hour without a trade. Binance sends one: its hole is an hour that nobody knows."""
LEAST_FOR_MOVE = 20
"""So many outcomes an hour needs before a move can be called far from the others."""


def outcomes_of(bars: pl.DataFrame, hour_ms: int, costs: Costs) -> pl.DataFrame:
    """Return OUTCOMES of one hour; contracts without any bar at H have no row."""
    day = pl.col("open_ms").is_between(hour_ms, hour_ms + (HORIZON_H - 1) * HOUR_MS)
    return build_outcomes(judgeable(bars.filter(day)), costs).filter(pl.col("hour_ms") == hour_ms)


def judgeable(bars: pl.DataFrame) -> pl.DataFrame:
    """Return the bars that an outcome may be made of, live and in a replay: recorded ones, and what nobody traded.

    `bars` have venue and `filled`. A filled bar counts where the venue leaves out bars without a trade; elsewhere its
    hour is one that nobody knows.
    """
    return bars.filter(~pl.col("filled") | pl.col("venue").cast(pl.String).is_in(list(OMITS_IDLE_BARS)))


def judge(universe: pl.DataFrame, outcomes: pl.DataFrame, hour_ms: int) -> pl.DataFrame:
    """Return JUDGED for one hour: every contract that has both percentiles, whatever became of it."""
    ranked = pl.when(pl.col("fate") == "ranked").then(pl.col("rank"))
    known = universe.filter(pl.col("adv30_percentile").is_not_null() & pl.col("atr_percentile").is_not_null())
    own = known.with_columns(pl.lit(hour_ms).alias("hour_ms"), ranked.alias("rank"))
    rows = own.join(outcomes.drop("hour_ms"), on=KEY, how="left", maintain_order="left")
    told = rows.with_columns(pl.col("outcome").fill_null(NO_ENTRY))
    # An older universe, or one of an hour without any score, lacks columns.
    absent = [pl.lit(None, kind).alias(name) for name, kind in JUDGED.items() if name not in told.columns]
    full = told.with_columns(absent)
    return full.select(pl.col(name).cast(kind) for name, kind in JUDGED.items()).sort(KEY)


def evaluated_hour(
    report: Report, judged: pl.DataFrame, outcomes: pl.DataFrame, hour_ms: int, evaluated_ms: int
) -> EvaluatedHour:
    """Return what is kept of the hour; the picks have their outcomes also where there is no universe to judge."""
    scored = judged.filter("in_scored_set")
    population = _group(judged)
    by_key = {(row["venue"], row["contract"]): row for row in outcomes.to_dicts()}
    return EvaluatedHour(
        hour_ms=hour_ms,
        evaluated_ms=evaluated_ms,
        settled=False,
        status=report.status,
        level=None if report.gate_level is None else LEVELS.index(report.gate_level),
        regime=report.regime.name,
        run_id=report.run_id,
        late_s=(to_ms(datetime.fromisoformat(report.generated_at)) - hour_ms) // 1000,
        funnel={name: value for name, value in report.funnel.model_dump().items() if name != "by_reason"},
        lacking=[name for name in NAMES if scored.height and scored[f"{name}_norm"].null_count() == scored.height],
        population=population,
        scored=_group(scored),
        picks=[_pick(gem, by_key.get((gem.exchange, gem.contract), {}), judged) for gem in report.ranked_gems],
        norms={name: _histogram(scored[norm]) for name, norm in zip(NAMES, NORMS, strict=True)},
    )


def _group(rows: pl.DataFrame) -> Group:
    counts = dict(rows["outcome"].value_counts().rows())
    whole = rows.filter(pl.col("outcome") == COMPLETE)
    return Group(
        rows=rows.height,
        complete=whole.height,
        no_entry=counts.get(NO_ENTRY, 0),
        incomplete=counts.get(INCOMPLETE, 0),
        hits=int(whole["hit10"].sum()),
        net_return_sum=float(whole["net_return_24h_ratio"].cast(pl.Float64).sum()),
    )


def _histogram(norms: pl.Series) -> list[int]:
    known = norms.drop_nulls()
    bins = (known * BINS).floor().clip(0, BINS - 1).cast(pl.Int64)
    counts = dict(bins.value_counts().rows())
    return [*(counts.get(number, 0) for number in range(BINS)), norms.null_count()]


def _pick(gem: Gem, outcome: dict[str, object], judged: pl.DataFrame) -> Pick:
    figures = {name: outcome.get(name) for name in FIGURES}
    change = figures["return_24h_ratio"]
    controls = controls_of(judged, gem.exchange, gem.contract)
    return Pick.model_validate(
        figures
        | {name: getattr(gem, name) for name in ("rank", "contract", "symbol", "coin", "score")}
        | {"venue": gem.exchange, "outcome": outcome.get("outcome", NO_ENTRY)}
        | {"move_z": _move_z(change, judged) if isinstance(change, float) else None}
        | {"controls": controls.height, "controls_hit": int(controls["hit10"].sum())}
    )


def _quintile(name: str) -> pl.Expr:
    return (QUINTILES * pl.col(name)).floor().clip(upper_bound=QUINTILES - 1)


def controls_of(judged: pl.DataFrame, venue: str, contract: str) -> pl.DataFrame:
    """Return a pick's matched controls among the hour's judged rows (SPEC 8), none where it is not one of them.

    Same venue, same quintile of adv30 and of atr_pct, not picked, outcome complete.
    """
    marked = judged.with_columns(_quintile("adv30_percentile").alias("_adv"), _quintile("atr_percentile").alias("_atr"))
    own = marked.filter((pl.col("venue") == venue) & (pl.col("contract") == contract))
    free = pl.col("rank").is_null() | (pl.col("rank") > PICKS)
    others = marked.filter(free & (pl.col("outcome") == COMPLETE))
    return others.join(own.select("venue", "_adv", "_atr"), on=["venue", "_adv", "_atr"], how="semi").drop(
        "_adv", "_atr"
    )


def _move_z(change: float, judged: pl.DataFrame) -> float | None:
    """Return how many robust deviations a 24h return lies from the median of the hour's; None with too few of them."""
    known = judged["return_24h_ratio"].drop_nulls().cast(pl.Float64)
    middle = known.median()
    if known.len() < LEAST_FOR_MOVE or not isinstance(middle, float):
        return None
    spread = (known - middle).abs().median()
    return (change - middle) / (NORMAL_MAD * spread) if isinstance(spread, float) and spread > 0 else None
