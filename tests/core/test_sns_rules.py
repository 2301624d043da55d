"""What SNS refuses is refused before it is asked; no double takes part."""

import json
from typing import Any

import pytest

from quantscout.errors import DeliveryError
from quantscout.sns_rules import SIZE_LIMIT_BYTES, check_message

SOUND: dict[str, Any] = {
    "Message": '{"default": "{}"}',
    "Subject": "Five",
    "MessageStructure": "json",
    "MessageAttributes": {"status": {"DataType": "String", "StringValue": "ok"}},
}
ATTRIBUTE = SOUND["MessageAttributes"]["status"]


@pytest.mark.parametrize(
    "subject", ["", "x" * 100, "two\nlines", "a\ttab", "a\rb", "价格", "é", "\x7f", "\x00", " first"]
)
def test_a_subject_that_sns_refuses_is_refused(subject: str) -> None:
    """1 to 99 printable ASCII characters on one line, beginning with none that is blank."""
    with pytest.raises(DeliveryError, match="must be 1 to 99 printable ASCII characters"):
        check_message(SOUND | {"Subject": subject})


@pytest.mark.parametrize("subject", ["x", "x" * 99, "!", "1 a"])
def test_a_subject_within_the_rules_is_taken(subject: str) -> None:
    """Up to 99 characters; a letter, a digit or a sign first."""
    check_message(SOUND | {"Subject": subject})


def test_a_message_above_the_limit_is_refused() -> None:
    """SNS counts bytes, not characters, and the attributes with them."""
    room = SIZE_LIMIT_BYTES - len('{"default": ""}') - len("status" + "String" + "ok")
    body = json.dumps({"default": "é" * (room // 2) + "x" * (room % 2)}, ensure_ascii=False)
    check_message(SOUND | {"Message": body})
    with pytest.raises(DeliveryError, match="262145 bytes with its attributes; SNS takes 262144"):
        check_message(SOUND | {"Message": body.replace("é", "xy", 1).replace("xy", "xyz", 1)})


@pytest.mark.parametrize("bodies", [{}, {"email": "x"}, [], "default", None])
def test_a_message_without_its_default_is_refused(bodies: object) -> None:
    """Protocols without a body of their own get `default`."""
    with pytest.raises(DeliveryError, match="no body for the protocol 'default'"):
        check_message(SOUND | {"Message": json.dumps(bodies)})


@pytest.mark.parametrize("protocol", ["default", "email", "sms"])
@pytest.mark.parametrize("body", ["", " \n", None, 5, {"a": 1}])
def test_a_body_that_is_empty_or_no_text_is_refused(protocol: str, body: object) -> None:
    """SNS refuses it, or leaves its protocol out without a word."""
    with pytest.raises(DeliveryError, match=f"no body for the protocol '{protocol}': it must be a text, not empty"):
        check_message(SOUND | {"Message": json.dumps({"default": "{}"} | {protocol: body})})


def test_a_message_that_is_no_json_is_refused() -> None:
    """It says that it has a body per protocol."""
    with pytest.raises(DeliveryError, match="no JSON"):
        check_message(SOUND | {"Message": "Five"})


def test_half_a_character_is_refused() -> None:
    """A lone surrogate is no text that can be sent."""
    with pytest.raises(DeliveryError, match="half a character"):
        check_message(SOUND | {"Message": '{"default": "\ud83d"}'})


def test_an_sms_above_the_limit_is_refused() -> None:
    """1,600 bytes; ours have at most 153."""
    check_message(SOUND | {"Message": json.dumps({"default": "{}", "sms": "x" * 1600})})
    with pytest.raises(DeliveryError, match="the SMS has 1601 bytes"):
        check_message(SOUND | {"Message": json.dumps({"default": "{}", "sms": "x" * 1601})})


def test_more_than_ten_attributes_are_refused() -> None:
    """A queue with raw delivery would lose the message without a word."""
    check_message(SOUND | {"MessageAttributes": {f"a{k}": ATTRIBUTE for k in range(10)}})
    with pytest.raises(DeliveryError, match="11 attributes"):
        check_message(SOUND | {"MessageAttributes": {f"a{k}": ATTRIBUTE for k in range(11)}})


@pytest.mark.parametrize("name", ["", "a b", "ä", ".a", "a.", "a..b", "a" * 257, "AWS.x", "amazon.X", "a/b"])
def test_an_attributes_name_has_its_letters(name: str) -> None:
    """Letters, digits, _ - and single dots inside; two prefixes are reserved."""
    with pytest.raises(DeliveryError, match="needs a name of letters"):
        check_message(SOUND | {"MessageAttributes": {name: ATTRIBUTE}})


@pytest.mark.parametrize("kind", ["string", "Bool", "", None, "Number.int"])
def test_an_attributes_type_is_one_of_four(kind: str | None) -> None:
    """In exactly this spelling."""
    with pytest.raises(DeliveryError, match=r"SNS takes String, String\.Array, Number, Binary"):
        check_message(SOUND | {"MessageAttributes": {"a": {"DataType": kind, "StringValue": "x"}}})


@pytest.mark.parametrize(
    "attribute",
    [
        {"DataType": "String", "StringValue": ""},
        {"DataType": "String"},
        {"DataType": "String", "StringValue": 5},
        {"DataType": "Number", "StringValue": ""},
        {"DataType": "Binary", "BinaryValue": b""},
    ],
)
def test_an_attribute_has_a_value(attribute: dict[str, Any]) -> None:
    """Empty is refused."""
    with pytest.raises(DeliveryError, match="must have a text as its value, not empty"):
        check_message(SOUND | {"MessageAttributes": {"a": attribute}})


@pytest.mark.parametrize("value", ["nan", "inf", "-Infinity", "5 %", "1,000", "1e10", "x"])
def test_a_number_is_a_number(value: str) -> None:
    """What is none cannot be compared by a filter."""
    with pytest.raises(DeliveryError, match="is a number within"):
        check_message(SOUND | {"MessageAttributes": {"a": {"DataType": "Number", "StringValue": value}}})


@pytest.mark.parametrize("value", ["0", "-5", "79.04", "1e9"])
def test_numbers_that_filters_compare_are_taken(value: str) -> None:
    """Whole, negative, with a fraction."""
    check_message(SOUND | {"MessageAttributes": {"a": {"DataType": "Number", "StringValue": value}}})


@pytest.mark.parametrize(("value", "fits"), [('["a", 1]', True), ("a, b", False), ('{"a": 1}', False)])
def test_an_array_is_json(value: str, fits: bool) -> None:
    """String.Array is the text of a JSON array."""
    message = SOUND | {"MessageAttributes": {"a": {"DataType": "String.Array", "StringValue": value}}}
    if fits:
        check_message(message)
    else:
        with pytest.raises(DeliveryError, match="is a JSON array"):
            check_message(message)
