"""Hit rates of the live hours by decile of the score: by the definition of docs/statistics.md, without intervals."""

import polars as pl

from quantscout.outcomes import COMPLETE
from quantscout.page.content import Figure

DECILES = 10


def rate_deciles(judged: pl.DataFrame, note: str) -> tuple[Figure, ...]:
    """Return the hit rate of each decile of the score within the hour's scored set, 10 the highest; none without rows.

    `judged` is JUDGED. Hours with fewer than ten scored contracts have no deciles; a decile without rows has no rate.
    """
    scored = judged.filter("in_scored_set", pl.col("score").is_not_null())
    size, place = pl.len().over("hour_ms"), pl.col("score").rank("average").over("hour_ms")
    part = ((place - 1) * DECILES / size).floor().cast(pl.Int64).alias("part")
    placed = scored.filter(size >= DECILES).with_columns(part).filter(pl.col("outcome") == COMPLETE)
    if placed.is_empty():
        return ()
    rates = placed.group_by("part").agg(pl.col("hit10").cast(pl.Float64).mean(), pl.len())
    found = {part: (rate, count) for part, rate, count in rates.iter_rows()}
    return tuple(_figure(number, *found.get(number, (None, 0)), note) for number in range(DECILES))


def _figure(number: int, rate: float | None, rows: int, note: str) -> Figure:
    name, title = f"decile_{number + 1}", f"Decile {number + 1}"
    return Figure(name=name, title=title, unit="share", value=rate, n=rows, note=note if rows else "no rows")
