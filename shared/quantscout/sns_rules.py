"""What SNS refuses, or takes and then loses, refused before it is asked: some doubles accept all of it. Pure.

Sources: the API references of Publish and MessageAttributeValue, and "Message attributes" in SNS's developer guide.
"""

import json
import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from quantscout.errors import DeliveryError

SIZE_LIMIT_BYTES = 262_144
"""Body and attributes (names, types, values) together."""
SUBJECT_LIMIT = 100
SMS_LIMIT_BYTES = 1_600
ATTRIBUTES_LIMIT = 10
"""A queue with raw delivery loses a message that has more."""
NAME_CHARS = 256
NAME = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")
RESERVED = ("aws.", "amazon.")
TYPES = ("String", "String.Array", "Number", "Binary")
NUMBER_LIMIT = Decimal("1e9")
"""Filter policies compare numbers within this range."""


def check_message(message: Mapping[str, Any]) -> None:
    """Refuse a message that SNS would refuse or not bring whole (DeliveryError, which names the part)."""
    _check_subject(message["Subject"])
    _check_bodies(message["Message"])
    attributes = message.get("MessageAttributes", {})
    if len(attributes) > ATTRIBUTES_LIMIT:
        raise DeliveryError(f"the message has {len(attributes)} attributes; a queue with raw delivery takes 10")
    for name, attribute in attributes.items():
        _check_attribute(name, attribute)
    size = _bytes(message["Message"]) + sum(_size(name, attribute) for name, attribute in attributes.items())
    if size > SIZE_LIMIT_BYTES:
        raise DeliveryError(f"the message has {size} bytes with its attributes; SNS takes {SIZE_LIMIT_BYTES}")


def _bytes(text: str) -> int:
    try:
        return len(text.encode())
    except UnicodeEncodeError as cause:
        raise DeliveryError(f"the message holds half a character that UTF-8 cannot carry: {cause.reason}") from cause


def _size(name: str, attribute: Mapping[str, Any]) -> int:
    return _bytes(name + str(attribute["DataType"]) + str(attribute.get("StringValue", "")))


def _check_subject(subject: str) -> None:
    fits = 0 < len(subject) < SUBJECT_LIMIT and subject.isascii() and subject.isprintable()
    if not fits or subject[0] == " ":
        raise DeliveryError(f"the subject {subject!r} must be 1 to 99 printable ASCII characters, no space first")


def _check_bodies(text: str) -> None:
    """Refuse what is no JSON object of texts with a `default`; SNS ignores a body that is no text, or sends none."""
    try:
        bodies = json.loads(text)
    except ValueError as cause:
        raise DeliveryError("the message is no JSON, but says that it has a body per protocol") from cause
    if not isinstance(bodies, dict) or "default" not in bodies:
        raise DeliveryError("the message has no body for the protocol 'default'")
    for protocol, body in bodies.items():
        if not isinstance(body, str) or not body.strip():
            raise DeliveryError(f"the message has no body for the protocol '{protocol}': it must be a text, not empty")
    size = _bytes(bodies.get("sms", ""))
    if size > SMS_LIMIT_BYTES:
        raise DeliveryError(f"the SMS has {size} bytes; SNS takes {SMS_LIMIT_BYTES}")


def _check_attribute(name: str, attribute: Mapping[str, Any]) -> None:
    """Refuse a name, a type or a value that SNS refuses; we send no Binary."""
    if not NAME.fullmatch(name) or len(name) > NAME_CHARS or name.lower().startswith(RESERVED):
        raise DeliveryError(f"the attribute {name!r} needs a name of letters, digits, _ - and single dots inside")
    kind, value = attribute.get("DataType"), attribute.get("StringValue")
    if kind not in TYPES:
        raise DeliveryError(f"the attribute {name} has the type {kind!r}; SNS takes {', '.join(TYPES)}")
    if kind == "Binary" or not isinstance(value, str) or not value:
        raise DeliveryError(f"the attribute {name} must have a text as its value, not empty")
    if kind == "Number" and not _is_number(value):
        raise DeliveryError(f"the attribute {name} says that {value!r} is a number within -1e9 to 1e9")
    if kind == "String.Array" and not _is_array(value):
        raise DeliveryError(f"the attribute {name} says that {value!r} is a JSON array")


def _is_number(text: str) -> bool:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return False
    return number.is_finite() and abs(number) <= NUMBER_LIMIT


def _is_array(text: str) -> bool:
    try:
        return isinstance(json.loads(text), list)
    except ValueError:
        return False
