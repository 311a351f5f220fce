"""One gRPC call as frames of HTTP/2: what a client library puts together is seen apart here."""

from __future__ import annotations

import socket
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.homes import Place

DATA, HEADERS, SETTINGS, PING, RESET = 0, 1, 4, 6, 3
END_STREAM, ACK, END_HEADERS = 1, 1, 4
_CLIENT = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_STREAM = 1


@dataclass(frozen=True)
class Frame:
    """One frame of the answer."""

    kind: int
    ends: bool
    payload: bytes


def answer(place: Place, path: str, message: bytes, headers: Mapping[str, str], seconds: float = 20) -> Sequence[Frame]:
    """Calls over a connection without encryption, and gives the frames of the answer, to its end.

    Raises:
        TimeoutError: it has not ended within so many seconds.
    """
    host, port = place.address.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=seconds) as connection:
        asked = {
            ":method": "POST",
            ":scheme": "http",
            ":path": path,
            ":authority": place.authority,
            "content-type": "application/grpc",
            "te": "trailers",
            **headers,
        }
        block = b"".join(b"\0" + _text(name) + _text(value) for name, value in asked.items())
        body = b"\0" + struct.pack(">I", len(message)) + message
        connection.sendall(
            _CLIENT
            + _frame(SETTINGS, 0, 0, b"")
            + _frame(HEADERS, END_HEADERS, _STREAM, block)
            + _frame(DATA, END_STREAM, _STREAM, body)
        )
        found: list[Frame] = []
        while True:
            length, kind, flags, stream = _head(_exactly(connection, 9))
            payload = _exactly(connection, length)
            if kind in (SETTINGS, PING) and not flags & ACK:
                connection.sendall(_frame(kind, ACK, 0, payload if kind == PING else b""))
            if stream == _STREAM and kind in (DATA, HEADERS, RESET):
                ends = bool(flags & END_STREAM) or kind == RESET
                found.append(Frame(kind, ends, payload))
                if ends:
                    return found


def _text(text: str) -> bytes:
    # HPACK without compression; a length from 127 on would need more than one byte.
    assert len(text) < 127
    return bytes([len(text)]) + text.encode()


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def _head(head: bytes) -> tuple[int, int, int, int]:
    return int.from_bytes(head[:3], "big"), head[3], head[4], int.from_bytes(head[5:], "big")


def _exactly(connection: socket.socket, length: int) -> bytes:
    read = b""
    while len(read) < length:
        part = connection.recv(length - len(read))
        if not part:
            raise ConnectionError("closed in the middle of a frame")
        read += part
    return read
