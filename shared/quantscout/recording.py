"""Recording a run: what it asks, what it is answered, when it reads the clock, and what the state held (docs/tape.md).

Nothing of the run changes by it: requests pass through, answers are noted on their way, and the story knows nothing.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, BinaryIO

import httpx
import polars as pl

from quantscout.attempts import Attempt, RecordingTransport, build_pools
from quantscout.environment import Environment
from quantscout.errors import SourceError
from quantscout.frames import Schema
from quantscout.held import HeldItems
from quantscout.http import Params, SourceClient, Transport
from quantscout.models import Report
from quantscout.readings import READER, NotedClock, Reader, trace_tasks
from quantscout.redaction import KEYS, long_forms
from quantscout.secrets import SourceKeys
from quantscout.settings import Settings
from quantscout.spool import Spool, Stored, open_spool
from quantscout.store import Store
from quantscout.tape import ATTEMPTS, CALLS, Block, Header, Met, digest, path_of, query_of, write_tape

HIDDEN = b"***"
ROWS_PER_BLOCK = 256


@dataclass(slots=True)
class Call:
    """A row of `tape.CALLS` while it is made, and what went over the wire for it."""

    source: str
    path: str
    query: str
    nth: int
    began_ms: float
    took_ms: float | None = None
    body: Stored | None = None
    fault: str | None = None
    detail: str | None = None
    contract: str | None = None
    retry_after_s: float | None = None
    attempts: list[Attempt] = field(default_factory=list)


ASKING: ContextVar[Call | None] = ContextVar("asking", default=None)
"""The call on whose behalf a request is sent."""


class Recorder:
    """A `tape.Listener` that notes everything and changes nothing; `now` stands in for the run's clock."""

    def __init__(self, now: Callable[[], datetime], keys: SourceKeys, spool: Spool) -> None:
        """Take the run's clock, and the keys: not even a source that echoes one puts it onto a tape."""
        self._clock, self._held, self._began_s = NotedClock(now), HeldItems(spool), time.perf_counter()
        self.now = self._clock.now
        self._spool = spool
        texts = [getattr(keys, name).get_secret_value() for name in SourceKeys.model_fields]
        found = {form.encode() for text in texts if text.strip() for form in (text.strip(), *long_forms(text))}
        self._secrets = sorted(found, key=lambda form: (-len(form), form))
        self._clients: list[SourceClient] = []
        self._calls: list[Call] = []
        self._other: list[Attempt] = []  # what no call asked
        self._asked: Counter[tuple[str, str, str]] = Counter()

    @contextmanager
    def listening(self, store: Store) -> Iterator[None]:
        """Note what this state is asked as long as the context lasts; enter it in the loop of the run."""
        trace_tasks()
        with self._held.listening(store):
            yield

    def listen(self, client: SourceClient) -> None:
        """Note every call of this client: what the run got for it, after all attempts."""
        self._clients.append(client)
        get = client.get

        async def heard(path: str, params: Params | None = None, *rest: Any, **named: Any) -> bytes:
            with self._call(client.source, path, params) as call:
                body = await get(path, params, *rest, **named)
                call.body = self._kept(body)
            return body

        client.get = heard  # type: ignore[method-assign] # the one place that every answer passes

    @contextmanager
    def _call(self, source: str, path: str, params: Params | None) -> Iterator[Call]:
        key = source, path_of(path), query_of(params)
        self._asked[key] += 1
        call = Call(*key, self._asked[key], self._elapsed_ms())
        self._calls.append(call)
        # The client's own tasks (connections, time-outs) must not count as children of the one who asks.
        asking, reader = ASKING.set(call), READER.set(Reader("client"))
        try:
            yield call
        except SourceError as error:
            call.fault, call.detail, call.contract = error.fault, error.detail, error.contract
            call.retry_after_s = error.retry_after_s
            raise
        finally:
            call.took_ms = self._elapsed_ms() - call.began_ms
            self._keep_bodies(call)
            READER.reset(reader)
            ASKING.reset(asking)

    def _keep_bodies(self, call: Call) -> None:
        """Put away what the attempts brought; the body of the one that was the answer is the call's."""
        if call.body is not None and call.attempts:
            call.attempts[-1].body = None
        for attempt in call.attempts:
            attempt.body = self._kept(attempt.body) if isinstance(attempt.body, bytes) else attempt.body

    def _kept(self, body: bytes) -> Stored:
        for secret in self._secrets:
            body = body.replace(secret, HIDDEN)
        return self._spool.put(body)

    def _elapsed_ms(self) -> float:
        return 1000 * (time.perf_counter() - self._began_s)

    def transport(self, source: str, inner: Sequence[Transport] = ()) -> RecordingTransport:
        """Return a transport that notes what goes over the wire; `inner` are the real ones, by default the network."""

        def begin(request: httpx.Request) -> Attempt:
            call, query = ASKING.get(), query_of(request.url.params)
            own = self._other if call is None else call.attempts
            own.append(Attempt(source, request.url.path, query, len(own) + 1, self._elapsed_ms()))
            return own[-1]

        def end(attempt: Attempt) -> None:
            attempt.took_ms = self._elapsed_ms() - attempt.began_ms
            if f"{source}_api_key" in SourceKeys.model_fields:  # the others were never told one
                attempt.headers = KEYS.text(attempt.headers)
                attempt.failure = attempt.failure and KEYS.text(attempt.failure)

        return RecordingTransport(inner or build_pools(), begin, end)

    def finish(self, environment: Environment, settings: Settings, report: Report, file: BinaryIO) -> None:
        """Write the tape of the run that made this report, and go back to the file's beginning.

        Raises OSError if not all could be kept.
        """
        if self._spool.problem is not None:
            raise self._spool.problem
        addresses = environment.model_dump(by_alias=True, include={n for n in Environment.model_fields if "url" in n})
        text = report.to_json()
        header = Header(
            hour=report.hour,
            settings_json=settings.model_dump_json(),
            config_hash=report.config_hash,
            sources={c.source: Met(simulated=sorted(c.simulated), retried=c.retried) for c in self._clients},
            addresses=addresses,
            budget_share=environment.budget_share,
            report_sha256=digest(text),
        )
        write_tape(file, header, text, self._blocks())
        file.seek(0)

    def _blocks(self) -> Iterator[Block]:
        for number, call in enumerate(self._calls):
            for attempt in call.attempts:
                attempt.call = number
        attempts = [*(attempt for call in self._calls for attempt in call.attempts), *self._other]
        yield from (("calls", block) for block in self._frames(self._calls, CALLS))
        yield from (("attempts", block) for block in self._frames(attempts, ATTEMPTS))
        yield "moments", self._clock.frame()
        yield from (("state", block) for block in self._held.blocks())

    def _frames(self, rows: Sequence[Call] | Sequence[Attempt], schema: Schema) -> Iterator[pl.DataFrame]:
        for first in range(0, max(1, len(rows)), ROWS_PER_BLOCK):
            part = rows[first : first + ROWS_PER_BLOCK]
            columns = {name: [getattr(row, name) for row in part] for name in schema}
            columns["body"] = [self._spool.get(at) if isinstance(at, Stored) else at for at in columns["body"]]
            yield pl.DataFrame(columns, schema=dict(schema))


@contextmanager
def open_recorder(now: Callable[[], datetime], keys: SourceKeys) -> Iterator[Recorder]:
    """Open a recorder; the tape has to be finished before the context ends."""
    with open_spool() as spool:
        yield Recorder(now, keys, spool)
