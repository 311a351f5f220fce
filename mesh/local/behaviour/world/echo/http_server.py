"""HTTP/1.1 and HTTP/2 with prior knowledge on one port: the first bytes of a connection tell them apart."""

from __future__ import annotations

import socket
import socketserver
import struct
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler

import h2.config
import h2.connection
import h2.events
import h2.exceptions

from echo.answering import ASKED, Answer, Answerer, Asked

PREFACE = b"PRI"


class Server(socketserver.ThreadingTCPServer):
    """Has a thread for each connection."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """A connection that breaks is nothing to print: cases break them on purpose."""


def http_server(place: tuple[str, int], answerer: Answerer) -> Server:
    """Listens for both kinds of HTTP."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            connection: socket.socket = self.request
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if connection.recv(len(PREFACE), socket.MSG_PEEK | socket.MSG_WAITALL) == PREFACE:
                _Http2(connection, answerer).serve()
            else:
                _http1(answerer)(connection, self.client_address, self.server)

    return Server(place, Handler)


def reset(connection: socket.socket) -> None:
    """Ends a connection the hard way, also while another thread reads from it."""
    connection.shutdown(socket.SHUT_RD)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def _seen(protocol: str, method: str, path: str, authority: str, headers: Mapping[str, str]) -> dict[str, object]:
    shown = {name: value for name, value in headers.items() if name != ASKED}
    return {"protocol": protocol, "method": method, "path": path, "authority": authority, "headers": shown}


def _http1(answerer: Answerer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        rbufsize = 0  # nothing is read ahead, so that the length of a body is what counts

        def _answer(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {name.lower(): ",".join(self.headers.get_all(name, [])) for name in self.headers}
            seen = _seen("HTTP/1.1", self.command, self.path, headers.pop("host", ""), headers)
            answer = answerer.answer(Asked.read(self.headers.get(ASKED, "")), seen)
            if answer.fails == "reset":
                self.close_connection = True
                reset(self.connection)
                return
            self.send_response(int(answer.fails or 200))
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(answer.body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(answer.body)

        do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_OPTIONS = do_PATCH = _answer

        def log_message(self, format: str, *args: object) -> None:
            """A line for each request would only hide what goes wrong."""

    return Handler


class _Http2:
    """One HTTP/2 connection; every stream is answered by a thread of its own."""

    def __init__(self, connection: socket.socket, answerer: Answerer) -> None:
        self._socket = connection
        self._answerer = answerer
        self._state = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="utf-8"))
        self._lock = threading.Lock()
        self._requests: dict[int, dict[str, str]] = {}

    def serve(self) -> None:
        """Answers until the connection ends."""
        with self._lock:
            self._state.initiate_connection()
            self._flush()
        while data := self._socket.recv(65536):
            with self._lock:
                events = self._state.receive_data(data)
                self._flush()
            for event in events:
                self._take(event)

    def _take(self, event: h2.events.Event) -> None:
        if isinstance(event, h2.events.RequestReceived):
            headers = self._requests[event.stream_id] = {}
            for name, value in event.headers:
                key, text = str(name), str(value)
                headers[key] = f"{headers[key]},{text}" if key in headers else text
        elif isinstance(event, h2.events.DataReceived):
            with self._lock:
                self._state.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                self._flush()
        elif isinstance(event, h2.events.StreamEnded):
            headers = self._requests.pop(event.stream_id)
            threading.Thread(target=self._answer, args=(event.stream_id, headers), daemon=True).start()

    def _answer(self, stream: int, headers: dict[str, str]) -> None:
        method, path, authority = headers.pop(":method"), headers.pop(":path"), headers.pop(":authority", "")
        headers.pop(":scheme")
        seen = _seen("HTTP/2", method, path, authority, headers)
        answer = self._answerer.answer(Asked.read(headers.get(ASKED, "")), seen)
        if answer.fails == "reset":
            reset(self._socket)
            return
        with self._lock:
            try:
                self._send(stream, answer)
                self._flush()
            except (h2.exceptions.ProtocolError, OSError):
                return  # the caller has given the stream up

    def _send(self, stream: int, answer: Answer) -> None:
        self._state.send_headers(
            stream,
            [
                (":status", answer.fails or "200"),
                *answer.headers.items(),
                ("content-length", str(len(answer.body))),
            ],
        )
        self._state.send_data(stream, answer.body, end_stream=True)

    def _flush(self) -> None:
        self._socket.sendall(self._state.data_to_send())
