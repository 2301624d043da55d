"""The client: connections, what a status means, and that a key stays a secret."""

import asyncio
import json
import traceback
from collections.abc import Callable

import httpx
import pytest

from quantscout.errors import InputError, SourceError
from quantscout.http import CONNECTIONS_PER_POOL, POOLS, SourceClient, Spent
from quantscout.limits import Budget

KEY = "s3cret-key"


def source(reply: Callable[[httpx.Request], httpx.Response], budget: Budget | None = None) -> SourceClient:
    """Return a client whose source answers like this."""
    headers = {"api_key": KEY}
    budgets = {"default": budget or Budget(1e9, 60)}
    transport = httpx.MockTransport(reply)
    return SourceClient(
        "venue", "https://venue.test", budgets, secret_headers=headers, transport=transport, sleep=no_sleep
    )


async def no_sleep(_: float) -> None:
    """Wait for nothing: what is waited for is the matter of test_retry.py."""


def get(client: SourceClient, path: str = "/x", times: int = 1) -> list[bytes]:
    """Return the bodies of so many requests, sent together."""

    async def ask() -> list[bytes]:
        async with client:
            return await asyncio.gather(*(client.get(path, weight=2, contract="AUSDT") for _ in range(times)))

    return asyncio.run(ask())


def failure(status: int, body: str = "{}") -> SourceError:
    """Return the error that this answer becomes."""
    with pytest.raises(SourceError) as caught:
        get(source(lambda _: httpx.Response(status, content=body)))
    return caught.value


@pytest.mark.parametrize(
    ("status", "fault"),
    [
        (451, "blocked_region"),
        (403, "refused"),
        (429, "rate_limited"),
        (418, "banned"),
        (400, "bad_request"),
        (401, "bad_request"),
        (404, "bad_request"),
        (500, "unavailable"),
        (503, "unavailable"),
        (302, "unavailable"),
        (202, "unavailable"),
    ],
)
def test_status_decides_the_fault(status: int, fault: str) -> None:
    """Every status other than 200 is one of the faults that a run knows."""
    assert failure(status).fault == fault


@pytest.mark.parametrize("status", [200, 429, 500])
def test_kucoin_overload_code_is_a_rate_limit(status: int) -> None:
    """KuCoin's 429000 is a rate limit whatever the status says."""
    assert failure(status, '{"code":"429000","msg":"too many"}').fault == "rate_limited"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('{"code":-1121,"msg":"Invalid symbol."}', "-1121: Invalid symbol."),
        ('{"message":"Unknown key"}', "Unknown key"),
        ('{"status":{"error_code":10002,"error_message":"API Key Missing"}}', "10002: API Key Missing"),
        ('{"error":"coin not found"}', "coin not found"),
    ],
)
def test_refusal_quotes_code_and_message(body: str, said: str) -> None:
    """A refusal carries the source's own code and message, in each source's way of saying it."""
    assert failure(400, body).detail == f"HTTP 400 at /x: {said}"


@pytest.mark.parametrize("body", ["<html>" + "x" * 5_000, "[" * 900, "[1]", '"text"', "null", "{"])
def test_refusal_never_quotes_a_body(body: str) -> None:
    """A body that is not a source's refusal is left out of the message."""
    assert failure(403, body).detail == "HTTP 403 at /x: without a message"


def test_refusal_names_the_contract() -> None:
    """The error tells which contract was asked for."""
    assert failure(400).contract == "AUSDT"


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (httpx.ConnectTimeout("slow"), "timeout"),
        (httpx.ReadTimeout("slow"), "timeout"),
        (httpx.ConnectError("no route"), "unavailable"),
        (httpx.RemoteProtocolError("cut off"), "unavailable"),
        (httpx.DecodingError("bad gzip"), "unavailable"),
    ],
)
def test_broken_connection_is_typed(error: httpx.RequestError, fault: str) -> None:
    """Whatever breaks on the way becomes a timeout or an unavailable source."""

    def reply(_: httpx.Request) -> httpx.Response:
        raise error

    with pytest.raises(SourceError) as caught:
        get(source(reply))
    assert caught.value.fault == fault


def test_key_travels_in_the_header_alone() -> None:
    """The key is in its header and not in the address."""
    seen: list[httpx.Request] = []

    def reply(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, content=b"{}")

    get(source(reply))
    assert seen[0].headers["api_key"] == KEY
    assert KEY not in str(seen[0].url)


def test_echoed_key_is_masked() -> None:
    """A source that repeats the key in its message does not bring it into ours."""
    error = failure(401, json.dumps({"message": f"key {KEY} is not valid"}))
    assert error.detail == "HTTP 401 at /x: key *** is not valid"


def test_key_is_in_no_traceback() -> None:
    """Neither the whole chain of errors nor the client's repr shows the key."""

    def reply(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError(f"cannot send {request.headers['user-agent']}")

    client = source(reply)
    with pytest.raises(SourceError) as caught:
        get(client)
    assert KEY not in "".join(traceback.format_exception(caught.value)) + repr(client)


@pytest.mark.parametrize("key", ["", "  ", "two\nlines", "schlüssel"])
def test_unusable_key_is_refused_without_quoting_it(key: str) -> None:
    """A key that no header can carry is refused at once, by name and not by value."""
    with pytest.raises(InputError, match="the key of venue") as caught:
        SourceClient("venue", "https://venue.test", {}, secret_headers={"api_key": key})
    assert not key.strip() or key not in str(caught.value)


def test_key_may_end_with_a_line_break() -> None:
    """A line break after the key, as a secret store often adds, does no harm."""
    client = SourceClient("venue", "https://venue.test", {}, secret_headers={"api_key": KEY + "\n"})
    assert repr(client) == "SourceClient(venue)"


def test_simulated_parts_are_collected() -> None:
    """The names in the header of simulated answers add up over requests."""
    headers = iter(["taker_split", "order_book taker_split", ""])
    client = source(lambda _: httpx.Response(200, content=b"[]", headers={"x-quantscout-simulated": next(headers)}))
    get(client, times=3)
    assert client.simulated == {"taker_split", "order_book"}


def test_spent_counts_refused_requests_too() -> None:
    """A refused request costs its weight as any other."""
    client = source(lambda _: httpx.Response(400))
    with pytest.raises(SourceError):
        get(client)
    assert client.spent == {"default": Spent(1, 2)}


def test_requests_share_a_hundred_connections() -> None:
    """Never more than a hundred requests are under way, however many are wanted."""
    flying = most = 0

    async def reply(_: httpx.Request) -> httpx.Response:
        nonlocal flying, most
        flying += 1
        most = max(most, flying)
        await asyncio.sleep(0.001)
        flying -= 1
        return httpx.Response(200, content=b"[]")

    transport = httpx.MockTransport(reply)
    client = SourceClient("venue", "https://venue.test", {"default": Budget(1e9, 60)}, transport=transport)
    assert get(client, times=350) == [b"[]"] * 350
    assert most == POOLS * CONNECTIONS_PER_POOL


def test_slot_is_free_again_after_a_failure() -> None:
    """Failed requests give their connection back: more of them than slots still all get their answer."""
    client = source(lambda _: httpx.Response(500))

    async def ask() -> list[bytes | BaseException]:
        async with client:
            wanted = POOLS * CONNECTIONS_PER_POOL + 20
            return await asyncio.gather(*(client.get("/x") for _ in range(wanted)), return_exceptions=True)

    assert {type(answer) for answer in asyncio.run(ask())} == {SourceError}
