"""What a function tells of each invocation: one line that sums it up, six metrics, and never a key.

Every line of an invocation carries the hour as `correlation_id`, as the report's run_id begins and the run record is
found. What is told here may not cost the run: a report that is out stays out.
"""

import functools
import sys
import time
from collections.abc import Callable, Mapping
from resource import RUSAGE_SELF, getrusage
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter
from aws_lambda_powertools.utilities.typing import LambdaContext

from quantscout.backfill import Filled
from quantscout.clock import iso, to_ms
from quantscout.delivery import Delivered
from quantscout.http import SourceClient
from quantscout.lines import FUNNEL, NOTE_CHARS, Answer, SourceLine, line_of, line_of_source
from quantscout.measures import (
    LoadReport,
    Values,
    banned_until_of,
    breaker_of,
    measure_backfill,
    measure_delivery,
    write_metrics,
)
from quantscout.models import HourEvent, Report, SourceState, parse_event
from quantscout.redaction import KEYS, guard_other_loggers
from quantscout.sources import NO_KEY, Sources

ERROR_CHARS = 300
Handler = Callable[[dict[str, Any], LambdaContext], Answer]


class RedactingFormatter(LambdaPowertoolsFormatter):
    """Powertools' formatter; keys are taken out of message, values, exception and stack, and the line stays JSON."""

    def serialize(self, log: Any) -> str:
        """Return the line."""
        return super().serialize(KEYS.value(log))


def open_log() -> Logger:
    """Return the function's logger, and keep the other loggers of the process from telling what they must not."""
    guard_other_loggers()
    return Logger(logger_formatter=RedactingFormatter())


class Invocation:
    """One invocation while it lasts: what it is about, whom it asks, what it came to."""

    def __init__(self, log: Logger, now_s: Callable[[], float], context: LambdaContext) -> None:
        """Begin; until the hour is known the lines carry the request's id."""
        self._log, self._now_s, self._context = log, now_s, context
        self._began_s = time.perf_counter()
        self._stream = log.registered_handler.stream if hasattr(log.registered_handler, "stream") else sys.stdout
        self._hour = ""
        self._clients: tuple[SourceClient, ...] | None = None
        self._values: Values = {}
        self._asked_all = False
        log.set_correlation_id(context.aws_request_id)

    def parse(self, event: object) -> HourEvent:
        """Return the event (InputError); from here on every line, of threads too, carries its hour."""
        parsed = parse_event(event)
        self._hour = iso(to_ms(parsed.hour))
        self._log.set_correlation_id(self._hour)
        return parsed

    def remaining_s(self) -> float:
        """Return the seconds until Lambda would end the invocation."""
        return self._context.get_remaining_time_in_millis() / 1000

    def watch(self, sources: Sources) -> None:
        """Remember whom the run asks; what they met is read at the end."""
        self._clients = sources.clients

    def sending(self, send: Callable[..., str]) -> Callable[..., str]:
        """Return the same way to publish, which leaves a line for each try that fails."""

        @functools.wraps(send)
        def heard(topic: str, report: Report, attempt: int) -> str:
            try:
                return send(topic, report, attempt)
            except Exception as error:
                self._log.warning("the message was not taken", extra={"error": str(error)[:ERROR_CHARS]})
                raise

        return heard

    def delivered(self, done: Delivered, answer: Answer, load_report: LoadReport) -> None:
        """Tell of a delivery: what was unusual, and the line "hour done"; `answer` is what the function returns."""
        with _Guard(self._log):
            self._asked_all = True
            own = done.report if done.ending == "published" else None
            line = line_of(answer) | ({"funnel": own.funnel.model_dump(include=set(FUNNEL))} if own else {})
            self._tell_unusual(done, own)
            self._log.info("hour done", extra=self._line(line, own.sources if own else {}))
            self._values |= measure_delivery(done, load_report, self._now_s())

    def filled(self, filled: list[Filled], answer: Answer) -> None:
        """Tell of a backfill: the line "backfill done"."""
        with _Guard(self._log):
            self._log.info("backfill done", extra=self._line({"hour": self._hour} | line_of(answer), {}))
            self._values |= measure_backfill(filled)

    def failed(self, error: BaseException) -> None:
        """Tell that the invocation ends with this error; Lambda's runtime prints its traceback."""
        told = {"hour": self._hour, "error_type": type(error).__name__, "error": str(error)[:ERROR_CHARS]}
        with _Guard(self._log):
            self._log.error("run failed", extra=self._line(told, {}))

    def end(self) -> None:
        """Write the metrics, also of a run that failed.

        That no breaker is open is only told by a delivery that came to its end: a backfill asks neither Coinalyze nor
        CoinGecko, and whoever failed may have asked nobody.
        """
        with _Guard(self._log):
            count = sum(bool(breaker_of(client, self._now_s())) for client in self._clients or ())
            if count or (self._asked_all and self._clients is not None):
                self._values["OpenBreakers"] = float(count)
            write_metrics(self._values, self._stream)

    def _breaker(self, client: SourceClient) -> SourceLine:
        now_s = self._now_s()
        return {"breaker": breaker_of(client, now_s), "until": banned_until_of(client, now_s)}

    def _tell_unusual(self, done: Delivered, own: Report | None) -> None:
        if done.ending == "stood_back":
            self._log.info("stood back: another run holds the hour", extra={"held_by": done.record.held_by})
        if done.resumed_from is not None:
            told = {"attempt": done.record.attempt, "resumed_from": done.resumed_from}
            self._log.warning(
                "resumed what an earlier attempt left", extra=told | {"last_error": done.record.last_error}
            )
        for name, state in own.sources.items() if own else ():
            if not state.ok and state.note != NO_KEY:
                self._log.warning("source out", extra={"source": name, "note": state.note[:NOTE_CHARS]})
        for client in self._clients or ():
            if (met := self._breaker(client))["breaker"]:
                self._log.warning("breaker open", extra={"source": client.source, **met})

    def _line(self, told: Mapping[str, Any], states: Mapping[str, SourceState]) -> dict[str, Any]:
        """Return what was told with the sources, the time and the memory."""
        clients = {client.source: client for client in self._clients or ()}
        names = dict.fromkeys([*states, *clients])
        return {
            **told,
            "sources": {name: line_of_source(states.get(name)) | self._asked(clients.get(name)) for name in names},
            "took_ms": round(1000 * (time.perf_counter() - self._began_s)),
            "remaining_ms": self._context.get_remaining_time_in_millis(),
            "peak_mb": getrusage(RUSAGE_SELF).ru_maxrss // 1024,
        }

    def _asked(self, client: SourceClient | None) -> SourceLine:
        if client is None:
            return {}
        requests = sum(spent.requests for spent in client.spent.values())
        asked: SourceLine = {"requests": requests, "retried": dict(sorted(client.retried.items()))}
        return asked | self._breaker(client)


class _Guard:
    """Logs whatever is raised within and lets nothing out: a failed invocation would be repeated, message and all."""

    def __init__(self, log: Logger) -> None:
        self._log = log

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> bool:
        if not isinstance(error, Exception):
            return False
        self._log.error("the run was not fully told", exc_info=(type(error), error, error.__traceback__))
        return True


def observed(log: Logger, now_s: Callable[[], float]) -> Callable[[Callable[..., Answer]], Handler]:
    """Return the decorator that gives a handler its Invocation, as a third argument, and ends it however it ends.

    What leaves the handler carries no key: Lambda's runtime prints it, and puts it into the failure queue, by itself.
    """

    def decorate(handler: Callable[[dict[str, Any], LambdaContext, Invocation], Answer]) -> Handler:
        @functools.wraps(handler)
        def wrapped(event: dict[str, Any], context: LambdaContext) -> Answer:
            seen = Invocation(log, now_s, context)
            try:
                return handler(event, context, seen)
            except Exception as error:  # noqa: BLE001 - whatever it is: it goes on below
                clean = KEYS.error(error)
                seen.failed(clean)
            finally:
                seen.end()
            raise clean  # here, where no other error is being handled that would become its context

        return wrapped

    return decorate
