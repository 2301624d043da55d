"""The published schema of the report."""

import json

import jsonschema
import pytest
from world import Computed

from quantscout_local.schema import report_schema_text

SCHEMA = json.loads(report_schema_text())
CHECK = jsonschema.Draft202012Validator(SCHEMA)


def test_the_schema_is_one() -> None:
    """Draft 2020-12 accepts it as a schema, and it says so itself."""
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_a_report_is_valid(computed: Computed) -> None:
    """What is published passes what is promised."""
    CHECK.validate(json.loads(computed.report.to_json()))


def test_the_six_figures_have_their_published_names() -> None:
    """`24h_volume_usdt` is no name in Python, and is one here."""
    assert [*SCHEMA["$defs"]["DataPoints"]["properties"]] == [
        "oi_velocity_4h_pct", "funding_rate", "long_short_ratio",
        "volume_acceleration_1h_pct", "price_momentum_1h_pct", "24h_volume_usdt",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["status"], "great"),
        (["ranked_gems", 0, "rank"], 6),
        (["ranked_gems", 0, "score"], -1),
        (["extra"], 1),
        (["ranked_gems", 0, "data_points", "x"], 1),
    ],
)
def test_what_is_not_promised_is_invalid(computed: Computed, path: list[str | int], value: object) -> None:
    """Unknown fields and values out of range are refused."""
    report = json.loads(computed.report.to_json())
    place = report
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    assert not CHECK.is_valid(report)
