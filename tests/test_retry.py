"""Retries, deadline, bans, alternate hosts: what is asked again, when, and what never is."""

import asyncio
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

import httpx
import pytest

from quantscout.errors import SourceError
from quantscout.http import SourceClient
from quantscout.http_faults import retry_after_of
from quantscout.limits import Budget
from quantscout.retry import RETRIES

OK = httpx.Response(200, content=b"[]")


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now_s, self.slept = 1_000.0, list[float]()

    def __call__(self) -> float:
        return self.now_s

    async def sleep(self, seconds: float) -> None:
        """Move on at once."""
        self.slept.append(seconds)
        self.now_s += seconds


class Asked(SourceClient):
    """A client that remembers which hosts it asked."""

    seen: list[str]


def client_of(time: Time, answers: Iterable[httpx.Response], hosts: str = "https://a.test") -> Asked:
    """Return a client of a source that gives these answers, one after the other, and then [] for ever."""
    given: Iterator[httpx.Response] = iter(answers)
    seen: list[str] = []

    def reply(request: httpx.Request) -> httpx.Response:
        seen.append(request.url.host)
        return next(given, httpx.Response(200, content=b"[]"))

    budgets = {"default": Budget(1e9, 60, clock=time, sleep=time.sleep)}
    transport = httpx.MockTransport(reply)
    client = Asked("venue", hosts, budgets, transport=transport, clock=time, sleep=time.sleep)
    client.seen = seen
    return client


def ask(client: SourceClient, times: int = 1) -> bytes:
    """Ask so many times, one after the other, and return the last answer."""

    async def go() -> bytes:
        for _ in range(times):
            body = await client.get("/x", contract="AUSDT")
        return body

    return asyncio.run(go())


def failure_of(client: SourceClient) -> SourceError:
    """Return the error that the request ends with."""
    with pytest.raises(SourceError) as caught:
        ask(client)
    return caught.value


def responses(status: int, count: int = 20, headers: dict[str, str] | None = None) -> list[httpx.Response]:
    """Return so many refusals."""
    return [httpx.Response(status, content=b"{}", headers=headers or {}) for _ in range(count)]


@pytest.mark.parametrize("status", [500, 502, 503, 429])
def test_a_passing_fault_is_tried_again(status: int) -> None:
    """What may be gone in a moment is asked for again, and the answer is as if nothing had happened."""
    client = client_of(Time(), responses(status, 2))
    assert ask(client) == b"[]"
    assert len(client.seen) == 3


def test_there_are_five_retries_at_most() -> None:
    """A source that stays down is asked six times in all."""
    client = client_of(Time(), responses(500))
    assert failure_of(client).fault == "unavailable"
    assert len(client.seen) == RETRIES + 1 == 6


def test_waits_are_full_jitter_within_their_bounds() -> None:
    """The wait before retry n is anywhere between 0 and 100 ms x 2^n."""
    slept: list[list[float]] = []
    for _ in range(60):
        time = Time()
        failure_of(client_of(time, responses(500)))
        slept.append(time.slept)
    for k, waits in enumerate(zip(*slept, strict=True)):
        bound = 0.1 * 2**k
        assert all(0 <= wait <= bound for wait in waits)
        assert max(waits) > 0.6 * bound
        assert min(waits) < 0.4 * bound


@pytest.mark.parametrize(
    ("status", "fault"), [(451, "blocked_region"), (403, "refused"), (418, "banned"), (400, "bad_request")]
)
def test_a_final_refusal_is_never_tried_again(status: int, fault: str) -> None:
    """A blocked region, a firewall, a ban and a bad request are asked once."""
    client = client_of(Time(), responses(status))
    assert failure_of(client).fault == fault
    assert len(client.seen) == 1


@pytest.mark.parametrize("status", [451, 403, 418])
def test_after_a_refusal_nothing_more_is_sent(status: int) -> None:
    """The source that refused one request gets none of those that follow, and each fails for the same reason."""
    client = client_of(Time(), responses(status))

    async def go() -> list[bytes | BaseException]:
        async with client:
            await asyncio.gather(client.get("/x"), return_exceptions=True)
            return await asyncio.gather(*(client.get("/x") for _ in range(50)), return_exceptions=True)

    assert len({type(answer) for answer in asyncio.run(go())}) == 1
    assert len(client.seen) == 1


def test_a_ban_holds_until_its_time() -> None:
    """Retry-After of a 418 says until when the source is left alone; then it is asked again."""
    time = Time()
    client = client_of(time, responses(418, 1, {"retry-after": "300"}))
    failure_of(client)
    assert client.banned_until_s == 1_300.0
    time.now_s = 1_299.0
    assert failure_of(client).fault == "banned"
    time.now_s = 1_300.0
    assert ask(client) == b"[]"
    assert len(client.seen) == 2


def test_a_ban_without_a_time_lasts_two_minutes() -> None:
    """The venues' shortest ban is assumed."""
    client = client_of(Time(), responses(418, 1))
    failure_of(client)
    assert client.banned_until_s == 1_120.0


def test_retry_after_is_obeyed() -> None:
    """A 429 that names its time is not asked again before it."""
    time = Time()
    ask(client_of(time, responses(429, 1, {"retry-after": "17"})))
    assert sum(time.slept) >= 17.0


def test_retry_after_pauses_the_others_too() -> None:
    """The quota is everybody's: while one waits for it no other request is sent."""
    time = Time()
    client = client_of(time, responses(429, 1, {"retry-after": "17"}))
    ask(client, times=2)
    assert time.now_s >= 1_017.0


def test_an_overload_without_a_time_pauses_nobody() -> None:
    """KuCoin's overload concerns the one request: the others go on."""
    time = Time()
    client = client_of(time, [httpx.Response(429, content=b'{"code":"429000","msg":"busy"}')])
    ask(client)
    assert time.now_s < 1_001.0


def test_no_retry_begins_after_the_deadline() -> None:
    """A wait that would end after the run's time is not begun: the last failure is told at once."""
    time = Time()
    client = client_of(time, responses(429, 20, {"retry-after": "60"}))
    client.deadline_s = 1_050.0
    assert failure_of(client).fault == "rate_limited"
    assert time.now_s < 1_050.0


def test_a_request_after_the_deadline_is_not_sent() -> None:
    """When the run's time is over nothing is asked any more."""
    time = Time()
    client = client_of(time, [])
    client.deadline_s = 999.0
    assert failure_of(client).fault == "deadline"
    assert client.seen == []


def test_a_slow_answer_does_not_outlive_the_deadline() -> None:
    """The deadline ends a request that is under way."""

    async def reply(_: httpx.Request) -> httpx.Response:
        await asyncio.sleep(5)
        return OK

    budgets = {"default": Budget(1e9, 60)}
    client = SourceClient("venue", "https://a.test", budgets, transport=httpx.MockTransport(reply))
    client.deadline_s = client._clock() + 0.05  # noqa: SLF001 - the client's own clock
    assert failure_of(client).fault == "deadline"


def test_a_failed_request_goes_to_the_next_host() -> None:
    """Alternate hosts are tried in turn; a new request begins with the first."""
    client = client_of(Time(), responses(502, 3), "https://a.test, https://b.test")
    ask(client)
    ask(client)
    assert client.seen == ["a.test", "b.test", "a.test", "b.test", "a.test"]


@pytest.mark.parametrize("body", [b"<html>busy</html>", b"", b'[{"a": 1}, {"a"', b"null", b'"text"'])
def test_a_body_that_is_no_json_is_tried_again(body: bytes) -> None:
    """A page, an empty or a cut answer with status 200 is a server in trouble."""
    client = client_of(Time(), [httpx.Response(200, content=body)])
    assert ask(client) == b"[]"
    assert dict(client.retried) == {"unavailable": 1}


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "2.5"}, 2.5),
        ({"retry-after": "Thu, 01 Jan 1970 00:16:50 GMT"}, 10.0),
        ({"gw-ratelimit-reset": "1500", "retry-after": "9"}, 1.5),
        ({"retry-after": "1e15"}, 259_200.0),
        ({"retry-after": "Thu, 01 Jan 9999 00:00:00 GMT"}, 259_200.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "nan"}, None),
        ({}, None),
    ],
)
def test_when_to_ask_again_is_read_in_every_form(headers: dict[str, str], seconds: float | None) -> None:
    """Seconds, fractions, a date, KuCoin's milliseconds; nonsense is no answer."""
    now = datetime.fromtimestamp(1_000, tz=UTC)
    assert retry_after_of(httpx.Response(429, headers=headers), now) == seconds


@pytest.mark.parametrize(("said", "seconds"), [({}, None), ({"retry-after": "2"}, 2.0)])
def test_the_quotas_window_says_nothing_of_an_outage(said: dict[str, str], seconds: float | None) -> None:
    """KuCoin tells of its quota in every answer: a server in trouble is asked again long before the window ends."""
    headers = {"gw-ratelimit-remaining": "1900", "gw-ratelimit-reset": "25000"} | said
    assert retry_after_of(httpx.Response(503, headers=headers), datetime.fromtimestamp(1_000, tz=UTC)) == seconds


def test_the_count_of_the_source_is_taken_over_where_it_is_more() -> None:
    """Somebody else on our address used the minute: the rest waits for the next one."""
    time = Time()
    budget = Budget(100, 60, aligned=True, clock=time, sleep=time.sleep)

    async def go() -> None:
        await budget.take(10)
        budget.correct(95)
        budget.correct(20)
        await budget.take(10)

    asyncio.run(go())
    assert time.now_s == 1_020.0  # the minute that began at 960 ends


def test_the_end_of_the_window_is_taken_over() -> None:
    """KuCoin says when its window ends, which began with somebody's earlier request."""
    time = Time()
    budget = Budget(100, 30, clock=time, sleep=time.sleep)

    async def go() -> None:
        await budget.take(10)
        budget.correct(100, ends_in_s=4)
        await budget.take(10)

    asyncio.run(go())
    assert time.now_s == 1_004.0
