"""Reading answers: the field that is wrong, and one bad row among many."""

import json
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError
from typing_extensions import TypedDict

from quantscout.errors import AnswerError, SourceError
from quantscout.venues.answers import (
    ROWS_MOST,
    Blankable,
    Hours,
    Ms,
    NotNegative,
    Number,
    Positive,
    Rows,
    Table,
    read,
    windows,
)


class Row(TypedDict):
    """A row with a name and a price."""

    symbol: str
    price: Number
    at: Ms


TABLE = Table("venue", Row, at="rows")
GOOD = {"symbol": "A", "price": "1.5", "at": 3, "more": "ignored"}


def body(*rows: object) -> bytes:
    """Return an answer with these rows."""
    return json.dumps({"rows": rows}).encode()


def test_good_rows_are_read_whole() -> None:
    """Numbers in strings become numbers, unknown members are left out, and nothing is a problem."""
    assert TABLE.read(body(GOOD)) == ([{"symbol": "A", "price": 1.5, "at": 3}], [])


@pytest.mark.parametrize("answer", [b"", b"<html>", b'{"rows":[', b"\xff"])
def test_body_that_is_not_json_is_an_unavailable_server(answer: bytes) -> None:
    """A page instead of an answer is the server's trouble, not a changed format."""
    for reading in (TABLE.read, lambda b: read(TypeAdapter(list[Row]), b, "venue")):
        with pytest.raises(SourceError) as caught:
            reading(answer)
        assert caught.value.fault == "unavailable"


@pytest.mark.parametrize("answer", [b"[]", b'{"rows":null}', b'{"code":0}', b"3"])
def test_answer_without_its_list_is_refused(answer: bytes) -> None:
    """The list's place is named when it is not there."""
    with pytest.raises(AnswerError) as caught:
        TABLE.read(answer)
    assert caught.value.field == "rows"


@pytest.mark.parametrize(
    ("bad", "field"),
    [
        ({**GOOD, "symbol": "B", "price": "x"}, "rows[1].price"),
        ({**GOOD, "symbol": "B", "at": -1}, "rows[1].at"),
        ({**GOOD, "symbol": "B", "at": 10**30}, "rows[1].at"),
        ({"symbol": "B", "at": 1}, "rows[1].price"),
        (None, "rows[1]"),
    ],
)
def test_bad_row_is_a_problem_and_the_rest_stands(bad: object, field: str) -> None:
    """One malformed row is named with its field; the others are read."""
    rows, problems = TABLE.read(body(GOOD, bad, {**GOOD, "symbol": "C"}))
    assert [row["symbol"] for row in rows] == ["A", "C"]
    assert [(p.source, p.reason) for p in problems] == [("venue", "invalid_answer")]
    assert f" {field}: " in problems[0].detail
    assert problems[0].contract == ("B" if bad else None)


def test_answer_of_bad_rows_alone_is_refused() -> None:
    """If no row can be read the format has changed: that is one error, not hundreds of problems."""
    with pytest.raises(AnswerError) as caught:
        TABLE.read(body({"symbol": "A"}, {"symbol": "B"}))
    assert (caught.value.field, caught.value.contract) == ("rows[0].price", "A")


def test_repeated_row_stands_once() -> None:
    """Of two rows of one contract the first stands, and the other is named."""
    rows, problems = TABLE.read(body(GOOD, {**GOOD, "price": 9}))
    assert ([row["price"] for row in rows], [p.contract for p in problems]) == ([1.5], ["A"])


def test_long_value_is_clipped_in_the_reason() -> None:
    """An error shows what came, but not pages of it."""
    with pytest.raises(AnswerError) as caught:
        read(TypeAdapter(list[Row]), json.dumps([{**GOOD, "price": "x" * 9_000}]).encode(), "venue", "A")
    assert len(str(caught.value)) < 250
    assert caught.value.field == "[0].price"


def test_windows_cover_the_range_without_overlap() -> None:
    """The ranges of the requests join up and end with the range."""
    assert list(windows(0, 25, 10)) == [(0, 10), (10, 20), (20, 25)]
    assert list(windows(5, 5, 10)) == []


@pytest.mark.parametrize("name", [False, 0, [], {}, 7, ["A"], ""])
def test_bad_row_without_a_name_is_a_problem_of_no_contract(name: object) -> None:
    """What stands in the place of the name is not taken for one."""
    _, problems = TABLE.read(body(GOOD, {**GOOD, "symbol": name, "at": None}))
    assert [problem.contract for problem in problems] == [None]


def test_answer_of_more_rows_than_any_source_has_is_refused() -> None:
    """Millions of bad rows are one error: naming each of them took half a minute."""
    with pytest.raises(AnswerError, match=f"at most {ROWS_MOST} rows") as caught:
        TABLE.read(body(GOOD, *[0] * ROWS_MOST))
    assert caught.value.field == "rows"


def test_reading_ends_with_the_first_bad_row() -> None:
    """An answer that stands or falls as a whole is not searched for every one of its errors."""
    rows: TypeAdapter[list[Row]] = TypeAdapter(Rows[Row])
    with pytest.raises(AnswerError) as caught:
        read(rows, json.dumps([{}] * 1_000).encode(), "venue")
    assert isinstance(caught.value.__cause__, ValidationError)
    assert {error["loc"][0] for error in caught.value.__cause__.errors()} == {0}


@pytest.mark.parametrize("kind", [Number, Ms, Hours, Blankable, Positive, NotNegative])
@pytest.mark.parametrize("truth", [b"[true]", b"[false]"])
def test_truth_value_is_no_number(kind: Any, truth: bytes) -> None:
    """A price of true is not a price of 1."""
    with pytest.raises(AnswerError, match=r"at \[0\]: .*truth value"):
        read(TypeAdapter(list[kind]), truth, "venue")
