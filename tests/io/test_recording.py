"""Calls and attempts while they are recorded: what passes is unchanged, and comes back from the tape as it was."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from io import BytesIO
from typing import Any, cast

import httpx
import pytest
from fake_market import NOON
from taped import CANARY, ENVIRONMENT, KEYS, SETTINGS, bare_report

from quantscout.errors import SourceError
from quantscout.http import SourceClient
from quantscout.models import Report
from quantscout.recording import open_recorder
from quantscout.sources import open_sources
from quantscout.tape import Tape, parse_tape
from quantscout_local.replay import Answers

EVERY_BYTE = b"[" + bytes(range(256)) + b"]"
Reply = Callable[[httpx.Request], httpx.Response]
NO_REPORT = bare_report(hour="2026-03-01T12:00:00Z", config_hash="0")


class Chunks(httpx.AsyncByteStream):
    """A body that comes in pieces, and may break."""

    def __init__(self, chunks: Sequence[bytes], error: Exception | None = None) -> None:
        """Send these, and then the error."""
        self._chunks, self._error = chunks, error

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self._chunks:
            yield chunk
        if self._error:
            raise self._error


def taped(reply: Reply, calls: Callable[[SourceClient], Any]) -> tuple[list[Any], Tape]:
    """Return what the calls of a client brought (or raised), and the tape of them."""

    async def work() -> tuple[list[Any], bytes]:
        with open_recorder(lambda: NOON, KEYS) as tape:
            async with open_sources(ENVIRONMENT, KEYS, listener=tape) as sources:
                found = await asyncio.gather(*calls(sources.clients[2]), return_exceptions=True)
            file = BytesIO()
            tape.finish(ENVIRONMENT, SETTINGS, NO_REPORT, file)
            return found, file.getvalue()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("quantscout.recording.build_pools", lambda: [httpx.MockTransport(reply)] * 3)
        patch.setattr("quantscout.retry._jitter", lambda _: 0.0)
        patch.setattr(Report, "to_json", lambda _: "{}")
        found, file = asyncio.run(work())
    return found, parse_tape(BytesIO(file), "a.qst")


def replayed(tape: Tape, calls: Callable[[SourceClient], Any]) -> list[Any]:
    """Return what the same calls bring from the tape."""

    async def work() -> list[Any]:
        async with open_sources(ENVIRONMENT, KEYS, listener=Answers(tape)) as sources:
            return await asyncio.gather(*calls(sources.clients[2]), return_exceptions=True)

    return asyncio.run(work())


# ---------------------------------------------------------------- calls and attempts


@pytest.mark.parametrize("body", [EVERY_BYTE, b"[]", b'{"a": "\xc3\xa9\\ud800"}', b"[" + b"\x00" * 100_000 + b"]"])
def test_odd_bytes_come_back_as_they_were(body: bytes) -> None:
    """Nulls, invalid UTF-8, lone surrogates: a body is bytes, on the way in and out."""

    def calls(client: SourceClient) -> list[Any]:
        return [client.get("/a", {"symbol": "币安人生USDT", "b": 2})]

    found, tape = taped(lambda _: httpx.Response(200, stream=Chunks([body[:7], body[7:]])), calls)
    assert found == replayed(tape, calls) == [body]


def test_a_compressed_body_is_kept_as_the_run_saw_it() -> None:
    """Content encodings are undone; a refusal's body, too, can be read."""
    packed = gzip.compress(b'{"msg": "down"}')

    def reply(_: httpx.Request) -> httpx.Response:
        return httpx.Response(400, headers={"content-encoding": "gzip"}, stream=Chunks([packed]))

    (error,), tape = taped(reply, lambda client: [client.get("/a")])
    assert isinstance(error, SourceError)
    assert tape.frames["attempts"]["body"].to_list() == [b'{"msg": "down"}']


def test_an_answer_after_failures_is_answered_at_once() -> None:
    """Three attempts are on the tape in order; the replay needs none of the first two, and counts the retries."""
    replies: Iterator[Any] = iter(
        [httpx.Response(503, json={}), httpx.ReadTimeout("slow"), httpx.Response(200, content=b"[1]")]
    )

    def reply(_: httpx.Request) -> httpx.Response:
        answer = next(replies)
        if isinstance(answer, Exception):
            raise answer
        return cast("httpx.Response", answer)

    found, tape = taped(reply, lambda client: [client.get("/a")])
    assert found == replayed(tape, lambda client: [client.get("/a")]) == [b"[1]"]
    attempts = tape.frames["attempts"].select("attempt", "status", "failure").rows()
    assert attempts == [(1, 503, None), (2, None, "ReadTimeout: slow"), (3, 200, None)]
    assert tape.header.sources["coinalyze"].retried == {"unavailable": 1, "timeout": 1}


def test_a_failure_comes_back_with_all_that_it_said() -> None:
    """Fault, detail, contract and what the source asked for are those of the recording."""

    def reply(_: httpx.Request) -> httpx.Response:
        return httpx.Response(418, json={"msg": "banned"}, headers={"retry-after": "7"})

    def calls(client: SourceClient) -> list[Any]:
        return [client.get("/a", contract="AUSDT")]

    (then,), tape = taped(reply, calls)
    (now,) = replayed(tape, calls)
    assert isinstance(then, SourceError)
    assert vars(now) == vars(then)
    assert str(now) == str(then)


def test_a_connection_that_breaks_in_the_body_is_noted() -> None:
    """What came before the break is kept beside the error."""
    broken = Chunks([b"[1, 2"], httpx.ReadError("reset"))
    (error,), tape = taped(lambda _: httpx.Response(200, stream=broken), lambda client: [client.get("/a")])
    assert isinstance(error, SourceError)
    row = tape.frames["attempts"].row(0, named=True)
    assert (row["status"], row["body"], row["failure"]) == (200, b"[1, 2", "ReadError: reset")


def test_the_same_request_twice_has_two_answers() -> None:
    """A poll that is repeated gets what each of its rounds got."""
    count = iter(range(9))

    def calls(client: SourceClient) -> list[Any]:
        return [client.get("/a", {"x": 1}), client.get("/a", {"x": 1})]

    found, tape = taped(lambda _: httpx.Response(200, json=[next(count)]), calls)
    assert replayed(tape, calls) == found
    assert found[0] != found[1]


def test_a_source_that_echoes_the_key_puts_it_nowhere() -> None:
    """In bodies of answers and refusals the key is blotted out."""

    def reply(request: httpx.Request) -> httpx.Response:
        echo = {"msg": f"your key {request.headers['api_key']} is good"}
        return httpx.Response(400 if request.url.path.endswith("/b") else 200, json=echo)

    found, tape = taped(reply, lambda client: [client.get("/a"), client.get("/b")])
    assert "your key *** is good" in str(found[0])  # not even the run reads it
    texts = [*tape.frames["calls"]["body"], *tape.frames["attempts"]["body"], *tape.frames["calls"]["detail"]]
    assert CANARY not in str(texts) + tape.header.model_dump_json()
    assert "your key ***" in str(texts)


def test_requests_spread_over_the_pools() -> None:
    """Each goes to the pool that is least busy, as if every pool had a client of its own."""
    seen: list[int] = []

    class Pool(httpx.AsyncBaseTransport):
        def __init__(self, number: int) -> None:
            self.number = number

        async def handle_async_request(self, _: httpx.Request) -> httpx.Response:
            seen.append(self.number)
            await asyncio.sleep(0.01)
            return httpx.Response(200, stream=Chunks([b"[]"]))

    async def work() -> None:
        with open_recorder(lambda: NOON, KEYS) as tape:
            async with httpx.AsyncClient(transport=tape.transport("a", [Pool(k) for k in range(3)])) as client:
                await asyncio.gather(*(client.get("http://a.test/") for _ in range(6)))

    asyncio.run(work())
    assert sorted(seen) == [0, 0, 1, 1, 2, 2]
