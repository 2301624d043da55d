"""A Lambda handler called in this process: its environment, its context, its log."""

import gc
import importlib.util
import os
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from io import StringIO, TextIOBase
from pathlib import Path
from typing import Any

from quantscout.errors import QuantScoutError

Handler = Callable[[dict[str, Any], object], Any]
LOOPBACK = "127.0.0.1,localhost"


@dataclass(slots=True)
class LambdaContext:
    """What a handler may ask about its invocation, under the names that Lambda gives it."""

    function_name: str
    memory_limit_in_mb: int
    timeout_s: float
    region: str
    aws_request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    function_version: str = "$LATEST"
    _started_s: float = field(default_factory=time.monotonic)

    @property
    def invoked_function_arn(self) -> str:
        """Return the function's ARN in moto's account."""
        return f"arn:aws:lambda:{self.region}:123456789012:function:{self.function_name}"

    def get_remaining_time_in_millis(self) -> int:
        """Return the ms until Lambda would end the invocation."""
        return max(0, round(1000 * (self._started_s + self.timeout_s - time.monotonic())))


class FunctionLog(TextIOBase):
    """Where the functions' log lines go: to the stack that keeps them, otherwise to the standard output.

    One for the process, because Python's loggers live as long as the process and hold the stream of their first use.
    """

    def __init__(self) -> None:
        """Start without a keeper."""
        self._keeper: StringIO | None = None

    def write(self, text: str) -> int:
        """Write the text to the keeper, or to the standard output."""
        return (self._keeper or sys.stdout).write(text)

    @contextmanager
    def kept(self) -> Iterator[StringIO]:
        """Keep the lines in what is returned, as long as the context lasts."""
        before, self._keeper = self._keeper, StringIO()
        try:
            yield self._keeper
        finally:
            self._keeper = before


LOG = FunctionLog()


def loopback_environment(url: str, region: str) -> dict[str, str]:
    """Return the variables that send every AWS client to `url`, with no way to a person's own account or a proxy."""
    past_proxies = ",".join(filter(None, [os.environ.get("NO_PROXY") or os.environ.get("no_proxy"), LOOPBACK]))
    return {
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_ENDPOINT_URL": url,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": past_proxies,
        "no_proxy": past_proxies,
    }


@contextmanager
def environment(values: Mapping[str, str]) -> Iterator[None]:
    """Give the process these variables and no other of AWS's own, and put everything back after."""
    before = dict(os.environ)
    for name in before:
        if name.startswith("AWS_"):
            del os.environ[name]
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def load_handler(folder: Path, handler: str) -> Handler:
    """Import the handler's file afresh and return its function. Raises QuantScoutError if there is none."""
    forget_clients()
    file_name, _, name = handler.rpartition(".")
    path = folder / f"{file_name}.py"
    spec = importlib.util.spec_from_file_location(f"quantscout_handler_{folder.name}", path)
    if spec is None or spec.loader is None or not path.is_file():
        raise QuantScoutError(f"template.yaml names the handler {path}, and there is no such file")
    module = importlib.util.module_from_spec(spec)
    with redirect_stdout(LOG):  # a logger takes the stream that it finds when it is made
        spec.loader.exec_module(module)
    function: Handler = getattr(module, name)
    return function


def close_clients(url: str) -> None:
    """Close the connections of every AWS client that points to this address, whoever made it.

    Functions keep theirs in module variables and Lambda never closes them; here the process goes on, and sockets that
    only the garbage collector closes are reported as leaks.
    """
    from botocore.client import BaseClient  # noqa: PLC0415

    for client in [thing for thing in gc.get_objects() if isinstance(thing, BaseClient)]:
        if client.meta.endpoint_url == url:
            client.close()


def forget_clients() -> None:
    """Drop what boto3 and Powertools keep for the whole process: it points to the stack that filled it."""
    import boto3  # noqa: PLC0415
    from aws_lambda_powertools.utilities import parameters  # noqa: PLC0415

    boto3.DEFAULT_SESSION = None
    parameters.clear_caches()  # type: ignore[no-untyped-call]
