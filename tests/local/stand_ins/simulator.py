"""A simulator that knows one hour to move to, and serves nothing else."""

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import unquote


class Venues(BaseHTTPRequestHandler):
    """Answers the move."""

    def do_POST(self) -> None:
        """Answer with the clock of the one known hour, or refuse the hour."""
        hour = unquote(self.path.partition("?at=")[2])
        known = hour == "2026-03-01T13:00:00Z"
        self.send_response(200 if known else 400)
        self.end_headers()
        answer = {"clock_offset_s": -2.5} if known else {"error": f"no data at {hour}"}
        self.wfile.write(json.dumps(answer).encode())


if __name__ == "__main__":
    server = HTTPServer(("127.0.0.1", 0), Venues)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(json.dumps({"url": f"http://127.0.0.1:{server.server_port}", "clock_offset_s": -1.25}), flush=True)  # noqa: T201
    sys.stdin.read()
