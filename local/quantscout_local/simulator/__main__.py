"""The simulator as a process: one ready line on standard output, then it serves until it is told to stop."""

import argparse
import asyncio
import contextlib
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import orjson
import uvicorn
import uvloop

from quantscout.errors import InputError
from quantscout_local.simulator.app import create_app, offset_s
from quantscout_local.simulator.archive import load_archive
from quantscout_local.simulator.control import hour_of
from quantscout_local.simulator.market import Market
from quantscout_local.simulator.synthetic.market import DEFAULT_HOUR_MS, make_market

_INPUT_ERROR = 2
_GRACE_S = 2


class _Server(uvicorn.Server):
    """uvicorn's server: it says when it is ready, and does not raise a signal again after a clean stop."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start serving, then print the ready line."""
        await super().startup(sockets)
        port = (sockets or [])[0].getsockname()[1]
        ready = {"url": f"http://127.0.0.1:{port}", "clock_offset_s": offset_s(self.config.app)}
        print(orjson.dumps(ready).decode(), flush=True)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to `_serve`."""
        yield


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m quantscout_local.simulator", description=__doc__)
    parser.add_argument(
        "--at", metavar="HOUR", help="a full hour, 2026-03-01T12:00Z (embedded market: its default hour)"
    )
    parser.add_argument("--market", metavar="DIR", type=Path, help="a market archive; without it, the embedded market")
    parser.add_argument("--real-only", action="store_true", help="serve an archive's own series alone")
    parser.add_argument("--port", type=int, default=0, help="port on loopback; 0 takes a free one")
    parser.add_argument("--exit-with-stdin", action="store_true", help="stop when standard input ends")
    return parser.parse_args()


def _market(arguments: argparse.Namespace) -> Market:
    if arguments.market is not None:
        return load_archive(arguments.market, real_only=arguments.real_only)
    if arguments.real_only:
        raise InputError("--real-only needs an archive, the embedded market has nothing real: add --market DIR")
    return make_market()


def _hour_ms(arguments: argparse.Namespace) -> int:
    if arguments.at:
        return hour_of(arguments.at)
    if arguments.market is not None:
        raise InputError("an archive needs the hour: add --at 2026-03-01T12:00Z")
    return DEFAULT_HOUR_MS


def _listening(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as error:
        listener.close()
        raise InputError(f"port {port} cannot be used ({error.strerror}): choose another --port, or 0") from error
    return listener


def _stop_with_stdin(server: uvicorn.Server) -> None:
    sys.stdin.buffer.read()
    server.should_exit = True


async def _serve(arguments: argparse.Namespace) -> None:
    hour_ms = _hour_ms(arguments)  # before the slow part
    app = create_app(_market(arguments), hour_ms)
    config = uvicorn.Config(
        app, http="httptools", log_level="warning", access_log=False, timeout_graceful_shutdown=_GRACE_S
    )
    server = _Server(config)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, setattr, server, "should_exit", True)
    if arguments.exit_with_stdin:
        threading.Thread(target=_stop_with_stdin, args=(server,), daemon=True).start()
    with _listening(arguments.port) as listener:
        await server.serve(sockets=[listener])


def main() -> int:
    """Serve until a signal or the end of standard input; return 0, or 2 with one line on standard error."""
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(_arguments()))
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return _INPUT_ERROR
    return 0


if __name__ == "__main__":
    sys.exit(main())
