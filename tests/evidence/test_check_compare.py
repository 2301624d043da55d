"""What counts as a difference between two tables of the same hour, and how it is told."""

from typing import Any

import polars as pl
import pytest

from quantscout_local.evidence.check_compare import ROW, Compared, Example, Finding, Table, compare, merge, same

AT_MS = 1_760_000_400_000


def table(*, exact: bool, **columns: Any) -> Table:
    """Return rows of contracts A, B, ..."""
    size = len(next(iter(columns.values())))
    return Table("way", pl.DataFrame({"contract": list("ABC"[:size]), **columns}), ("contract",), exact)


def differing(one: Table, other: Table) -> Compared:
    """Return their comparison."""
    return compare(one, other, "altered", AT_MS)


def test_equal_tables_are_equal_in_any_order() -> None:
    """Rows are found by their key; the values that are known are counted."""
    one = table(exact=True, x=[1.0, None, 3.0], y=["a", "b", "c"])
    other = one._replace(frame=one.frame.reverse())
    assert differing(one, other) == Compared(5, [], {"x", "y"})


def test_a_difference_names_contract_and_values() -> None:
    """One of three rows differs."""
    compared = differing(table(exact=True, x=[1.0, 2.0, 3.0]), table(exact=True, x=[1.0, 2.5, 3.0]))
    assert compared.findings == [Finding("way", "altered", "x", 1, [Example("B", AT_MS, 2.0, 2.5)])]


@pytest.mark.parametrize(
    ("one", "other", "exact", "equal"),
    [
        (1.0, 1.0 + 2**-52, True, False),
        (1.0, 1.0 + 1e-10, False, True),
        (1.0, 1.0 + 1e-8, False, False),
        (1e-8, 1.1e-8, False, False),
        (0.0, -0.0, True, False),
        (0.0, -0.0, False, True),
        (float("inf"), float("inf"), False, True),
        (None, 0.0, True, False),
        (None, 0.0, False, False),
        (None, None, True, True),
    ],
)
def test_same_means_bits_or_a_billionth(one: float | None, other: float | None, exact: bool, equal: bool) -> None:
    """Exact is exact, a missing value is no zero, and small numbers are held as closely as large ones."""
    pair = (pl.Series([value], dtype=pl.Float64) for value in (one, other))
    assert same(*pair, exact=exact).to_list() == [equal]


def test_what_is_stored_in_half_precision_may_differ_in_its_last_bit() -> None:
    """24 bits are no billionth."""
    one, other = (pl.Series([value], dtype=pl.Float32) for value in (1.0, 1.0 + 1.2e-7))
    assert same(one, other, exact=False).all()
    assert not same(one, pl.Series([1.0 + 1e-5], dtype=pl.Float32), exact=False).any()


def test_a_row_or_a_column_of_one_alone_is_a_difference() -> None:
    """Contracts that are listed under one future only are named; so is a column that is not there."""
    compared = differing(table(exact=True, x=[1.0, 2.0], y=[1, 2]), table(exact=True, x=[1.0, 2.0, 3.0]))
    assert [(f.column, f.rows) for f in compared.findings] == [(ROW, 1), ("y", 2)]
    assert compared.findings[0].examples == [Example("C", AT_MS, None, "there")]


def test_findings_of_a_column_are_added() -> None:
    """Over hours and alterations of one name."""
    part = Finding("way", "altered", "x", 4, [Example("A", AT_MS, 1, 2)] * 4)
    [whole] = merge([part, part])
    assert (whole.rows, len(whole.examples)) == (8, 5)
