"""A pod of the world: answers on every port with who it is and what it saw, and makes calls when it is told to."""

from __future__ import annotations

import os
import signal
import threading

from echo.answering import Answerer
from echo.arrivals import Arrivals
from echo.control import control_server
from echo.grpc_server import grpc_server
from echo.http_server import http_server
from echo.tcp_server import tcp_server

GRPC, HTTP, TCP = 50051, 8080, 9000


def main() -> None:
    """Serves until SIGTERM."""
    host = os.environ.get("LISTEN_HOST", "0.0.0.0")
    arrivals = Arrivals()
    answerer = Answerer(os.environ.get("VERSION", ""), os.environ.get("POD_NAME", ""), arrivals)
    servers = (
        http_server((host, HTTP), answerer),
        tcp_server((host, TCP), answerer),
        # Last: when it is there, a readiness probe finds everything else.
        control_server((host, int(os.environ.get("CONTROL_PORT", "7000"))), arrivals),
    )
    grpc = grpc_server(f"{host}:{GRPC}", answerer)
    grpc.start()
    for each in servers:
        threading.Thread(target=each.serve_forever, daemon=True).start()
    over = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: over.set())
    over.wait()
    grpc.stop(1).wait()


if __name__ == "__main__":
    main()
