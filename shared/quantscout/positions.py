"""Open interest and funding of each contract against its own past (SPEC 4 flags, SPEC 5 penalty)."""

import polars as pl

from quantscout.frames import DAY_MS, HOUR_MS, KEY
from quantscout.order import order_rows, take
from quantscout.settings import Settings

FUNDING_INTERVALS_H = (1, 2, 4, 8)
MONTH_MS = 30 * DAY_MS


def _since(hours: int, column: str, now_ms: int) -> pl.Expr:
    """Return the percentage change at the hour from the value exactly `hours` earlier; null if either misses."""
    then, now = (pl.col(column).filter(pl.col("at_ms") == ms).first() for ms in (now_ms - hours * HOUR_MS, now_ms))
    return pl.when(then > 0).then(100 * (now / then - 1))


def build_open_interest(rows: pl.DataFrame, hour_ms: int) -> pl.DataFrame:
    """Return per contract: open interest, its 4h and 24h change in percent, and the deviation of its own 4h changes.

    `rows` are frames.OPEN_INTEREST in contract units. Only rows that stand exactly on a full hour count
    (verify_open_interest has dropped and counted the others); the deviation is over 30 days of hourly 4h changes (what
    exists of them), in percent.
    """
    valid = pl.col("at_ms") % HOUR_MS == 0, pl.col("open_interest_coins") >= 0
    order = order_rows(rows, "at_ms", hour_ms - MONTH_MS, hour_ms, *valid)
    ordered = pl.DataFrame([order.number, *take(rows, order.row, ("at_ms", "open_interest_coins"))])
    again = (pl.col("number") == pl.col("number").shift(1)) & (pl.col("at_ms") == pl.col("at_ms").shift(1))
    hourly = ordered.filter(~again.fill_null(value=False)).with_columns(_own_change_4h().alias("change"))
    held = hourly.group_by("number", maintain_order=True).agg(
        pl.col("open_interest_coins").filter(pl.col("at_ms") == hour_ms).first().alias("open_interest_coins"),
        _since(4, "open_interest_coins", hour_ms).alias("oi_change_4h_pct"),
        _since(24, "open_interest_coins", hour_ms).alias("oi_change_24h_pct"),
        pl.col("change").std(ddof=0).alias("oi_change_4h_std_pct"),
    )
    return order.names(rows).join(held, on="number", how="left").drop("number").sort(KEY)


def _own_change_4h() -> pl.Expr:
    """Return the change in percent from the row four hours before: with hourly rows it is one of the four before."""
    now, number, at_ms = pl.col("open_interest_coins"), pl.col("number"), pl.col("at_ms")
    found = [(number == number.shift(k)) & (at_ms - at_ms.shift(k) == 4 * HOUR_MS) for k in (4, 3, 2, 1)]
    before = pl.coalesce(pl.when(there).then(now.shift(k)) for there, k in zip(found, (4, 3, 2, 1), strict=True))
    return pl.when(before > 0).then(100 * (now / before - 1))


def normalise_settlements(funding: pl.DataFrame) -> pl.DataFrame:
    """Return the settlements with `interval_h` and `rate_8h_ratio`: the rate as if it were paid for 8 hours.

    The interval in force is the distance to the settlement before (venues change it over time). A distance that is no
    known interval, one that alone is twice both its neighbours (a row is missing before it), and the first row of a
    contract leave both null.
    """
    ordered = funding.unique([*KEY, "settled_ms"], keep="first", maintain_order=True).sort(*KEY, "settled_ms")
    same = pl.all_horizontal(pl.col(name) == pl.col(name).shift(1) for name in KEY)
    gap_ms = pl.when(same).then(pl.col("settled_ms") - pl.col("settled_ms").shift(1))
    before_ms, after_ms = gap_ms.shift(1), gap_ms.shift(-1)
    is_hole = ((before_ms == after_ms) & (gap_ms == 2 * before_ms)).fill_null(value=False)
    known = gap_ms.is_in([hours * HOUR_MS for hours in FUNDING_INTERVALS_H]) & ~is_hole
    interval = pl.when(known).then(gap_ms // HOUR_MS)
    return ordered.with_columns(
        interval.alias("interval_h"), (pl.col("rate_ratio") * 8 / interval).alias("rate_8h_ratio")
    )


def _rate_a_day_before(rows: pl.DataFrame, settled: pl.DataFrame) -> pl.DataFrame:
    """Add `rate_day_ago`: the last settlement at or before 24 h earlier, not older than one 8h interval more."""
    keyed = rows.with_columns((pl.col("settled_ms") - DAY_MS).alias("day_ago_ms")).sort("day_ago_ms")
    past = settled.select(
        *KEY, pl.col("settled_ms").alias("past_ms"), pl.col("rate_8h_ratio").alias("rate_day_ago")
    ).sort("past_ms")
    return keyed.join_asof(
        past,
        left_on="day_ago_ms",
        right_on="past_ms",
        by=list(KEY),
        strategy="backward",
        tolerance=8 * HOUR_MS,
        check_sortedness=False,
    )


def _z_of(value: str, sample: str, least: int) -> pl.Expr:
    """Return z of a contract's current value against its own sample; 0 without spread, null with too few values."""
    spread = pl.col(sample).std(ddof=0)
    flat = pl.col(sample).max() == pl.col(sample).min()
    z = pl.when(flat).then(0.0).otherwise((pl.col(value).first() - pl.col(sample).mean()) / spread)
    return pl.when((pl.col(sample).count() >= least) & pl.col(value).first().is_not_null()).then(z)


def build_funding(current: pl.DataFrame, funding: pl.DataFrame, hour_ms: int, settings: Settings) -> pl.DataFrame:
    """Return per contract: `funding_8h_ratio`, `funding_z`, `funding_change_z`, `funding_interval_changed`.

    `current` has venue, contract, funding_rate_ratio, funding_interval_h; `funding` is frames.FUNDING up to the hour.
    The z-scores compare with the contract's own settlements of the trailing 30 days and with their 24 h changes.
    """
    settled = normalise_settlements(funding.filter(pl.col("settled_ms") <= hour_ms))
    known = settled.filter(pl.col("rate_8h_ratio").is_not_null())
    sample = _rate_a_day_before(known, known).filter(pl.col("settled_ms") > hour_ms - MONTH_MS)
    sample = sample.select(
        *KEY,
        "settled_ms",
        pl.col("rate_8h_ratio").alias("rate"),
        (pl.col("rate_8h_ratio") - pl.col("rate_day_ago")).alias("change"),
    )
    rate_now = pl.col("funding_rate_ratio") * 8 / pl.col("funding_interval_h")
    now = current.select(
        *KEY, "funding_interval_h", pl.lit(hour_ms).alias("settled_ms"), rate_now.alias("funding_8h_ratio")
    )
    now = _rate_a_day_before(now, known).with_columns(
        (pl.col("funding_8h_ratio") - pl.col("rate_day_ago")).alias("change_now")
    )
    joined = (
        now.select(*KEY, "funding_8h_ratio", "change_now").join(sample, on=KEY, how="left").sort(*KEY, "settled_ms")
    )
    scored = joined.group_by(*KEY, maintain_order=True).agg(
        pl.col("funding_8h_ratio").first(),
        _z_of("funding_8h_ratio", "rate", settings.min_settlements).alias("funding_z"),
        _z_of("change_now", "change", settings.min_settlements).alias("funding_change_z"),
    )
    return scored.join(_interval_changed(current, settled, hour_ms), on=KEY, how="left", maintain_order="left")


def _interval_changed(current: pl.DataFrame, settled: pl.DataFrame, hour_ms: int) -> pl.DataFrame:
    """Tell per contract whether the intervals in force within the last 48 h differ; null without settlements."""
    recent = settled.filter((pl.col("settled_ms") > hour_ms - 2 * DAY_MS) & pl.col("interval_h").is_not_null()).select(
        *KEY, "interval_h"
    )
    running = current.join(recent.select(KEY).unique(), on=KEY, how="semi").select(
        *KEY, pl.col("funding_interval_h").alias("interval_h")
    )
    both = pl.concat([recent, running.drop_nulls()])
    return both.group_by(KEY).agg((pl.col("interval_h").n_unique() > 1).alias("funding_interval_changed"))
