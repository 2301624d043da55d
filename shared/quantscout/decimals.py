"""Decimal figures as whole numbers, bit for bit the same when they come back: half the bytes of a block.

A venue writes prices and amounts as decimals ("0.01234"). As doubles they look random and barely compress; as whole
numbers of their last place (1234, five places) they do. What is no decimal of at most `PLACES_MOST` places, or does not
come back with the same bits, stays a double.
"""

import polars as pl

PLACES_MOST = 12
LARGEST = 2.0**53
"""Up to here every whole number is a double, so that the division is rounded once: to the double of the decimal."""
WHOLE, PLACES, REST = "#whole", "#places", "#rest"
GROUPS = ("contract", "coin")
"""Figures of one of these share their places, so that neighbours look alike; without such a column all rows do."""
_POWERS = pl.Series([10.0**places for places in range(PLACES_MOST + 1)])


def to_whole_numbers(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the frame with each decimal column as whole numbers and their places, and beside them what is neither.

    A column of which less than half are decimals stays as it is. `from_whole_numbers` undoes it.
    """
    group = next((name for name in GROUPS if name in frame.columns), None)
    columns = [
        part
        for name in frame.columns
        for part in (_split(frame, name, group) if frame[name].dtype == pl.Float64 else [frame[name]])
    ]
    return pl.DataFrame(columns)


def _split(frame: pl.DataFrame, name: str, group: str | None) -> list[pl.Series]:
    value = frame[name]
    needed = _places_needed(value)
    known = value.len() - value.null_count()
    if 2 * (needed.len() - needed.null_count()) < max(known, 1):
        return [value]
    most = needed.max() if group is None else None
    rows = pl.DataFrame([needed.alias("places"), *([frame[group].alias("group")] if group else [])])
    shared = pl.lit(most, pl.Int8) if group is None else pl.col("places").max().over("group")
    places = rows.select(shared.fill_null(0).alias(name + PLACES)).to_series()
    places = places if places.len() == value.len() else places.new_from_index(0, value.len())
    whole = _whole(value, places)
    split = [whole.alias(name + WHOLE), places]
    if whole.null_count() == value.null_count():
        return split
    return [*split, value.zip_with(whole.is_null(), pl.Series([0.0])).alias(name + REST)]


def _places_needed(value: pl.Series) -> pl.Series:
    """Return the fewest places with which each value comes back, null for one that does not."""
    needed = pl.Series([None], dtype=pl.Int8).new_from_index(0, value.len())
    for places in range(PLACES_MOST, -1, -1):
        found = _whole(value, pl.Series([places], dtype=pl.Int8).new_from_index(0, value.len())).is_not_null()
        needed = pl.Series([places], dtype=pl.Int8).zip_with(found, needed)
    return needed


def _whole(value: pl.Series, places: pl.Series) -> pl.Series:
    """Return the values in units of their last place, null for those that do not come back bit for bit."""
    scaled = (value * _POWERS.gather(places)).round()
    whole = scaled.zip_with(scaled.abs() <= LARGEST, pl.Series([None], dtype=pl.Float64)).cast(pl.Int64)
    same = _bits(_value(whole, places)) == _bits(value)
    return whole.zip_with(same.fill_null(value=False), pl.Series([None], dtype=pl.Int64))


def _value(whole: pl.Series, places: pl.Series) -> pl.Series:
    """Return whole numbers as doubles again. Column by column: by a literal, polars multiplies with the reciprocal."""
    return whole.cast(pl.Float64) / _POWERS.gather(places)


def _bits(value: pl.Series) -> pl.Series:
    return value.reinterpret(dtype=pl.Int64)  # minus zero is not zero


def from_whole_numbers(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the frame as it was before `to_whole_numbers`."""
    columns = []
    for name in frame.columns:
        if name.endswith(WHOLE):
            base = name.removesuffix(WHOLE)
            value = _value(frame[name], frame[base + PLACES])
            if base + REST in frame.columns:
                value = value.zip_with(frame[name].is_not_null(), frame[base + REST])
            columns.append(value.alias(base))
        elif not name.endswith((PLACES, REST)):
            columns.append(frame[name])
    return pl.DataFrame(columns)
