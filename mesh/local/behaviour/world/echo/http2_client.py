"""Calls over HTTP/2; in plain text, with prior knowledge."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import h2.config
import h2.connection
import h2.events
import h2.exceptions

from echo.answering import ASKED
from echo.connecting import connect
from echo.orders import Observation, Order, unanswered


@contextmanager
def http2_caller(order: Order) -> Iterator[Callable[[], Observation]]:
    """One connection, which is opened again when it has ended."""
    open_connections: list[_Connection] = []

    def call() -> Observation:
        try:
            if not open_connections:
                open_connections.append(_Connection(order))
            return open_connections[0].call()
        except (OSError, h2.exceptions.ProtocolError) as error:
            while open_connections:
                open_connections.pop().close()
            return unanswered(error if isinstance(error, OSError) else ConnectionResetError())

    try:
        yield call
    finally:
        for each in open_connections:
            each.close()


class _Connection:
    def __init__(self, order: Order) -> None:
        self._order = order
        self._socket = connect(order, "h2")
        self._state = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
        self._state.initiate_connection()

    def close(self) -> None:
        self._socket.close()

    def call(self) -> Observation:
        """Sends one request and waits for its answer.

        Raises:
            OSError: the connection or the stream has ended before.
        """
        order, stream = self._order, self._state.get_next_available_stream_id()
        pseudo = {
            ":method": order.method,
            ":scheme": "https" if order.tls else "http",
            ":authority": order.authority,
            ":path": order.path,
        }
        self._state.send_headers(stream, list({**pseudo, ASKED: order.asked, **order.headers}.items()), end_stream=True)
        self._flush()
        headers: dict[str, str] = {}
        body = b""
        while data := self._socket.recv(65536):
            for event in self._state.receive_data(data):
                if isinstance(event, h2.events.ResponseReceived):
                    headers |= {str(name): str(value) for name, value in event.headers}
                elif isinstance(event, h2.events.DataReceived):
                    body += event.data
                    self._state.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                elif isinstance(event, h2.events.StreamEnded):
                    self._flush()
                    return Observation(headers.pop(":status"), headers, (body.decode(errors="replace"),))
                elif isinstance(event, h2.events.StreamReset):
                    raise ConnectionResetError
            self._flush()
        raise ConnectionResetError

    def _flush(self) -> None:
        self._socket.sendall(self._state.data_to_send())
