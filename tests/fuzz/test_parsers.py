"""Whatever a source answers: a canonical frame, or an error of ours that names the source and the field.

200 cases a parser, always the same; `make fuzz` runs 10,000 new ones each (FUZZ_CASES).
"""

import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fuzz.mutation import Draw, bodies
from fuzz.parsers import PARSERS
from fuzz.promises import check_error
from quantscout.errors import AnswerError, SourceError

CASES = int(os.environ.get("FUZZ_CASES", "200"))
USUAL = "FUZZ_CASES" not in os.environ

many = settings(
    max_examples=CASES,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)

pytestmark = pytest.mark.fuzz


@st.composite
def asked(draw: Draw, templates: list[list[str]]) -> list[bytes]:
    """Return one body per request, at least one of them not as it should be."""
    broken = draw(st.integers(0, len(templates) - 1))
    others = draw(st.integers(0, 3)) == 0
    return [
        draw(bodies(each)) if index == broken or others else each[0].encode() for index, each in enumerate(templates)
    ]


@pytest.mark.parametrize("name", PARSERS)
@many
@given(data=st.data())
def test_any_answer_is_a_frame_or_a_typed_error(name: str, data: st.DataObject) -> None:
    """Nothing but SourceError and AnswerError leaves a parser, and what it returns keeps its promises."""
    parser = PARSERS[name]
    answers = data.draw(asked(parser.templates))
    try:
        parser.read(*answers)
    except (SourceError, AnswerError) as error:
        check_error(error, parser.source)


@pytest.mark.parametrize("name", PARSERS)
def test_valid_answer_keeps_its_promises(name: str) -> None:
    """What the mutations start from parses, recorded answers included."""
    parser = PARSERS[name]
    usual = [each[0].encode() for each in parser.templates]
    for index, templates in enumerate(parser.templates):
        for template in templates:
            if '"code": "4' not in template:
                parser.read(*usual[:index], template.encode(), *usual[index + 1 :])
