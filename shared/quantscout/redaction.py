"""What may leave the process as text: never a key (docs/observability.md says what this cannot know).

Two ways at once. Keys that were read (`KEYS.learn`) are replaced in every form that they may come back in; and whatever
stands where a key stands (a parameter of an address, a header, a field of JSON, a signature) is replaced unread.
"""

import json
import logging
import re
import traceback
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator, Mapping
from contextlib import suppress
from html import escape
from typing import Any
from urllib.parse import quote, quote_plus

from pydantic import ValidationError

from quantscout.errors import QuantScoutError

HIDDEN = "***"
LEAST_CHARS = 8
"""A shorter text is no key of any source; hiding it would tear ordinary words apart."""
MOST_LEARNED = 32
"""Of a process that stays warm through many rotations the oldest are forgotten."""
MOST_DEPTH = 8
CHATTY = ("asyncio", "boto3", "botocore", "h11", "httpcore", "httpx", "s3transfer", "urllib3")
"""Loggers that tell requests and answers with headers and bodies at DEBUG, and addresses at INFO."""

_NAME = (
    r"(?:[\w-]{0,40}(?:api[-_]?key|apikey|secret|passw(?:or)?d|(?:access|auth|security|session)[-_]?token|signature"
    r"|credential|access[-_]?key(?:[-_]?id)?)|token|(?:proxy-)?authorization|set-cookie|cookie)"
)
_IS_NAME = re.compile(_NAME, re.IGNORECASE)
_NOT_AN_ARN = r"(?!(?<=:\d{12}:)secret:)"
"""Of arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME the name stays: it is no value, and says which secret."""
_PATTERNS = (
    # Authorization: AWS4-HMAC-SHA256 Credential=..., Signature=...: its value has blanks and commas
    re.compile(r"((?:authorization|cookie)\b\\*[\"']?\s*[:=]\s*b?\\*[\"']?)([^\"'\\\r\n}\]]+)", re.IGNORECASE),
    # api_key=..., "x-cg-demo-api-key": "...", \"coinalyze_api_key\": \"...\"
    re.compile(rf"(\b{_NOT_AN_ARN}{_NAME}\\*[\"']?\s*[:=]\s*b?\\*[\"']?)([^\"'\\&\s,;<>)\]}}]+)", re.IGNORECASE),
    # (b'api_key', b'...'), as httpcore tells headers
    re.compile(rf"([\"']{_NAME}[\"']\s*,\s*b?[\"'])([^\"'\r\n]+)", re.IGNORECASE),
    re.compile(r"(\w://)([^/@\s\"']+)(?=@)"),  # user:password@host
    re.compile(r"(\b)(?:(?:AKIA|ASIA)[A-Z0-9]{16}|CG-[A-Za-z0-9]{20,})\b"),  # keys of AWS and CoinGecko by their look
)


def forms(secret: str) -> Iterator[str]:
    """Yield the forms in which a text may come back: itself, escaped for JSON, URL, HTML or Python, encoded."""
    for text in {secret, secret.strip()}:
        raw = text.encode()
        inside = json.dumps(text)[1:-1]
        quoted = {quote(text, safe=""), quote(text), quote_plus(text)}
        yield from (
            text,
            inside,
            inside.replace("/", r"\/"),
            json.dumps(inside)[1:-1],
            json.dumps(text, ensure_ascii=False)[1:-1],
        )
        yield from (repr(text)[1:-1], repr(raw)[2:-1], escape(text), raw.hex(), raw.hex().upper())
        yield from (*quoted, *map(_lower_escapes, quoted), *(quote(each, safe="") for each in quoted))
        for shift in range(3):  # base64 looks different at each of three places in what it encodes
            yield from (_base64_core(encode(b"\0" * shift + raw), shift, len(raw)) for encode in _BASE64)


def long_forms(secret: str) -> set[str]:
    """Return those forms that are long enough to be looked for anywhere."""
    return {form for form in forms(secret) if len(form) >= LEAST_CHARS}


_BASE64 = (b64encode, urlsafe_b64encode)


def _base64_core(encoded: bytes, shift: int, length: int) -> str:
    """Return those characters of an encoding that depend on the secret alone, and not on its neighbours."""
    return encoded[-(-8 * shift // 6) : 8 * (shift + length) // 6].decode()


def _lower_escapes(quoted: str) -> str:
    return re.sub("%[0-9A-F]{2}", lambda found: found[0].lower(), quoted)


class Redaction:
    """Replaces keys in texts, values and exceptions; knows what it was told and what a key's place looks like."""

    def __init__(self) -> None:
        """Know no key yet."""
        self._secrets: dict[str, None] = {}
        self._learned: re.Pattern[str] | None = None

    def learn(self, *secrets: str) -> None:
        """Hide these from now on, too; earlier ones stay hidden (a rotated key may still work)."""
        new = {text: None for text in secrets if len(text.strip()) >= LEAST_CHARS and text not in self._secrets}
        if new:
            self._secrets = dict([*self._secrets.items(), *new.items()][-MOST_LEARNED:])
            self._learned = pattern_of(*self._secrets)

    def text(self, text: str) -> str:
        """Return the text without keys."""
        text = text if self._learned is None else self._learned.sub(HIDDEN, text)
        for pattern in _PATTERNS:
            text = pattern.sub(rf"\1{HIDDEN}", text)
        return text

    def value(self, value: Any, depth: int = MOST_DEPTH) -> Any:
        """Return a value for a log line without keys: containers stay what JSON has, unknown objects become texts."""
        if value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, str):
            return self.text(value)
        if depth and isinstance(value, Mapping):
            return {self._key(name): self._field(name, inner, depth - 1) for name, inner in value.items()}
        if depth and isinstance(value, list | tuple | set | frozenset):
            return [self.value(inner, depth - 1) for inner in value]
        return self.text(str(value))

    def _key(self, name: Any) -> Any:
        return name if name is None or isinstance(name, bool | int | float) else self.text(str(name))

    def _field(self, name: Any, value: Any, depth: int) -> Any:
        is_key = isinstance(value, str | bytes) and value and _IS_NAME.fullmatch(str(name)) is not None
        return HIDDEN if is_key else self.value(value, depth)

    def error(self, error: BaseException) -> BaseException:
        """Return the error with no key in it or in what caused it: itself, or a QuantScoutError in its place.

        Texts are replaced within the errors, so that class, traceback and chain stay. An error whose text cannot be
        changed is replaced by one that says its class and its text, with its traceback.
        """
        return self._error(error, {})

    def _error(self, error: BaseException, seen: dict[int, BaseException]) -> BaseException:
        if id(error) in seen:
            return seen[id(error)]
        seen[id(error)] = error
        for inner in getattr(error, "exceptions", ()):  # of a group
            self._error(inner, seen)
        self._scrub(error)
        clean = error if self._is_clean(error) else self._stand_in(error)
        seen[id(error)] = clean
        if error.__cause__ is not None:
            clean.__cause__ = self._error(error.__cause__, seen)
        if error.__context__ is not None:
            clean.__context__ = self._error(error.__context__, seen)
        clean.__suppress_context__ = error.__suppress_context__
        return clean

    def _scrub(self, error: BaseException) -> None:
        """Replace keys in what the error carries; what refuses to be changed is found by `_is_clean`."""
        error.args = tuple(self._same_or_clean(part) for part in error.args)
        for name, part in list(vars(error).items()):
            clean = self._same_or_clean(part)
            if clean is not part:
                with suppress(AttributeError, TypeError):
                    setattr(error, name, clean)

    def _same_or_clean(self, part: Any) -> Any:
        """Return the very object where it shows no key."""
        if isinstance(part, BaseException) or self.text(str(part)) == str(part):
            return part
        return self.text(part) if isinstance(part, str) else self.value(part)

    def _is_clean(self, error: BaseException) -> bool:
        if isinstance(error, ValidationError):  # it quotes its input, cut in the middle: half a key is found by nobody
            return False
        texts = (str(error), repr(error), "".join(traceback.format_exception_only(error)))
        inner = getattr(error, "exceptions", ())  # their texts need not be in the group's own
        return all(self.text(text) == text for text in texts) and all(self._is_clean(each) for each in inner)

    def _stand_in(self, error: BaseException) -> QuantScoutError:
        text = "; ".join(f"{type(each).__name__}: {_said(each)}" for each in (error, *getattr(error, "exceptions", ())))
        return QuantScoutError(self.text(text)).with_traceback(error.__traceback__)


def _said(error: BaseException) -> str:
    if not isinstance(error, ValidationError):
        return str(error)
    problems = error.errors(include_url=False, include_context=False, include_input=False)
    return "; ".join(f"{'.'.join(map(str, each['loc'])) or 'the whole'}: {each['msg']}" for each in problems)


def pattern_of(*secrets: str) -> re.Pattern[str]:
    """Return what finds every form of these texts, the longest first, so that no rest stays behind."""
    found = {form for secret in secrets for form in long_forms(secret)}
    return re.compile("|".join(re.escape(form) for form in sorted(found, key=lambda form: (-len(form), form))))


KEYS = Redaction()
"""The process's own: load_keys tells it what it reads, every log line passes it."""


class RedactionFilter(logging.Filter):
    """Takes keys out of a record before any handler makes text of it; lets every record through."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Clean message, exception, stack and extra values."""
        record.msg, record.args = KEYS.text(record.getMessage()), None
        if record.exc_info and record.exc_info[1] is not None:
            clean = KEYS.error(record.exc_info[1])
            record.exc_info = (type(clean), clean, clean.__traceback__)
        for name, value in list(vars(record).items()):
            if name not in _PLAIN:
                setattr(record, name, KEYS.value(value))
        return True


_PLAIN = frozenset(vars(logging.makeLogRecord({}))) - {"exc_text", "stack_info", "taskName", "threadName"}
_FILTER = RedactionFilter()


def guard_other_loggers() -> None:
    """Keep the libraries' loggers quiet whatever the root's level, and clean what any logger hands to the root.

    The root's handlers are Lambda's own; the last resort stands in where there is none, and writes to stderr.
    """
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    for handler in (*logging.getLogger().handlers, logging.lastResort):
        if handler is not None and _FILTER not in handler.filters:
            handler.addFilter(_FILTER)
