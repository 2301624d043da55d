"""The arithmetic of the bill, on round figures that a person can check in the head."""

from typing import Any

import pytest
from costing.bill import HOURS, PROCESSOR_MB, bill, billed_s, gb_s, quantities, total_usd, without_evaluation
from costing.prices import Price, load_prices
from costing.scale import Pool, fan_out_transitions

GB = 2**30
TEMPLATE = {"metrics": 6, "alarms": 4, "dashboards": 1, "budgets": 1}


def price(**changed: Any) -> Price:
    """Return a price of 2 dollars for 1,000 units in the first region, 3 in the second, 500 units free."""
    usual = {
        "name": "x",
        "says": "x",
        "unit": "x",
        "per": 1_000,
        "usd": [2.0, 3.0],
        "free": 500,
        "page": "",
        "seen": "",
    }
    return Price.model_validate(usual | changed)


def run(**changed: Any) -> dict[str, Any]:
    """Return the figures of a run of 10 s with a whole processor, 100 read and 50 write units, a message, a tape."""
    usual: dict[str, Any] = {
        "init_s": 2.0,
        "handler_s": 8.0,
        "processor_s": 4.0,
        "memory_mb": PROCESSOR_MB,
        "calls": {"sns.Publish": 1, "s3.PutObject": 1, "secretsmanager.GetSecretValue": 2},
        "bytes": {"sns.Publish": 65_537, "s3.PutObject": GB // 720},
        "log_bytes": 0,
        "metrics": 7,
        "spent": [{"computed_read_units": 100.0, "computed_write_units": 50.0, "by_kind": {}}],
    }
    return usual | changed


def measured() -> dict[str, Any]:
    """Return the figures of an hour, and of evaluations and backfills that cost nothing."""
    nothing = run(init_s=0.0, handler_s=0.0, processor_s=0.0, calls={}, bytes={}, metrics=0, spent=[])
    others = dict.fromkeys(("evaluate", "page", "fold", "idle"), nothing)
    supply = {"supply": {"computed_write_units": 24.0}, "universe": {"computed_write_units": 1_000.0}}
    before = run(spent=[{"computed_read_units": 0.0, "computed_write_units": 1_024.0, "by_kind": supply}])
    hour = run() | {"bound": {"venues": {"binance": {"requests": 10}, "kucoin": {"requests": 5}}}}
    return {"hour": hour, "before": before, **others, "stored": {"bars": GB, "report": GB}}


def month() -> dict[str, float]:
    """Return the month's quantities of these figures."""
    return quantities(measured(), TEMPLATE)


def test_a_price_is_for_so_many_units() -> None:
    """1,500 units at 2 dollars a thousand are 3 dollars."""
    assert price().cost_usd(1_500, 0) == 3.0


def test_what_is_free_is_taken_off_first() -> None:
    """Of 1,500 units 1,000 are billed; of fewer than are free, none."""
    assert [price().cost_usd(quantity, 0, with_free=True) for quantity in (1_500, 400)] == [2.0, 0.0]


def test_each_region_has_its_price() -> None:
    """The second region's price is the second of the list."""
    assert price().cost_usd(1_000, 1) == 3.0


def test_loading_is_billed_too() -> None:
    """A cold start's loading counts as the handler does; memory is in GB of 1,024 MB."""
    assert (billed_s(run()), gb_s(run(memory_mb=2_048))) == (10.0, 20.0)


def test_a_share_of_a_processor_takes_longer() -> None:
    """With half the memory of a whole processor, 4 s of one take 8: four more than were measured with a whole one."""
    assert billed_s(run(memory_mb=PROCESSOR_MB / 2)) == 14.0


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("lambda_gb_s", 7_300 * PROCESSOR_MB / 1_024),
        ("lambda_requests", 2 * 730 + 4 * 730 / 24),
        ("read_units", 73_000),
        ("tape_puts", 730),
        ("secret_calls", 1_460),
        ("emails", 730),
        ("metrics", 7),
        ("alarms", 4),
        ("dashboards", 1),
        ("budgets", 1),
        ("recovery_gb", 2.0),
    ],
)
def test_a_month_is_730_hours(name: str, expected: float) -> None:
    """What an hour takes comes 730 times; what stands is counted once."""
    assert month()[name] == pytest.approx(expected)


def test_the_larger_number_of_metrics_counts() -> None:
    """Seven were measured here and six are shown; where eight are shown, eight are billed."""
    assert month()["metrics"] == 7
    assert quantities(measured(), TEMPLATE | {"metrics": 8})["metrics"] == 8


def test_what_is_renewed_daily_is_added_once_a_day() -> None:
    """Supply is written by one hour of a day: 24 units on 30.4 days, beside 50 of every hour."""
    assert month()["write_units"] == pytest.approx(730 * 50 + 730 / 24 * 24)


def test_a_message_is_billed_by_begun_64_kb() -> None:
    """One byte over 64 KB makes two requests of every message."""
    assert month()["publishes"] == 2 * HOURS


def test_tapes_are_kept_for_30_days() -> None:
    """720 tapes lie in the bucket at any time, whatever the length of a month."""
    assert month()["tape_gb"] == pytest.approx(1.0, rel=1e-5)


def test_backfills_come_four_times_a_day_and_fold_once() -> None:
    """Of four backfills a day one has a day to fold."""
    figures = measured()
    figures["fold"], figures["idle"] = run(spent=[]), run(handler_s=0.0, init_s=1.0, spent=[])
    more = quantities(figures, TEMPLATE)["lambda_gb_s"] - month()["lambda_gb_s"]
    assert more == pytest.approx(730 / 24 * (10 + 3 * 1) * PROCESSOR_MB / 1_024)


def test_an_evaluation_comes_with_every_hour_and_one_a_day_writes_the_page() -> None:
    """Of 24 evaluations 23 are the usual one."""
    figures = measured()
    figures["evaluate"], figures["page"] = run(spent=[]), run(handler_s=22.0, spent=[])
    more = quantities(figures, TEMPLATE)["lambda_gb_s"] - month()["lambda_gb_s"]
    assert more == pytest.approx(730 * (23 * 10 + 24) / 24 * PROCESSOR_MB / 1_024)


def test_what_evaluations_take_can_be_told() -> None:
    """Without them there is the hour alone, and nothing of theirs is kept."""
    figures = measured()
    figures["evaluate"] = figures["page"] = run()
    figures["stored"] = figures["stored"] | {"evaluated": GB, "judged": GB}
    assert quantities(without_evaluation(figures), TEMPLATE) == pytest.approx(month())


def test_the_page_lies_in_the_bucket_once() -> None:
    """It is written over yesterday's; putting it there is one request a day."""
    figures = measured()
    figures["page"] = figures["page"] | {"bytes": {"s3.PutObject": GB}, "calls": {"s3.PutObject": 1}}
    found = quantities(figures, TEMPLATE)
    assert found["tape_gb"] - month()["tape_gb"] == pytest.approx(1.0)
    assert found["tape_puts"] - month()["tape_puts"] == pytest.approx(730 / 24)


def test_every_price_has_a_quantity_but_those_of_other_pages() -> None:
    """No line of the table is forgotten in the bill."""
    assert {row.name for row in load_prices().price} - set(month()) == {"transitions"}


def test_the_sum_is_that_of_the_lines() -> None:
    """The total adds every line in its region."""
    lines = bill(load_prices(), month())
    assert total_usd(lines, 1) == pytest.approx(sum(line.usd(1) for line in lines))


def test_a_branch_more_is_a_transition_more_an_hour() -> None:
    """The Map's cost grows by one transition an hour and branch."""
    assert fan_out_transitions(3) - fan_out_transitions(2) == HOURS


def test_a_limit_is_full_where_its_share_is_used() -> None:
    """400 of 1,000, of which 800 may be used: full at twice the contracts."""
    assert Pool("binance", "data", 1_000, 300, 400).full_at(1_300) == 2_600
