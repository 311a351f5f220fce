"""gRPC-Web through ingress and gateway: what browsers send, byte by byte, over HTTP/1.1."""

from __future__ import annotations

import struct
from base64 import b64decode
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPMessage

from google.rpc.error_details_pb2 import ErrorInfo
from google.rpc.status_pb2 import Status
from souk.catalog.v1.catalog_pb2 import GetProductRequest, Product

from tests.homes import Home

GET_PRODUCT = "/souk.catalog.v1.CatalogService/GetProduct"
CONTENT = "application/grpc-web+proto"
MESSAGE, TRAILERS = 0, 0x80


@dataclass(frozen=True)
class Told:
    """An answer."""

    status: int
    headers: HTTPMessage
    frames: tuple[tuple[int, bytes], ...]
    """Messages, then the trailers, which have no other place over HTTP/1.1."""


def asked(home: Home, product: str) -> Told:
    message = GetProductRequest(name=product).SerializeToString()
    body = struct.pack(">BI", MESSAGE, len(message)) + message
    connection = HTTPConnection(home.address, timeout=20)
    connection.request("POST", GET_PRODUCT, body, {"Content-Type": CONTENT})
    answer = connection.getresponse()
    body, frames = answer.read(), []
    connection.close()
    while body:
        kind, length = struct.unpack(">BI", body[:5])
        frames.append((kind, body[5 : 5 + length]))
        body = body[5 + length :]
    return Told(answer.status, answer.headers, tuple(frames))


def test_a_call_is_answered_with_a_message_and_its_status(home: Home) -> None:
    told = asked(home, "products/saffron")

    assert (told.status, told.headers["content-type"]) == (200, CONTENT)
    (message, product), (trailers, status) = told.frames
    assert (message, Product.FromString(product).name) == (MESSAGE, "products/saffron")
    assert trailers == TRAILERS
    assert b"grpc-status:0\r\n" in status


def test_an_error_is_told_with_its_reason(home: Home) -> None:
    told = asked(home, "products/flying-carpet")

    assert (told.status, told.headers["grpc-status"], told.frames) == (200, "5", ())
    details = told.headers["grpc-status-details-bin"]
    status = Status.FromString(b64decode(details + "=" * (-len(details) % 4)))
    info = ErrorInfo()
    assert status.details[0].Unpack(info)
    assert info.reason == "PRODUCT_NOT_FOUND"
