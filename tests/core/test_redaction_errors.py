"""Errors and log records lose their keys, and stay what they are otherwise."""

import json
import logging
import traceback
from collections.abc import Callable

import pytest
from pydantic import BaseModel, ValidationError

from learned_key import KEY
from quantscout import redaction
from quantscout.errors import QuantScoutError, SourceError
from quantscout.redaction import CHATTY, HIDDEN, KEYS, Redaction, RedactionFilter, guard_other_loggers


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> Redaction:
    """Return the process's own, with the key, forgotten afterwards."""
    fresh = Redaction()
    fresh.learn(KEY)
    monkeypatch.setattr(redaction, "KEYS", fresh)
    return fresh


def all_texts(error: BaseException) -> str:
    """Return everything that a printer of exceptions may show, of the whole chain, whether suppressed or not."""
    seen: list[BaseException] = []
    left = [error]
    while left:
        one = left.pop()
        if one not in seen:
            seen.append(one)
            left += [each for each in (one.__cause__, one.__context__) if each is not None]
    return "".join(["".join(traceback.format_exception(one)) + repr(one) + repr(vars(one)) for one in seen])


def raised(work: Callable[[], object]) -> Exception:
    """Return what the work raises."""
    try:
        work()
    except Exception as error:  # noqa: BLE001 - any
        return error
    raise AssertionError


class Strict(BaseModel):
    """Refuses a text and quotes it."""

    a: int


def _chained() -> None:
    try:
        raise OSError(5, KEY)  # noqa: TRY301
    except OSError as cause:
        raise SourceError("coinalyze", "unavailable", f"echoed {KEY}") from cause


def _hidden_context() -> None:
    try:
        raise KeyError(KEY)  # noqa: TRY301
    except KeyError:
        raise ValueError("clean") from None


def _noted() -> None:
    error = ValueError("clean")
    error.add_note(f"asked with {KEY}")
    raise error


def _grouped() -> None:
    raise ExceptionGroup("both", [ValueError(KEY), ExceptionGroup("inner", [raised(lambda: Strict(a=KEY))])])


class Stubborn(Exception):  # noqa: N818 - not ours
    """Says the key whatever its arguments."""

    def __str__(self) -> str:
        return f"always {KEY}"


def _stubborn() -> None:
    raise Stubborn


@pytest.mark.parametrize("work", [_chained, _hidden_context, _noted, _grouped, _stubborn, lambda: Strict(a=KEY)])
def test_no_key_is_in_an_error_or_its_causes(told: Redaction, work: Callable[[], None]) -> None:
    """Message, arguments, attributes, notes, groups, causes and contexts."""
    shown = all_texts(told.error(raised(work)))
    assert KEY not in shown
    assert repr(KEY)[1:-1] not in shown
    assert json.dumps(KEY)[1:-1] not in shown


def test_an_error_stays_itself_with_its_traceback(told: Redaction) -> None:
    """Class, fault, frames and chain are what a person needs."""
    error = raised(_chained)
    clean = told.error(error)
    assert clean is error
    assert isinstance(clean, SourceError)
    assert (str(clean), clean.fault) == (f"coinalyze: unavailable: echoed {HIDDEN}", "unavailable")
    assert "_chained" in "".join(traceback.format_exception(clean))
    assert clean.__cause__ is not None


@pytest.mark.parametrize("work", [_stubborn, lambda: Strict(a=KEY)])
def test_an_error_that_cannot_be_changed_is_replaced(told: Redaction, work: Callable[[], None]) -> None:
    """The stand-in names the class and has the traceback."""
    error = raised(work)
    clean = told.error(error)
    assert isinstance(clean, QuantScoutError)
    assert type(error).__name__ in str(clean)
    assert clean.__traceback__ is error.__traceback__


def test_an_error_without_a_key_is_untouched(told: Redaction) -> None:
    """Nothing is lost of an ordinary failure."""
    error = ValueError("plain", 5, {"a": 1})
    assert told.error(error) is error
    assert error.args == ("plain", 5, {"a": 1})


def test_a_circle_of_errors_ends(told: Redaction) -> None:
    """Two errors that name each other are each looked at once."""
    first, second = ValueError(KEY), ValueError(KEY)
    first.__context__, second.__context__ = second, first
    assert KEY not in str(told.error(first)) + str(second)


def test_half_a_key_is_not_left_in_a_quoted_input(told: Redaction) -> None:
    """Pydantic cuts what it quotes in the middle, and half a key is found by no search."""
    body = "x" * 10 + KEY * 9
    assert KEY[:6] not in all_texts(told.error(raised(lambda: Strict(a=body))))


def test_the_filter_cleans_everything_of_a_record(keys: Redaction, caplog: pytest.LogCaptureFixture) -> None:
    """Message, arguments, extra values, exception and stack, for handlers that are not ours."""
    logger, shown = logging.getLogger("test-redaction"), []

    class Kept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            shown.append(logging.Formatter("%(message)s").format(record) + repr(vars(record)))

    handler = Kept()
    handler.addFilter(RedactionFilter())
    logger.addHandler(handler)
    logger.propagate = False
    try:
        try:
            _chained()
        except SourceError:
            logger.exception(
                "asked with %s", KEY, extra={"headers": {"api_key": "unknown"}, "b": [KEY]}, stack_info=True
            )
    finally:
        logger.removeHandler(handler)
        logger.propagate = True
    assert "SourceError" in shown[0]
    assert KEY not in shown[0]
    assert repr(KEY)[1:-1] not in shown[0]
    assert "unknown" not in shown[0]


def test_the_libraries_keep_quiet_whatever_the_root_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the root at DEBUG no library tells requests, answers or addresses; nor do the loggers below them."""
    monkeypatch.setattr(logging.getLogger(), "level", logging.DEBUG)
    guard_other_loggers()
    below = ("botocore.parsers", "botocore.auth", "httpcore.http11", "urllib3.connectionpool")
    for name in (*CHATTY, *below):
        assert not logging.getLogger(name).isEnabledFor(logging.INFO)


def test_every_handler_of_the_root_is_guarded_once() -> None:
    """Lambda's own handler is there before the function's file; a second look adds nothing."""
    handler = logging.NullHandler()
    logging.getLogger().addHandler(handler)
    try:
        guard_other_loggers()
        guard_other_loggers()
        assert [type(each) for each in handler.filters] == [RedactionFilter]
        assert logging.lastResort is not None
        assert RedactionFilter in {type(each) for each in logging.lastResort.filters}
    finally:
        logging.getLogger().removeHandler(handler)


def test_the_processes_own_is_one() -> None:
    """load_keys teaches the same object that the log lines pass."""
    from quantscout import secrets, telemetry  # noqa: PLC0415

    assert vars(secrets)["KEYS"] is vars(telemetry)["KEYS"] is KEYS


def test_a_validation_error_says_what_was_wrong(told: Redaction) -> None:
    """Field and reason stay, the input does not."""
    error = raised(lambda: Strict(a="text"))
    assert isinstance(error, ValidationError)
    assert str(told.error(error)).startswith("ValidationError: a: Input should be a valid integer")
