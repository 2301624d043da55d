"""A source that gives away what it is asked with: it answers with the key, in every way that an answer can fail.

It stands in front of the simulator, on a socket of its own. What a mode does is in its name; `good` asks the simulator.
"""

import base64
import contextlib
import itertools
import json
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import quote

TOO_LONG_S = 3.0
"""Longer than canary_process lets a client wait."""
KEY_HEADERS = ("api_key", "x-cg-demo-api-key", "x-cg-pro-api-key")
PASSING = ("echo_500", "echo_429", "reset", "cut", "late", "illegal_header", "page_200", "malformed_200")
"""What is tried again: a request that meets all of these fails at its sixth attempt."""
FINAL = ("echo_401", "redirect", "wrong_shape_200", "echo_400_encoded")


class Hostile(ThreadingHTTPServer):
    """Serves by turns of `modes`, per source; `struck` counts what was done."""

    daemon_threads = True

    def __init__(self, simulator_url: str) -> None:
        """Stand in front of this simulator, well behaved at first."""
        super().__init__(("127.0.0.1", 0), Answer)
        self.simulator_url = simulator_url
        self.struck: Counter[str] = Counter()
        self._lock = threading.Lock()
        self.follow(["good"])

    @property
    def url(self) -> str:
        """Return where it listens."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def follow(self, modes: Sequence[str]) -> None:
        """Go through these modes from now on, over and over."""
        self._turns = itertools.cycle(modes)

    def next_mode(self, path: str) -> str:
        """Return the next mode; the list of markets is always good, or nothing further would be asked."""
        with self._lock:
            mode = "good" if "future-markets" in path and self.struck["echo_401"] else next(self._turns)
            self.struck[mode] += 1
            return mode

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that hung up."""


class Answer(BaseHTTPRequestHandler):
    """One request: all that was sent comes back somehow."""

    server: Hostile

    def do_GET(self) -> None:
        """Answer in the mode whose turn it is."""
        self.key = next((self.headers[name] for name in KEY_HEADERS if name in self.headers), "no-key-was-sent")
        getattr(self, self.server.next_mode(self.path))()

    def _said(self) -> str:
        """Return the request as a careless server writes it into its answer."""
        return f"GET {self.path} headers {dict(self.headers)} ?api_key={quote(self.key, safe='')} {self.key}"

    def _send(self, status: int, body: bytes, kind: str = "application/json", **headers: str) -> None:
        self.send_response(status, "Echo")
        for name, value in {"content-type": kind, "content-length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def good(self) -> None:
        """Ask the simulator."""
        request = urllib.request.Request(self.server.simulator_url + self.path, headers=dict(self.headers))
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                self._send(answer.status, answer.read(), **self._marks(answer.headers))
        except urllib.error.HTTPError as refused:
            with refused:
                self._send(refused.code, refused.read())

    def _marks(self, headers: Any) -> dict[str, str]:
        return {name: headers[name] for name in ("x-quantscout-simulated",) if name in headers}

    def echo_401(self) -> None:
        """Refuse the key and quote it, first of all."""
        self._send(401, json.dumps({"message": f"{self.key} is no valid key: {self._said()}"}).encode())

    def echo_400_encoded(self) -> None:
        """Quote it encoded, in the field that the product reads."""
        raw = self.key.encode()
        said = [quote(self.key, safe=""), base64.b64encode(raw).decode(), raw.hex(), repr(raw), json.dumps(self.key)]
        self._send(400, json.dumps({"msg": " ".join(said)}).encode())

    def echo_403(self) -> None:
        """Answer as a firewall does, with a page that quotes the request."""
        self._send(403, f"<html><h1>403</h1>{self._said()}</html>".encode(), "text/html")

    def echo_403_json(self) -> None:
        """Refuse with words."""
        self._send(403, json.dumps({"error": f"{self.key} may not: {self._said()}"}).encode())

    def echo_429(self) -> None:
        """Quote it in headers, too."""
        said = json.dumps({"error": {"code": 429, "message": f"{self.key} asks too much"}}).encode()
        self._send(429, said, date=f"{self.key}", retry_after="0.01")

    def echo_500(self) -> None:
        """Break, quoting."""
        said = json.dumps({"status": {"error_code": 500, "error_message": f"{self.key} broke it"}}).encode()
        self._send(500, said, f"application/{quote(self.key)}", gw_ratelimit_reset=self.key)

    def redirect(self) -> None:
        """Send the client elsewhere with the key in the address."""
        self._send(302, b"{}", location=f"{self.server.url}{self.path}?api_key={quote(self.key)}")

    def page_200(self) -> None:
        """Answer with a page."""
        self._send(200, f"<html>{self._said()}</html>".encode(), "text/html")

    def malformed_200(self) -> None:
        """Cut the JSON after the key."""
        self._send(200, b'{"message": "' + self.key.encode())

    def wrong_shape_200(self) -> None:
        """Whole JSON of another shape, with the key where a number belongs."""
        row = {"symbol": self.key, "id": self.key, "current_price": self.key, "history": self.key}
        body = json.dumps([row, {"data": self.key}])
        self._send(200, (body if self.server.struck["wrong_shape_200"] % 2 else body.replace("/", r"\/")).encode())

    def reset(self) -> None:
        """Hang up."""
        self.close_connection = True

    def cut(self) -> None:
        """Hang up in the middle of a body."""
        self.send_response(200)
        self.send_header("content-length", "1000")
        self.end_headers()
        self.wfile.write(self.key.encode())
        self.close_connection = True

    def late(self) -> None:
        """Answer too late."""
        time.sleep(TOO_LONG_S)
        self._send(200, b"[]")

    def illegal_header(self) -> None:
        """Break the protocol with a line that the client's own error quotes."""
        self.wfile.write(b"HTTP/1.1 200 OK\r\n" + self.key.encode() + b" is no header\r\n\r\n")
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@contextlib.contextmanager
def standing(simulator_url: str) -> Iterator[Hostile]:
    """Serve as long as the context lasts."""
    server = Hostile(simulator_url)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
