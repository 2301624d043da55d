"""One invocation in a process of its own, as Lambda's runtime makes it, with everything that it prints.

python canary_process.py FOLDER EVENT_JSON TIMEOUT_S [planted], with the function's environment. The root logger has a
handler at DEBUG before the function's file is read, as a careless person might set it. What leaves the handler is
printed with its whole chain, which is more than Lambda shows, and as the record that goes into the failure queue.
"""

import json
import logging
import sys
import traceback
from pathlib import Path
from typing import Any

import httpx

from quantscout import http, retry
from quantscout.venues.coingecko import CoinGecko
from quantscout_local.handlers import LambdaContext, load_handler

READ_S = 2.0
PLANTED = "planted"


async def echoing(source: CoinGecko) -> Any:
    """Fail as nobody foresaw: with the request, key and all, in message, cause and note."""
    client = source.client._clients[0]  # noqa: SLF001
    try:
        raise httpx.InvalidURL(f"asked with {dict(client.headers)}")  # noqa: TRY301
    except httpx.InvalidURL as cause:
        error = RuntimeError(f"cannot read the answer to {client.headers!r}")
        error.add_note(f"headers were {client.headers.raw}")
        raise error from cause


def response_of(error: BaseException) -> dict[str, Any]:
    """Return what Lambda's runtime answers for an exception; it goes into the failure queue."""
    frames = traceback.format_tb(error.__traceback__)
    return {"errorType": type(error).__name__, "errorMessage": str(error), "stackTrace": frames}


def main() -> int:
    """Invoke, and print the answer or the error as the last line of the standard output."""
    folder, event, timeout_s = Path(sys.argv[1]), json.loads(sys.argv[2]), float(sys.argv[3])
    logging.basicConfig(level=logging.DEBUG, stream=sys.stderr)
    http.TIMEOUT = httpx.Timeout(READ_S, connect=5.0)
    retry._jitter.max = 0.1  # noqa: SLF001
    if PLANTED in sys.argv:
        setattr(CoinGecko, "fetch_trending", echoing)  # noqa: B010
    try:
        answer = load_handler(folder, "app.handler")(event, LambdaContext(folder.name, 1769, timeout_s, "us-east-1"))
    except Exception as error:  # noqa: BLE001 - as the runtime does
        traceback.print_exception(error)
        print(json.dumps(response_of(error)))  # noqa: T201
        return 1
    print(json.dumps(answer))  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
