"""An hour repeated from its tape: no network, no simulator, no waiting; the state is made of what the tape holds."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import polars as pl

from quantscout import METHOD_VERSION
from quantscout.clock import parse_hour
from quantscout.environment import parse_environment
from quantscout.errors import InputError, SourceError, StateError
from quantscout.held import read_items
from quantscout.http import Params, SourceClient
from quantscout.models import Report
from quantscout.pipeline import Outcome, run_hour
from quantscout.readings import TapedClock, trace_tasks
from quantscout.report import config_hash
from quantscout.run import Run
from quantscout.secrets import SourceKeys
from quantscout.settings import parse_settings
from quantscout.sources import NO_KEY, open_sources
from quantscout.store import Store
from quantscout.tape import Tape, parse_tape, path_of, query_of
from quantscout_local import handlers, resources
from quantscout_local.hour import write_files
from quantscout_local.stack import ROOT
from quantscout_local.tables import print_report
from quantscout_local.terminal import open_console

EXIT_DIFFERS = 4
TABLE = "tape"
STAND_IN = "taped"
"""For the keys of the sources that were on: a tape has none, and nothing is sent anywhere."""


class Replayed(NamedTuple):
    """The report of the repeated hour, its universe, and what a person must know before comparing."""

    report: Report
    universe: pl.DataFrame
    warnings: list[str]


def read_tape(path: Path) -> Tape:
    """Return the tape of a file (InputError, one sentence, for everything that is none)."""
    try:
        with path.open("rb") as file:
            return parse_tape(file, str(path))
    except OSError as cause:
        raise InputError(f"the tape {path} cannot be read ({cause.strerror}); name another with --tape FILE") from cause


class Answers:
    """A `tape.Listener` that answers every call from the tape, and lets nothing reach a network."""

    def __init__(self, tape: Tape) -> None:
        """Find answers by source, path, query, and the how-manieth time it is asked."""
        self._header, self._asked = tape.header, Counter[tuple[str, str, str]]()
        rows = tape.frames["calls"].iter_rows(named=True)
        self._calls = {(row["source"], row["path"], row["query"], row["nth"]): row for row in rows}

    def transport(self, source: str) -> httpx.AsyncBaseTransport:
        """Return a transport that refuses every request: whatever went past the tape would be one."""

        async def refuse(request: httpx.Request) -> httpx.Response:
            raise InputError(f"not on the tape: {source} {request.method} {request.url.raw_path.decode()}")

        return httpx.MockTransport(refuse)

    def listen(self, client: SourceClient) -> None:
        """Answer in the client's place, and let it have met what it met then."""
        met = self._header.sources[client.source]
        client.simulated.update(met.simulated)
        client.retried.update(met.retried)

        async def answer(path: str, params: Params | None = None, *_: Any, **__: Any) -> bytes:
            await asyncio.sleep(0)
            return self._answer(client.source, path_of(path), query_of(params))

        client.get = answer  # type: ignore[method-assign] # where the recording listened

    def _answer(self, source: str, path: str, query: str) -> bytes:
        self._asked[source, path, query] += 1
        nth = self._asked[source, path, query]
        row = self._calls.get((source, path, query, nth))
        if row is None:
            raise InputError(f"not on the tape: {source} GET {path}?{query}, asked for time number {nth}")
        if row["fault"] is not None:
            raise SourceError(source, row["fault"], row["detail"], row["contract"], retry_after_s=row["retry_after_s"])
        if row["body"] is None:
            raise InputError(f"the recorded run ended before {source} answered GET {path}?{query}")
        body: bytes = row["body"]
        return body


def replay(tape: Tape) -> Replayed:
    """Return the hour of a tape, computed again by this version's code.

    Raises InputError naming the request when the code asks for something that is not on the tape.
    """
    settings, clock = parse_settings(tape.header.settings_json), TapedClock(tape.frames["moments"])
    hour, answers = parse_hour(tape.header.hour), Answers(tape)
    share = repr(tape.header.budget_share)
    environment = parse_environment({"TABLE_NAME": TABLE, "BUDGET_SHARE": share, **tape.header.addresses})
    keys = SourceKeys.model_validate({f"{source}_api_key": STAND_IN for source in tape.header.sources})

    async def work(store: Store) -> Outcome:
        trace_tasks()
        async with open_sources(environment, keys, listener=answers) as sources:
            asked = replace(sources, no_key=_why_off(tape))
            return await run_hour(Run(hour, asked, store, settings, clock.now, _no_wait))

    with _state(tape.frames["state"]) as store:
        report, _, universe = asyncio.run(work(store))
    if universe is None:
        raise StateError(f"the repeated run of {tape.header.hour} left no universe; see docs/tape.md")
    return Replayed(report, universe, _warnings(tape, config_hash(settings), clock.unknown))


def _why_off(tape: Tape) -> str:
    """Return what the report says of a source that wanted a key and was off: also what was wrong with the secret."""
    keyed = {name.removesuffix("_api_key") for name in SourceKeys.model_fields} - tape.header.sources.keys()
    states = json.loads(tape.report)["sources"]
    return next((states[name]["note"] for name in sorted(keyed & states.keys())), NO_KEY)


async def _no_wait(_: float) -> None:
    await asyncio.sleep(0)


def _warnings(tape: Tape, digest: str, unknown_readings: int) -> list[str]:
    """Say what of the code differs from the recording's, so that the numbers may."""
    header, found = tape.header, []
    if header.method_version != METHOD_VERSION:
        found.append(f"the tape was made by method {header.method_version}, this is {METHOD_VERSION}")
    elif header.config_hash != digest:
        found.append(f"the tape was made with configuration {header.config_hash}, this is {digest}")
    if unknown_readings:
        found.append(f"{unknown_readings} readings of the clock are not on the tape; the latest before each was taken")
    return [f"{text}: the numbers may differ" for text in found]


@contextmanager
def _state(items: pl.DataFrame) -> Iterator[Store]:
    """Return the state as the recorded run found it: the template's table in memory, out of reach of any account."""
    from moto import mock_aws  # noqa: PLC0415 - slow to import

    with handlers.environment({"AWS_DEFAULT_REGION": resources.REGION}), mock_aws():
        import boto3  # noqa: PLC0415 - as above

        dynamodb = boto3.Session("local", "local", region_name=resources.REGION).resource("dynamodb")
        table = dynamodb.create_table(TableName=TABLE, **_table_definition())
        try:
            with table.batch_writer() as batch:
                for item in read_items(items):
                    batch.put_item(Item=_plain(item))
            yield Store(table)
        finally:
            table.delete()
            table.meta.client.close()


def _plain(item: Any) -> Any:
    """Return an item in boto3's types."""
    from boto3.dynamodb.types import TypeDeserializer  # noqa: PLC0415

    reader = TypeDeserializer()
    return {name: reader.deserialize(value) for name, value in item.items()}


def _table_definition() -> Any:
    table = resources.translate(resources.load_template(ROOT / "template.yaml"), {})["Resources"]["Table"]
    return {name: table["Properties"][name] for name in ("AttributeDefinitions", "KeySchema", "BillingMode")}


def run_tape(path: Path, out: Path) -> int:
    """Repeat the hour of a tape, print it, write its files, say whether it is the same; return the exit code."""
    console, tape = open_console(stderr=True), read_tape(path)
    began = time.perf_counter()
    with console.status(f"Repeating {tape.header.hour} from {path} …"):
        done = replay(tape)
    took_s = time.perf_counter() - began
    difference = compare(tape, done.report)
    said = "the same report, byte for byte" if not difference else f"NOT the report on the tape: {difference}"
    lines = [*(f"warning: {text}" for text in done.warnings), f"replay: {said} (SHA-256 {tape.header.report_sha256})"]
    write_files(out, done.report, done.universe, "\n".join([f"replayed from {path}", *lines]))
    print_report(open_console(), done.report)
    for line in [*lines, f"  hour repeated in {took_s:.1f} s; files in {out}/"]:
        console.print(line, soft_wrap=True)
    return EXIT_DIFFERS if difference else 0


def compare(tape: Tape, report: Report) -> str:
    """Return the first place at which a report differs from the tape's, empty when every byte is the same."""
    text = report.to_json()
    if text == tape.report:
        return ""
    then, now = json.loads(tape.report), json.loads(text)
    return next(_differences("", then, now), "the order or the form of its fields")


def _differences(path: str, then: Any, now: Any) -> Iterator[str]:
    if type(then) is type(now) and isinstance(then, dict | list):
        keys = (
            range(max(len(then), len(now))) if isinstance(then, list) else [*then, *(k for k in now if k not in then)]
        )
        for key in keys:
            one, two = _member(then, key), _member(now, key)
            yield from _differences(f"{path}.{key}".lstrip("."), one, two)
    elif then != now:
        yield f"{path}: {json.dumps(then)[:80]} became {json.dumps(now)[:80]}"


def _member(value: Any, key: Any) -> Any:
    try:
        return value[key]
    except (KeyError, IndexError):
        return None
