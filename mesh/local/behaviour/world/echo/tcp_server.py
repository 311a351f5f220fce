"""Plain TCP: a line of JSON is answered by a line of JSON."""

from __future__ import annotations

import socketserver

from echo.answering import Answerer, Asked
from echo.http_server import Server, reset


def tcp_server(place: tuple[str, int], answerer: Answerer) -> Server:
    """Listens for lines."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            for line in self.rfile:
                answer = answerer.answer(Asked.read(line.decode(errors="replace")), {"protocol": "TCP"})
                if answer.fails:
                    reset(self.connection)
                    return
                self.wfile.write(answer.body + b"\n")

    return Server(place, Handler)
