"""How a test speaks to a pod, past the mesh: which calls to make, and what has arrived."""

from __future__ import annotations

import json
from dataclasses import asdict
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, urlsplit

from echo.arrivals import Arrivals
from echo.calling import carry_out
from echo.http_server import Server
from echo.orders import Encryption, Order


def control_server(place: tuple[str, int], arrivals: Arrivals) -> Server:
    """Takes `POST /calls` with an order, and `GET /arrivals?call=`."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            given = json.loads(self.rfile.read(int(self.headers["content-length"])))
            tls = Encryption(**given.pop("tls")) if "tls" in given else None
            self._reply([asdict(each) for each in carry_out(Order(**given, tls=tls))])

        def do_GET(self) -> None:
            asked = parse_qs(urlsplit(self.path).query)
            self._reply(arrivals.of(asked.get("call", [""])[0]))

        def _reply(self, content: object) -> None:
            body = json.dumps(content).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """What is asked here is in the test's own report."""

    return Server(place, Handler)
