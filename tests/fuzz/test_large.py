"""A body of 5 MB is answered or refused within 2 s, in bounded memory, whatever is in it. Part of `make fuzz` only."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from time import process_time

import pytest

from fuzz.mutation import PAGE, places, write
from fuzz.parsers import PARSERS, Parser
from fuzz.promises import check_error
from fuzz.test_parsers import USUAL
from quantscout.errors import AnswerError, SourceError

BODY_CHARS = 5_000_000
LIMIT_S = 2.0
LIMIT_MB = 768
"""Of a whole process that reads one large body after the other; 160 MB are the interpreter, polars and these tests."""
HERE = "@here@"
ROWS = ("{}", "0", "[]", '"x"', "9" * 4_299)
WHOLE = {
    "nested": b"[" * BODY_CHARS,
    "word": b'"' + b"x" * BODY_CHARS + b'"',
    "digits": b"9" * BODY_CHARS,
    "fraction": b"0." + b"9" * BODY_CHARS,
    "members": b"{" + b",".join(b'"k%d":1' % n for n in range(BODY_CHARS // 11)) + b"}",
    "blanks": b" " * BODY_CHARS,
    "pages": PAGE * (BODY_CHARS // len(PAGE)),
}

STATUS = Path("/proc/self/status")
HEAVIEST = "binance listing", "kucoin book"
CHILD = "import sys; from fuzz.test_large import peak_mb, read_all; read_all(sys.argv[1]); print(peak_mb())"

pytestmark = [pytest.mark.fuzz, pytest.mark.skipif(USUAL, reason="large bodies take a minute: make fuzz reads them")]


def swollen(template: str) -> Iterator[bytes]:
    """Yield the valid answer with each of its lists, in turn, grown to 5 MB: of its own first row, and of others."""
    whole = [json.loads(template)]
    lists = [(inside, key) for inside, key in places(whole) if isinstance(inside[key], list) and inside[key]]
    for inside, key in lists:
        kept, inside[key] = inside[key], HERE
        before, after = write(whole[0]).split(f'"{HERE}"'.encode())
        inside[key] = kept
        for row in (write(kept[0]), *(row.encode() for row in ROWS)):
            yield before + b"[" + b",".join([row] * (BODY_CHARS // (len(row) + 1))) + b"]" + after


def large_answers(parser: Parser) -> Iterator[list[bytes]]:
    """Yield the bodies of a parser, one of them large."""
    usual = [each[0].encode() for each in parser.templates]
    for index, templates in enumerate(parser.templates):
        for body in (*swollen(templates[0]), *WHOLE.values()):
            yield [*usual[:index], body, *usual[index + 1 :]]


def read_all(name: str) -> None:
    """Read every large answer of a parser, each within its time."""
    parser = PARSERS[name]
    for bodies in large_answers(parser):
        started = process_time()
        try:
            parser.read(*bodies)
        except (SourceError, AnswerError) as error:
            check_error(error, parser.source)
        taken_s = process_time() - started
        assert taken_s < LIMIT_S, f"{taken_s:.1f} s for {[body[:80] for body in bodies if len(body) > 10_000]}"


@pytest.mark.parametrize("name", PARSERS)
def test_large_answer_is_read_or_refused_in_time(name: str) -> None:
    """No body of 5 MB keeps a parser busy for more than 2 s of processor time."""
    read_all(name)


def peak_mb() -> int:
    """Return the most memory that this process had; the usage that Python reports counts the parent's, too."""
    return next(int(line.split()[1]) // 1024 for line in STATUS.read_text().splitlines() if line.startswith("VmHWM:"))


@pytest.mark.skipif(not STATUS.is_file(), reason=f"the peak is read from {STATUS}")
@pytest.mark.parametrize("name", HEAVIEST)
def test_large_answer_takes_bounded_memory(name: str) -> None:
    """The parsers whose rows weigh most stay far below what the function has."""
    tests = Path(__file__).parents[1]
    child = subprocess.run(
        [sys.executable, "-c", CHILD, name],
        env={**os.environ, "PYTHONPATH": str(tests)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(child.stdout) < LIMIT_MB
