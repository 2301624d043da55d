"""The whole of QuantScout on one machine: AWS (moto) and the venues (simulator) on loopback, the real handlers in here.

A handler is loaded from the file that template.yaml names, with the environment that template.yaml gives it, and called
with an event and a context as Lambda would. Nothing in it knows that it is not in Lambda.
"""

import json
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import cached_property
from io import StringIO
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote

from quantscout.errors import InputError
from quantscout_local import handlers, resources
from quantscout_local.servers import AWS, Server

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

ROOT = Path(__file__).parents[2]
MOVE_TIMEOUT_S = 60.0
SOURCE_PATHS = {
    "BINANCE_URL": "/binance",
    "KUCOIN_URL": "/kucoin",
    "KUCOIN_UNIFIED_URL": "/kucoin-unified/api/ua/v1",
    "COINALYZE_URL": "/coinalyze/v1",
    "COINGECKO_URL": "/coingecko/api/v3",
}
UNLIMITED_SHARE = "1000"  # here the simulator refuses nothing (no --limits): no reason to wait for a budget
STAND_IN_KEYS = {"coinalyze_api_key": "local-coinalyze", "coingecko_api_key": "local-coingecko"}


class LocalStack:
    """The stack as a context manager, stopped with everything it started when it is left.

    `at` is the hour that the simulator stands at, `market` an archive (None: the synthetic market). `keys` are the
    secret's fields; True puts in stand-ins that the simulator takes, False leaves them empty. With `live` there is no
    simulator and no stand-in: the handlers ask the venues themselves, by the real clock. Entering raises InputError for
    an hour or an archive that the simulator refuses, QuantScoutError if a server does not start. `aws_url` and
    `venues_url` (empty if live) are the servers' addresses.
    """

    def __init__(  # noqa: PLR0913 (each is one thing that a person can ask for)
        self,
        at: datetime | str | None = None,
        market: Path | None = None,
        real_only: bool = False,
        keys: Mapping[str, str] | bool = True,
        settings_json: str = "{}",
        *,
        live: bool = False,
        root: Path = ROOT,
    ) -> None:
        """Say what to start; nothing is started yet."""
        if at is None and not live:
            raise InputError("the simulator needs the hour to stand at; give one, or ask for the live venues")
        self.timings: dict[str, float] = {}
        self._simulation = None if live or at is None else simulator_command(at, market, real_only=real_only)
        self._keys = dict(keys) if isinstance(keys, Mapping) else STAND_IN_KEYS if keys and not live else {}
        self._settings_json, self._root = settings_json, root
        self.aws_url, self.venues_url, self._clock_offset_s = "", "", 0.0
        self._handlers: dict[str, handlers.Handler] = {}
        self._received: dict[str, list[dict[str, Any]]] = {topic: [] for topic in resources.TOPICS}
        self._log = StringIO()
        self._exit = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as started:
            self._start(started)
            self._exit = started.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        handlers.close_clients(self.aws_url)
        self._exit.close()

    def _start(self, started: ExitStack) -> None:
        """Start the servers beside each other, and translate the template while they come up."""
        started.callback(handlers.forget_clients)
        self._log = started.enter_context(handlers.LOG.kept())
        folder = Path(started.enter_context(tempfile.TemporaryDirectory(prefix="quantscout-")))
        with self._timed("start"):
            aws = started.enter_context(Server("aws", AWS, folder))
            venues = self._simulation and started.enter_context(Server("simulator", self._simulation, folder))
            with self._timed("translate"):
                plan = resources.load_plan(self._root / "template.yaml", self._settings_json)
            self.aws_url = aws.wait_ready()["url"]
            with self._timed("create"):
                self.resources = resources.create(self.aws_url, plan, self._keys)
            if venues:
                self._stand_at(venues.wait_ready())

    @contextmanager
    def _timed(self, name: str) -> Iterator[None]:
        began = time.perf_counter()
        try:
            yield
        finally:
            self.timings[f"{name}_s"] = time.perf_counter() - began

    def _stand_at(self, announced: Mapping[str, Any]) -> None:
        self.venues_url = announced.get("url", self.venues_url)
        self._clock_offset_s = float(announced["clock_offset_s"])

    def invoke(self, verb: str, event: dict[str, Any], *, timeout_s: float | None = None) -> dict[str, Any]:
        """Return the answer of the handler in functions/`verb`, called with the event as Lambda would.

        The first call of a stack (and the first after `move_to`) is a cold start, later ones find the module warm.
        Event and answer go through JSON. `timeout_s` shortens the function's own time. What the handler raises comes
        through.
        """
        function = self.resources.functions[verb]
        context = handlers.LambdaContext(
            function.name, function.memory_mb, timeout_s or function.timeout_s, resources.REGION
        )
        with self._timed(verb), handlers.environment(self.environment(verb)):
            if verb not in self._handlers:
                self._handlers[verb] = handlers.load_handler(self._root / function.folder, function.handler)
            answer = self._handlers[verb](json.loads(json.dumps(event)), context)
        parsed: dict[str, Any] = json.loads(json.dumps(answer, allow_nan=False))
        return parsed

    def environment(self, verb: str) -> dict[str, str]:
        """Return the variables that the function sees: the template's, and where to find everything on loopback."""
        function = self.resources.functions[verb]
        local = handlers.loopback_environment(self.aws_url, resources.REGION)
        if self._simulation:
            local |= {name: self.venues_url + path for name, path in SOURCE_PATHS.items()}
            local |= {"CLOCK_OFFSET_S": repr(self._clock_offset_s), "BUDGET_SHARE": UNLIMITED_SHARE}
        return {**function.environment, **local}

    def move_to(self, at: datetime | str) -> None:
        """Set the simulator to another hour; the next invocations are cold starts at that hour.

        Raises InputError with the simulator's sentence if it refuses the hour.
        """
        if not self._simulation:
            raise InputError("only the simulator can be moved to an hour; the live venues are where they are")
        self._stand_at(_post(f"{self.venues_url}/simulator/hour?at={quote(_hour_text(at))}"))
        handlers.close_clients(self.aws_url)
        self._handlers.clear()

    def messages(self, topic: str = "report") -> list[dict[str, Any]]:
        """Return all that the queue on the topic (report or alarm) received since the stack started, in order.

        Each has `raw` (the text as delivered), `body` (parsed, if it is JSON), `attributes` and `subject`.
        """
        sqs, address = resources.session().client("sqs", endpoint_url=self.aws_url), self.resources.queues[topic]
        while batch := sqs.receive_message(QueueUrl=address, MaxNumberOfMessages=10).get("Messages"):
            for message in batch:
                self._received[topic].append(_parse_envelope(message["Body"]))
                sqs.delete_message(QueueUrl=address, ReceiptHandle=message["ReceiptHandle"])
        return list(self._received[topic])

    @property
    def log(self) -> str:
        """Return what the functions have logged since the stack started, as it would stand in CloudWatch."""
        return self._log.getvalue()

    @cached_property
    def table(self) -> "Table":
        """Return the state's table, for a test to look into."""
        dynamodb = resources.session().resource("dynamodb", endpoint_url=self.aws_url)
        return dynamodb.Table(self.resources.names["Table"])


def simulator_command(at: datetime | str, market: Path | None, *, real_only: bool) -> list[str]:
    """Return the simulator's module and arguments."""
    archive = ["--market", str(market)] if market else []
    options = [*archive, *(["--real-only"] if real_only else []), "--port", "0", "--exit-with-stdin"]
    return ["quantscout_local.simulator", "--at", _hour_text(at), *options]


def _hour_text(at: datetime | str) -> str:
    return at if isinstance(at, str) else at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _post(url: str) -> dict[str, Any]:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(urllib.request.Request(url, method="POST"), timeout=MOVE_TIMEOUT_S) as answer:  # noqa: S310
            parsed: dict[str, Any] = json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            raise InputError(json.load(error)["error"]) from error
    return parsed


def _parse_envelope(text: str) -> dict[str, Any]:
    envelope = json.loads(text)
    attributes = envelope.get("MessageAttributes", {})
    return {
        "raw": envelope["Message"],
        "body": _parse_or_keep(envelope["Message"]),
        "attributes": {name: _attribute(value) for name, value in attributes.items()},
        "subject": envelope.get("Subject"),
    }


def _attribute(value: Mapping[str, str]) -> Any:
    return value["Value"] if value["Type"] == "String" else _parse_or_keep(value["Value"])


def _parse_or_keep(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
