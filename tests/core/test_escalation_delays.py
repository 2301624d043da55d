"""How often the escalation is wrong and how long it takes: the tables of docs/outcomes.md, measured again."""

from functools import cache
from pathlib import Path
from random import Random
from statistics import median

import pytest

from escalated import LIMITS, WATCHES, delay_of, history_of, hit_shares, hour_of, net_returns, told_at
from quantscout.escalation_results import find_drawdown, find_loss

PAGE = (Path(__file__).parents[2] / "docs" / "outcomes.md").read_text("utf-8")
SEEDS = range(10)
HOURS = 1_000
MONTH_H = LIMITS.history_h
NEVER = 10**9
MEANS = "mean net return of a day, spread 9%"


@cache
def rows(title: str) -> dict[str, list[str]]:
    """Return the rows of a table of the page, by their first cell; `title` is the head of its first column."""
    table = PAGE.partition(f"| {title} |")[2].partition("\n\n")[0]
    lines = ([cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:])
    return {cells[0]: cells[1:] for cells in lines}


def cells_of(delays: list[int | None]) -> list[str]:
    """Return median, slowest and not told, as the page writes them; no median where half or more were not told."""
    told = [delay for delay in delays if delay is not None]
    middle = median(NEVER if delay is None else delay for delay in delays)
    return [
        f"{middle:.0f} h" if middle < NEVER / 2 else "-",
        f"{max(told)} h" if told else "-",
        str(delays.count(None)),
    ]


@pytest.mark.parametrize("chance", [0.18, 0.30, 0.43])
def test_false_alarms_of_precision_are_those_of_the_page(chance: float) -> None:
    """10,000 hours of a constant chance, seeds 0 to 9, with all the overlap that real outcomes have."""
    told = sum(len(told_at(hit_shares(Random(seed), HOURS, chance), "precision")) for seed in SEEDS)
    assert rows("stationary series")[f"chance of a hit {chance:.0%}"] == [str(told), "", ""]
    assert told < len(SEEDS) * HOURS / 1_000


@pytest.mark.parametrize(("mean", "spread"), [(0.0, 0.09), (-0.0066, 0.06), (-0.0066, 0.09), (-0.0066, 0.12)])
def test_alarms_on_returns_that_stay_are_those_of_the_page(mean: float, spread: float) -> None:
    """10,000 hours of the same fat-tailed returns: no change is seen in them, but what they lose is told."""
    series = [net_returns(Random(seed), HOURS, mean, spread) for seed in SEEDS]
    drawdown, loss = (sum(len(told_at(one, kind)) for one in series) for kind in ("drawdown", "loss"))
    assert rows("stationary series")[f"mean {mean:.2%} a day, spread {spread:.0%}"] == ["", str(drawdown), str(loss)]
    assert drawdown < len(SEEDS) * HOURS / 1_000


@pytest.mark.parametrize(("before", "after"), [(0.43, 0.18), (0.275, 0.114)])
def test_a_precision_that_falls_to_the_base_rate_is_told_as_the_page_says(before: float, after: float) -> None:
    """A whole window of one chance, then 30 days of another."""
    delays = [
        delay_of(hit_shares(Random(seed), MONTH_H, before), hit_shares(Random(100 + seed), MONTH_H, after), "precision")
        for seed in SEEDS
    ]
    assert rows("chance of a hit")[f"from {before:.1%} to {after:.1%}"] == cells_of(delays)


@pytest.mark.parametrize("after", [-0.03, -0.05, -0.10])
@pytest.mark.parametrize("before", [0.0, -0.0066])
def test_losses_that_grow_are_told_as_the_page_says(before: float, after: float) -> None:
    """A whole window of one mean, then 30 days of another; `loss` leaves nobody out."""
    series = [
        (net_returns(Random(seed), MONTH_H, before), net_returns(Random(100 + seed), MONTH_H, after)) for seed in SEEDS
    ]
    drawdown, loss = ([delay_of(*one, kind) for one in series] for kind in ("drawdown", "loss"))
    assert rows(MEANS)[f"from {before:.2%} to {after:.0%}"] == [*cells_of(drawdown), *cells_of(loss)]
    assert None not in loss


@pytest.mark.parametrize("after", [-0.03, -0.05, -0.10])
def test_a_ruinous_start_is_told_as_the_page_says(after: float) -> None:
    """From the first hour on there is nothing to compare with: what was lost is told all the same."""
    series = [net_returns(Random(seed), MONTH_H, after) for seed in SEEDS]
    drawdown, loss = ([delay_of([], one, kind) for one in series] for kind in ("drawdown", "loss"))
    assert rows(MEANS)[f"{after:.0%} from the first hour"] == [*cells_of(drawdown), *cells_of(loss)]
    assert None not in loss


@pytest.mark.parametrize("kind", ["drawdown", "loss"])
def test_what_is_measured_here_is_what_the_function_computes(kind: str) -> None:
    """The statistic of these series and that of evaluated hours agree, beyond the cap of a return, too."""
    returns = [*net_returns(Random(1), 400), 0.6, -0.7, *net_returns(Random(2), 50, -0.3)]
    hours = [hour_of(len(returns) - k, net=value) for k, value in enumerate(returns)]
    (finding,) = {"drawdown": find_drawdown, "loss": find_loss}[kind](history_of(hours), LIMITS)
    watch = WATCHES[kind]
    assert finding.measure.statistic == pytest.approx(watch.statistic([watch.counted(value) for value in returns]))
    assert finding.measure.threshold == watch.threshold
