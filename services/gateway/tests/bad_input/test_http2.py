"""What can be done to a gateway by HTTP/2: it ends the connection of whoever does it, and serves the others."""

from __future__ import annotations

import re
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field

import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import DataReceived, Event, ResponseReceived, StreamEnded, StreamReset
from souk_gateway.testing import HOST, Gateway

HEADERS = [(":method", "GET"), (":path", "/v1/products/mug"), (":scheme", "http"), (":authority", "a")]
DATA, PING, SETTINGS, CONTINUATION, WINDOW_UPDATE = 0, 6, 4, 9, 8


@dataclass
class Client:
    """A connection that sends what it is told, without regard to what is allowed."""

    connection: socket.socket
    http2: H2Connection = field(
        default_factory=lambda: H2Connection(
            H2Configuration(validate_outbound_headers=False, normalize_outbound_headers=False, header_encoding="utf-8")
        )
    )

    def flush(self) -> None:
        self.connection.sendall(self.http2.data_to_send())

    def frame(self, kind: int, flags: int, stream: int, content: bytes, times: int = 1) -> None:
        """Sends a frame that the library would not make."""
        head = struct.pack(">I", len(content))[1:] + struct.pack(">BBI", kind, flags, stream)
        self.connection.sendall((head + content) * times)

    def events(self) -> Iterator[Event]:
        """What comes, until the gateway closes the connection."""
        while received := self.connection.recv(65536):
            yield from self.http2.receive_data(received)

    def is_ended(self) -> bool:
        """Whether the gateway closes the connection."""
        try:
            while self.connection.recv(65536):
                pass
        except ConnectionResetError:
            return True
        except TimeoutError:
            return False
        return True


@pytest.fixture
def client(gateway: Gateway) -> Iterator[Client]:
    with socket.socket() as connection:
        # Who attacks doesn't read the answers; with room for megabytes, the system would take them off Envoy's hands.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(5)
        connection.connect((HOST, gateway.port))
        opened = Client(connection)
        opened.http2.initiate_connection()
        opened.flush()
        yield opened


def get(client: Client, headers: list[tuple[str, str]]) -> tuple[str, bytes]:
    """The status and the body of one call, or the name of the error for which its stream was reset."""
    stream = client.http2.get_next_available_stream_id()
    client.http2.send_headers(stream, headers, end_stream=True)
    client.flush()
    status, body = "", b""
    for event in client.events():
        match event:
            case ResponseReceived(headers=received):
                status = dict(received)[":status"]
            case DataReceived(data=data):
                body += data
            case StreamEnded():
                return status, body
            case StreamReset(error_code=code):
                return ErrorCodes(code).name, b""
    return "", b""


def is_served(gateway: Gateway) -> bool:
    return gateway.call("GET", "/v1/products/mug").status == 200 and gateway.proxy.poll() is None


def rapid_resets(client: Client) -> None:
    for _ in range(3000):
        stream = client.http2.get_next_available_stream_id()
        client.http2.send_headers(stream, HEADERS, end_stream=True)
        client.http2.reset_stream(stream, ErrorCodes.CANCEL)
        client.flush()


def pings(client: Client) -> None:
    for _ in range(2_000):
        client.frame(PING, 0, 0, bytes(8), times=100)


def settings(client: Client) -> None:
    for _ in range(2_000):
        client.frame(SETTINGS, 0, 0, b"", times=100)


def empty_frames_of_data(client: Client) -> None:
    create = [(":method", "POST"), (":path", "/v1/products"), *HEADERS[2:], ("content-type", "application/json")]
    client.http2.send_headers(1, create)
    client.flush()
    for _ in range(20_000):
        client.frame(DATA, 0, 1, b"")


def headers_without_an_end(client: Client) -> None:
    client.frame(1, 0, 1, b"\x82")
    for _ in range(20_000):
        client.frame(CONTINUATION, 0, 1, b"\x00\x01a\x01b" * 20)


def a_window_past_its_bounds(client: Client) -> None:
    for _ in range(3):
        client.frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", 0x7FFFFFFF))


def data_for_a_stream_that_is_none(client: Client) -> None:
    client.frame(DATA, 0, 99, b"x")


def a_frame_past_the_largest(client: Client) -> None:
    client.frame(DATA, 0, 1, bytes(1 << 20))


def rubbish_in_place_of_headers(client: Client) -> None:
    client.frame(1, 0x5, 1, b"\xff" * 50)


@pytest.mark.parametrize(
    "attack",
    [
        rapid_resets,
        pings,
        settings,
        empty_frames_of_data,
        headers_without_an_end,
        a_window_past_its_bounds,
        data_for_a_stream_that_is_none,
        a_frame_past_the_largest,
        rubbish_in_place_of_headers,
    ],
    ids=lambda attack: attack.__name__,
)
def test_an_attack_ends_its_connection_and_no_other(
    attack: Callable[[Client], None], client: Client, gateway: Gateway
) -> None:
    try:
        attack(client)
    except (ConnectionResetError, BrokenPipeError):
        pass  # it has been ended already
    else:
        assert client.is_ended()
    assert is_served(gateway)


def test_rapid_resets_are_ended_long_before_the_services_have_felt_them(client: Client, gateway: Gateway) -> None:
    begun = reached(gateway)
    with suppress(ConnectionResetError, BrokenPipeError):
        rapid_resets(client)
    assert client.is_ended()
    assert reached(gateway) - begun < 600  # of 3,000; Envoy judges a connection by its first 500 streams


def reached(gateway: Gateway) -> int:
    """How many calls have come as far as the routes."""
    found = re.search(r'^envoy_http_rq_total{[^}]*"gateway"} (\d+)$', gateway.metrics(), re.MULTILINE)
    assert found is not None
    return int(found[1])


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ([*HEADERS, ("connection", "close")], "PROTOCOL_ERROR"),
        ([*HEADERS, ("X-A", "1")], "PROTOCOL_ERROR"),
        ([*HEADERS, ("x-a", "a\r\nb: c")], "PROTOCOL_ERROR"),
        ([*HEADERS, ("x-a", "a" * 62_000)], "INTERNAL_ERROR"),
        ([*HEADERS, *((f"x-{n}", "1") for n in range(120))], "INTERNAL_ERROR"),
        (HEADERS[1:], "PROTOCOL_ERROR"),
        ([*HEADERS, (":path", "/v1/products/jug")], "PROTOCOL_ERROR"),
        ([HEADERS[0], (":path", "/v1/products%2Fmug"), *HEADERS[2:]], "400"),
        ([HEADERS[0], (":path", ""), *HEADERS[2:]], "PROTOCOL_ERROR"),
        ([*HEADERS, ("transfer-encoding", "chunked")], "PROTOCOL_ERROR"),
    ],
)
def test_bad_headers_are_refused(
    headers: list[tuple[str, str]], expected: str, client: Client, gateway: Gateway
) -> None:
    status, body = get(client, headers)
    assert status == expected
    if status.isdigit():
        assert b"google.rpc.ErrorInfo" in body
    assert is_served(gateway)
