"""The table of prices refuses what would make a wrong bill."""

from pathlib import Path

import pytest
from costing.prices import FILE, Prices, load_prices
from pydantic import ValidationError


def changed(folder: Path, old: str, new: str) -> Path:
    """Return the table with a text replaced once."""
    path, text = folder / "prices.toml", FILE.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


def test_the_table_can_be_read() -> None:
    """Two regions, and a price by its name."""
    prices = load_prices()
    assert (prices.regions, prices.of("secrets").usd) == (["us-east-1", "eu-central-1"], [0.4, 0.4])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("usd = [0.20, 0.20]", "usd = [0.20]"),
        ("usd = [0.20, 0.20]", "usd = [0.20, nan]"),
        ("usd = [0.20, 0.20]", "usd = [0.20, -1]"),
        ("per = 1_000_000", "per = 0"),
        ('name = "lambda_requests"', 'name = "lambda_gb_s"'),
        ("free = 1_000_000", "freed = 1_000_000"),
    ],
)
def test_a_table_that_is_not_whole_is_refused(tmp_path: Path, old: str, new: str) -> None:
    """A region without a price, no number, a name twice, a misspelt field."""
    with pytest.raises(ValidationError):
        load_prices(changed(tmp_path, old, new))


def test_an_unknown_price_is_an_error() -> None:
    """A misspelt name is not free of charge."""
    with pytest.raises(KeyError):
        Prices(made="", regions=[], price=[], sms=[]).of("lambda")
