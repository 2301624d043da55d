"""What was not there: the series or factors that hours lacked, in words."""

import polars as pl


def name_missing(hours: pl.DataFrame) -> tuple[str, ...]:
    """Return what hours lacked: first all that is lacking everywhere, then one by one in how many hours."""
    if "lacking" not in hours.columns or not hours.height:
        return ()
    lacking = hours.select(pl.col("lacking").list.unique()).explode("lacking", empty_as_null=False)
    counts = lacking.drop_nulls().group_by("lacking").len().sort("len", "lacking", descending=[True, False])
    always = [name for name, count in counts.iter_rows() if count == hours.height]
    some = [
        f"{name} in {count:,} of {hours.height:,} hours" for name, count in counts.iter_rows() if count < hours.height
    ]
    return (*([f"{', '.join(always)} in all hours"] if always else []), *some)
