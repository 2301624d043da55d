"""Answers that are nearly right: a valid one, changed in a few places, then perhaps damaged as bytes."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from typing import Any

from hypothesis import strategies as st

Draw = Callable[[st.SearchStrategy[Any]], Any]
Place = tuple[Any, Any]
"""A container and the key or index inside it."""

LONG_CHARS = 9_000
NESTED = "[" * 400 + "]" * 400
RAW_NUMBERS = (  # what json.dumps cannot be made to write; some of it is no JSON
    *("1e400", "-1e400", "1e-400", "1E+5", "0.1e1", "-0", "-0.0", "1.7976931348623157e308", "5e-324"),
    *("00", "1.", ".5", "+1", "0x10", "nul", "NaN", "-Infinity", "Infinity", "9" * 400, "9" * 4_300, "-" + "9" * 4_301),
    *("0." + "3" * 5_000, NESTED, '{"a":' * 300 + "1" + "}" * 300),
)
LEAVES: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, -1.5, 0.5, 2**31, 2**53 - 1, 2**53, 2**63 - 1, 2**63, 2**64, -(2**63), -(2**63) - 1),
    *(10**30, 1e308, -1e308, 1e-320, float("nan"), float("inf"), float("-inf")),
    *("", " ", "0", "-1", "1e5", "1E400", "-1e-400", " 1 ", "1_000", "0x10", "NaN", "nan", "Infinity", "-inf", "true"),
    *("x" * LONG_CHARS, "9" * LONG_CHARS, "\ud800", "\udfff\ud800", "\x00", "\ufeff", "币安人生", "null", "2026-01-01"),
    *([], {}, [[]], [None], {"": None}, [1, 2], {"symbol": "A"}),
    *(f"@raw:{token}@" for token in RAW_NUMBERS),
)
RAW = re.compile(r'"@raw:(.*?)@"')
PAGE = b"<!DOCTYPE html><html><body>502 Bad Gateway</body></html>"

leaves = st.sampled_from(LEAVES).map(deepcopy)  # they are changed in their turn
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | leaves
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4)
)
numbers = st.integers(0, 2**16)


def write(value: Any) -> bytes:
    """Return the value as JSON, with the tokens that Python would not write."""
    return RAW.sub(lambda match: match[1], json.dumps(value)).encode()


def places(value: Any) -> Iterator[Place]:
    """Yield every place inside a value, outer ones first."""
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield value, key
        yield from places(value[key])


def _replace(draw: Draw, place: Place, _: Sequence[Place]) -> None:
    inside, key = place
    inside[key] = draw(leaves)


def _retype(draw: Draw, place: Place, _: Sequence[Place]) -> None:
    """Write the same thing as another type, or another number in the same place."""
    inside, key = place
    value = inside[key]
    ways: list[Callable[[], Any]] = [lambda: [value], lambda: {"value": value}, lambda: json.dumps(value)]
    if isinstance(value, int | float):
        ways += [lambda: -value, lambda: str(value), lambda: value * 10**20, lambda: value + 0.5, lambda: f"{value:e}"]
    if isinstance(value, str):
        ways += [lambda: "-" + value, lambda: value + "0" * 30, lambda: value[:40] * 300, lambda: f" {value} "]
    inside[key] = draw(st.sampled_from(ways))()


def _drop(_draw: Draw, place: Place, _: Sequence[Place]) -> None:
    inside, key = place
    del inside[key]


def _copy(draw: Draw, place: Place, everywhere: Sequence[Place]) -> None:
    """Put here what stands in another place: a repeated row, a name of another contract, a list for a number."""
    inside, key = place
    source, other = everywhere[draw(numbers) % len(everywhere)]
    copied = deepcopy(source[other])
    if isinstance(inside, list) and draw(st.booleans()):
        inside.insert(key, copied)
    else:
        inside[key] = copied


def _reorder(draw: Draw, place: Place, _: Sequence[Place]) -> None:
    """Turn the list around, or repeat it, or give a member another name."""
    inside, key = place
    if isinstance(inside, dict):
        inside[draw(st.sampled_from(["", "Symbol", f"{key}s"]))] = inside.pop(key)
    elif draw(st.booleans()):
        inside.reverse()
    else:
        inside.extend(deepcopy(inside[: 3 + key]))


CHANGES = (_replace, _replace, _replace, _retype, _retype, _drop, _copy, _copy, _reorder)


def mutated(draw: Draw, template: str) -> bytes:
    """Return a valid answer with one to four changes."""
    whole = [json.loads(template)]
    for _ in range(draw(st.sampled_from((1, 1, 1, 2, 3, 4)))):
        everywhere = list(places(whole))
        if everywhere:
            place = everywhere[draw(numbers) % len(everywhere)]
            draw(st.sampled_from(CHANGES))(draw, place, everywhere)
    return write(whole[0]) if whole else b""


def damaged(draw: Draw, body: bytes) -> bytes:
    """Return the bytes as a bad line, a proxy or another encoding would leave them."""
    at = draw(numbers) % (len(body) + 1)
    ways = (
        *(b"", PAGE, body[:at], body[at:], b"\xef\xbb\xbf" + body, body.decode().encode("utf-16"), body + body),
        *(
            body[:at] + b"\xff" + body[at:],
            body[:at] + b"\x00" + body[at:],
            b" \n" + body + b"\r\n",
            b"\x1f\x8b" + body,
        ),
    )
    return bytes(draw(st.sampled_from(ways)))


@st.composite
def bodies(draw: Draw, templates: Sequence[str]) -> bytes:
    """Return one body: mostly a mutated valid answer, else a damaged one, any JSON, or any bytes."""
    template = templates[draw(numbers) % len(templates)]
    kind = draw(st.integers(0, 9))
    if kind < 7:
        return mutated(draw, template)
    if kind == 7:
        return damaged(draw, template.encode())
    return write(draw(anything)) if kind == 8 else bytes(draw(st.binary(max_size=40)))
