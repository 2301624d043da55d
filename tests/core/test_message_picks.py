"""What the e-mail says of each of the five: for and against it, its figures, what trading it costs."""

import pytest

from quantscout.message import COLUMNS, build_email
from quantscout.models import Gem, RegimeState
from quantscout.regime_words import INPUTS
from written_reports import POINTS, gem_of, report_of

LONGEST = ("BROCCOLIF3B", "1000000MOG", "JELLYJELLY", "1000000BOB", "1MBABYDOGE")  # of the real data
PENALTY = "funding penalty 15.0 points (funding z +14.0, its 24 h change z +12.5 against its own 30 days)"


def email_lines(first: Gem) -> list[str]:
    """Return the lines of an e-mail whose first pick is this one."""
    others = [gem_of(k, base) for k, base in enumerate("BCDE", 2)]
    return build_email(report_of(ranked_gems=[first, *others])).splitlines()


def test_email_keeps_to_a_phones_width() -> None:
    """No line but a link is longer than 60 columns, however much there is to say."""
    points = POINTS.model_copy(update={"funding_rate": -0.02, "volume_24h_usdt": 49.9e6})
    figures = {"price": 0.000012345678, "market_cap_usd": 123.4e6, "depth_usdt": 123456.0, "spread_ratio": 0.01,
               "funding_interval_h": 8, "data_points": points, "against": [PENALTY]}  # fmt: skip
    report = report_of(
        gate_reason="because " * 30,
        left=[f"{base}-USDT-PERP" for base in LONGEST * 2],
        warnings=[f"kucoin: a warning of many words, and then some more of them, number {k}" for k in range(3)],
        regime=RegimeState(name="btc_led", inputs=dict.fromkeys(INPUTS, -12.34), unknown=list(INPUTS)),
        ranked_gems=[gem_of(k, base, **figures) for k, base in enumerate(LONGEST, 1)],
    )
    lines = build_email(report).splitlines()
    assert [line for line in lines if len(line) > COLUMNS == 60 and "https://" not in line] == []


@pytest.mark.parametrize(
    ("rate", "interval_h", "said"),
    [
        (1.1e-5, 1, "funding +0.0011 %/1h  OI"),
        (1.1e-5, 8, "funding +0.0011 %/8h  OI"),
        (-0.003, 2, "funding -0.3000 %/2h  OI"),
        (1.1e-5, None, "funding +0.0011 %/?h  OI"),
        (None, 8, "funding ?             OI"),
    ],
)
def test_funding_is_said_with_its_interval(rate: float | None, interval_h: int | None, said: str) -> None:
    """The same rate every hour is eight times as much as every eight hours; an unknown interval is said to be so."""
    points = POINTS.model_copy(update={"funding_rate": rate})
    gems = [gem_of(k, base, data_points=points, funding_interval_h=interval_h) for k, base in enumerate("ABCDE", 1)]
    assert build_email(report_of(ranked_gems=gems)).count(f"   {said} 4h +1.0 %\n") == 5


@pytest.mark.parametrize(
    ("depth", "spread", "said"),
    [
        (5000.0, 0.002, ["   depth 5.00 k          spread 0.20 %"]),
        (5000.0, None, ["   depth 5.00 k"]),
        (None, 0.0035, ["   spread 0.35 %"]),
        (None, None, []),
    ],
)
def test_what_trading_costs_is_said_where_known(depth: float | None, spread: float | None, said: list[str]) -> None:
    """Depth and spread of a pick, each where it is known."""
    first = gem_of(1, "A", depth_usdt=depth, spread_ratio=spread)
    assert [line for line in email_lines(first) if line.startswith(("   depth", "   spread"))] == said


def test_the_strongest_against_a_pick_stands_below_its_reasons() -> None:
    """One line, the first of what speaks against it; a pick that nothing of weight speaks against has none."""
    first = gem_of(1, "A", reasons=["up", "more", "third"], against=["down", "less"])
    lines = email_lines(first)
    place = lines.index("   - more")
    assert lines[place - 1 : place + 2] == ["   - up", "   - more", "   - against: down"]
    assert sum("against:" in line for line in lines) == 1


def test_a_chart_of_an_unknown_venue_has_no_link() -> None:
    """A venue without a page here gives no line rather than a broken link."""
    gems = [gem_of(k, base, exchange="elsewhere") for k, base in enumerate("ABCDE", 1)]
    assert "https://" not in build_email(report_of(ranked_gems=gems))


def test_unknown_figures_are_question_marks() -> None:
    """What is not known is said so, never zero."""
    blank = POINTS.model_copy(update={"funding_rate": None, "oi_velocity_4h_pct": None, "volume_24h_usdt": None})
    gems = [gem_of(k, base, data_points=blank, market_cap_usd=None) for k, base in enumerate("ABCDE", 1)]
    lines = build_email(report_of(ranked_gems=gems)).splitlines()
    assert "   price 1               cap ?       vol 24h ?" in lines
    assert "   funding ?             OI 4h ?" in lines
