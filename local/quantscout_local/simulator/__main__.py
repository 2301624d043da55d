"""The simulator as a process: one ready line on standard output, then it serves until it is told to stop."""

import argparse
import asyncio
import contextlib
import os
import signal
import socket
import struct
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import orjson
import uvicorn
import uvloop
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from quantscout.errors import InputError
from quantscout_local.simulator.app import create_app, offset_s
from quantscout_local.simulator.archive import load_archive
from quantscout_local.simulator.clock import START_AFTER_HOUR_MS, SimulatorClock
from quantscout_local.simulator.conditions import Conditions
from quantscout_local.simulator.faults.delivery import ABORT, CUT
from quantscout_local.simulator.faults.plan import NO_FAULTS, load_plan
from quantscout_local.simulator.hours import hour_of
from quantscout_local.simulator.market import Market
from quantscout_local.simulator.synthetic.coins import size_of
from quantscout_local.simulator.synthetic.market import DEFAULT_HOUR_MS, make_market

_INPUT_ERROR = 2
_GRACE_S = 2
_LONGEST_LATENCY_MS = 60_000
_HOUR_S = 3_600
_CHUNK_BYTES = 4_096
_FEWEST, _MOST = 1_289, 20_000


class _Protocol(HttpToolsProtocol):
    """uvicorn's protocol, with a way for the plan of faults to cut the connection."""

    def on_message_begin(self) -> None:
        """Offer the way out with each request."""
        super().on_message_begin()
        self.scope["extensions"] = {ABORT: {CUT: self._abort}}

    def _abort(self) -> None:
        """Reset the connection: without lingering, closing sends RST."""
        connection = self.transport.get_extra_info("socket")
        if connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()


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
    parser.add_argument(
        "--contracts",
        type=int,
        metavar="N",
        help=f"how many contracts the embedded market has, {_FEWEST} to {_MOST} (default: 1289)",
    )
    parser.add_argument("--port", type=int, default=0, help="port on loopback; 0 takes a free one")
    parser.add_argument(
        "--after-s",
        type=float,
        default=START_AFTER_HOUR_MS / 1000,
        metavar="S",
        help="where the clock starts, in seconds past the hour (95: every bar that will come is there)",
    )
    parser.add_argument(
        "--limits", action="store_true", help="refuse what goes over the venues' limits: 429, then bans with 418"
    )
    parser.add_argument(
        "--latency-ms",
        type=float,
        default=0.0,
        metavar="MS",
        help="median time that an answer takes, with a long tail (80: one in a hundred over 400 ms); 0: none",
    )
    parser.add_argument(
        "--faults", metavar="FILE", type=Path, help="a plan of faults in JSON, see docs/simulator.md; default: none"
    )
    parser.add_argument("--exit-with-stdin", action="store_true", help="stop when standard input ends")
    return parser.parse_args()


def _market(arguments: argparse.Namespace) -> Market:
    if arguments.contracts is not None:
        return _sized(arguments)
    if arguments.market is not None:
        return load_archive(arguments.market, real_only=arguments.real_only)
    if arguments.real_only:
        raise InputError("--real-only needs an archive, the embedded market has nothing real: add --market DIR")
    return make_market()


def _sized(arguments: argparse.Namespace) -> Market:
    if arguments.market is not None:
        raise InputError("--contracts is for the embedded market; an archive has those that it has")
    if not _FEWEST <= arguments.contracts <= _MOST:
        raise InputError(f"--contracts {arguments.contracts} is not a market: choose {_FEWEST} to {_MOST}")
    return make_market(size=size_of(arguments.contracts))


def _conditions(arguments: argparse.Namespace) -> Conditions:
    if not 0 <= arguments.latency_ms < _LONGEST_LATENCY_MS:
        raise InputError(f"--latency-ms {arguments.latency_ms} is not a latency: choose 0 to {_LONGEST_LATENCY_MS}")
    plan = load_plan(arguments.faults) if arguments.faults is not None else NO_FAULTS
    return Conditions(limits=arguments.limits, latency_ms=arguments.latency_ms, faults=plan)


def _clock(arguments: argparse.Namespace, hour_ms: int) -> SimulatorClock:
    if not 0 <= arguments.after_s < _HOUR_S:
        raise InputError(f"--after-s {arguments.after_s} does not lie within the hour: choose 0 to {_HOUR_S}")
    return SimulatorClock(hour_ms, after_ms=round(arguments.after_s * 1000))


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
    # Not through sys.stdin: its lock, held by this thread, would make the interpreter abort when it ends on a signal.
    while os.read(sys.stdin.fileno(), _CHUNK_BYTES):
        pass
    server.should_exit = True


async def _serve(arguments: argparse.Namespace) -> None:
    hour_ms, conditions = _hour_ms(arguments), _conditions(arguments)  # before the slow part
    clock = _clock(arguments, hour_ms)
    app = create_app(_market(arguments), hour_ms, conditions=conditions, clock=clock)
    app.state.stage.prepare_hours()
    clock.stand_at(hour_ms)  # making a market takes its time: the clock starts when the server does
    config = uvicorn.Config(
        app,
        http=_Protocol,
        ws="none",
        proxy_headers=False,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=_GRACE_S,
    )
    server = _Server(config)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, setattr, server, "should_exit", True)
    if arguments.exit_with_stdin:
        threading.Thread(target=_stop_with_stdin, args=(server,), daemon=True).start()
    with _listening(arguments.port) as listener:
        try:
            await server.serve(sockets=[listener])
        finally:
            # A parent that died while it started can be told nothing: these are open then, and the loop would wait for
            # them for ever.
            for each in getattr(server, "servers", []):
                each.close()


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
