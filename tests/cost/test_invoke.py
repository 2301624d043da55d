"""What is counted of an invocation: metrics in its log, and what its calls carry."""

import io
import json
from typing import Any

from costing.invoke import _carried, count_metrics


def line(dimensions: list[list[str]], **values: Any) -> str:
    """Return a log line with two metrics in CloudWatch's embedded format."""
    group = {"Namespace": "QuantScout", "Dimensions": dimensions, "Metrics": [{"Name": "Picks"}, {"Name": "Late"}]}
    return json.dumps({"_aws": {"Timestamp": 0, "CloudWatchMetrics": [group]}, **values})


def test_a_metric_counts_once_per_set_of_dimensions() -> None:
    """The same metrics twice are two, another dimension's value makes two more."""
    once = line([["venue"]], venue="binance")
    log = "\n".join([once, once, line([["venue"]], venue="kucoin"), '{"message": "no metric"}'])
    assert count_metrics(log) == 4


def test_a_metric_without_dimensions_counts() -> None:
    """No dimension is one set."""
    assert count_metrics(line([])) == 2


def test_an_object_is_measured_and_left_where_it_was() -> None:
    """The size of a file is what is still to be read; it is read from there afterwards."""
    body = io.BytesIO(b"0123456789")
    body.seek(4)
    assert (_carried({"Body": body}), body.read()) == (6, b"456789")


def test_bytes_are_measured() -> None:
    """An object may be given as bytes, too."""
    assert _carried({"Body": b"1234"}) == 4


def test_a_message_is_measured_in_bytes() -> None:
    """Letters beyond ASCII take more than one byte."""
    assert _carried({"Message": "é"}) == 2
