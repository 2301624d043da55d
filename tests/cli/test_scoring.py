"""The page about scoring on the command line, and how it writes an expression."""

from pathlib import Path

import polars as pl
import pytest

from cli.asked import Command
from quantscout_local.expressions import readable

PAGE = Path(__file__).parents[2] / "docs" / "scoring.md"


def test_the_page_is_printed_as_it_is_published(quantscout: Command) -> None:
    """What `make docs` writes and `make check` compares."""
    said = quantscout("scoring")
    assert (said.status, said.out, said.err) == (0, PAGE.read_text("utf-8"), "")


A, B, C = pl.col("a"), pl.col("b"), pl.col("c")


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        (A, "a"),
        (A / B, "a / b"),
        ((A - B) / C > 0.3, "((a - b) / c) > 0.3"),
        (A - B * C, "a - (b * c)"),
        ((A > 1) & (B <= 2), "(a > 1) & (b <= 2)"),
        ((A / B).log(), "(a / b).ln()"),
        (pl.when(A > 0).then(B), "when(a > 0).then(b).otherwise(null)"),
        (A.is_null() & B.not_(), "a.is_null() & b.not()"),
        (-0.5 * A.pow(2), "-0.5 * a.pow(2)"),
    ],
)
def test_an_expression_can_be_read(expression: pl.Expr, text: str) -> None:
    """Brackets stand where they say what is computed first, and nowhere else."""
    assert readable(expression) == text
