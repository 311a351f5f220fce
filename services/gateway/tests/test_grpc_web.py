"""gRPC-Web through the real Envoy, byte by byte: frames in the body, the last one with the trailers."""

from __future__ import annotations

import base64
import http.client
import struct
from collections.abc import Mapping
from dataclasses import dataclass

import pytest
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2
from souk.catalog.v1 import catalog_pb2
from souk.order.v1 import order_pb2
from souk_gateway.testing import HOST, Gateway

GET_PRODUCT = "/souk.catalog.v1.CatalogService/GetProduct"
WATCH_ORDER = "/souk.order.v1.OrderService/WatchOrder"
BINARY, TEXT = "application/grpc-web+proto", "application/grpc-web-text"
KINDS = pytest.mark.parametrize("kind", [BINARY, TEXT])


@dataclass(frozen=True)
class Heard:
    """An answer, taken apart."""

    headers: Mapping[str, str]
    messages: list[bytes]
    trailers: Mapping[str, str]


def call(gateway: Gateway, path: str, request: Message, kind: str, **headers: str) -> Heard:
    content = request.SerializeToString()
    body = struct.pack(">BI", 0, len(content)) + content
    connection = http.client.HTTPConnection(HOST, gateway.port, timeout=10)
    sent = {"content-type": kind, "accept": kind, "x-grpc-web": "1", **headers}
    connection.request("POST", path, base64.b64encode(body) if kind == TEXT else body, sent)
    response = connection.getresponse()
    assert response.status == 200
    assert response.getheader("content-type", "").startswith(kind)
    received = response.read()
    connection.close()
    return Heard(dict(response.getheaders()), *frames(decoded(received) if kind == TEXT else received))


def decoded(text: bytes) -> bytes:
    """Pieces of base64, each padded by itself: a group of four letters is always whole."""
    return b"".join(base64.b64decode(text[start : start + 4]) for start in range(0, len(text), 4))


def frames(body: bytes) -> tuple[list[bytes], Mapping[str, str]]:
    messages, trailers = [], {}
    while body:
        kind, length = struct.unpack(">BI", body[:5])
        content, body = body[5 : 5 + length], body[5 + length :]
        if kind & 0x80:
            lines = content.decode().strip().splitlines()
            trailers = {key.lower(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
        else:
            messages.append(content)
    return messages, trailers


@KINDS
def test_a_call_is_answered_by_a_message_and_its_status(gateway: Gateway, kind: str) -> None:
    heard = call(gateway, GET_PRODUCT, catalog_pb2.GetProductRequest(name="products/mug"), kind)
    assert [catalog_pb2.Product.FromString(one).name for one in heard.messages] == ["products/mug"]
    assert heard.trailers["grpc-status"] == "0"


@KINDS
def test_an_error_comes_with_its_details(gateway: Gateway, kind: str) -> None:
    heard = call(gateway, GET_PRODUCT, catalog_pb2.GetProductRequest(name="products/missing"), kind)
    told = heard.trailers or heard.headers  # a call that fails before its first message has no body
    assert told["grpc-status"] == "5"
    status = status_pb2.Status.FromString(base64.b64decode(told["grpc-status-details-bin"] + "=="))
    info = error_details_pb2.ErrorInfo()
    assert status.details[0].Unpack(info)
    assert (info.reason, status.message) == ("PRODUCT_NOT_FOUND", "no products/missing, n’est-ce pas? 100 %")


@KINDS
def test_a_stream_comes_message_by_message(gateway: Gateway, kind: str) -> None:
    heard = call(gateway, WATCH_ORDER, order_pb2.WatchOrderRequest(name="customers/eve/orders/o1"), kind)
    events = [order_pb2.WatchOrderResponse.FromString(one).WhichOneof("event") for one in heard.messages]
    assert (events, heard.trailers["grpc-status"]) == (["order", "order", "error"], "0")


def test_the_service_knows_how_long_its_caller_waits(gateway: Gateway) -> None:
    request = catalog_pb2.GetProductRequest(name="products/mug")
    heard = call(gateway, GET_PRODUCT, request, BINARY, **{"grpc-timeout": "3S"})
    assert 2 < float(catalog_pb2.Product.FromString(heard.messages[0]).description) < 3.1


def test_what_is_not_public_is_not_there(gateway: Gateway) -> None:
    connection = http.client.HTTPConnection(HOST, gateway.port, timeout=10)
    connection.request("POST", "/souk.acquirer.v1.AcquirerService/Void", b"\0\0\0\0\0", {"content-type": BINARY})
    # No status of gRPC: every client reads this one as UNIMPLEMENTED, as the protocol has it.
    assert connection.getresponse().status == 404
    connection.close()
