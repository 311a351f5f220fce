"""The access log: one line for each call, with the code that the service gave, however the call came."""

from __future__ import annotations

import socket
import urllib.request
import uuid

import grpc
import pytest
from souk.catalog.v1.catalog_pb2 import GetProductRequest
from souk.catalog.v1.catalog_pb2_grpc import CatalogServiceStub
from souk.order.v1.order_pb2 import WatchOrderRequest
from souk.order.v1.order_pb2_grpc import OrderServiceStub
from souk_gateway.testing import HOST, Backend, Gateway

NOBODY_WAS_ASKED = None


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/v1/products/mug", 200, 0),
        ("/v1/products/missing", 404, 5),
        ("/v1/products/bad", 400, 3),
        ("/v1/products/busy", 429, 8),
        ("/v1/products/strange", 400, 9),
        ("/v1/products/mug?name=products/jug", 400, NOBODY_WAS_ASKED),
        ("/v1/products?pageSize=many", 400, NOBODY_WAS_ASKED),
        ("/v1/nothing", 404, NOBODY_WAS_ASKED),
        ("/v1/customers/jo/orders/missing:watch", 404, 5),
        ("/v1/customers/jo/orders/o1:watch", 200, 0),
        ("/v1/customers/jo/orders/broken:watch", 200, 15),
    ],
)
def test_a_call_by_rest(gateway: Gateway, path: str, status: int, code: int | None) -> None:
    identity = str(uuid.uuid4())
    gateway.call("GET", path, headers={"x-request-id": identity})
    line = gateway.logged(identity)
    assert (line["status"], line["grpc"]) == (status, code)


@pytest.mark.parametrize(("name", "code"), [("products/mug", 0), ("products/missing", 5), ("products/busy", 8)])
def test_a_call_by_grpc(gateway: Gateway, channel: grpc.Channel, name: str, code: int) -> None:
    identity = str(uuid.uuid4())
    call = CatalogServiceStub(channel).GetProduct.future(
        GetProductRequest(name=name), metadata=[("x-request-id", identity)], timeout=10
    )
    call.exception()
    line = gateway.logged(identity)
    assert (line["status"], line["grpc"]) == (200, code)


def test_a_stream_by_grpc_that_breaks_off(gateway: Gateway, channel: grpc.Channel) -> None:
    identity = str(uuid.uuid4())
    request = WatchOrderRequest(name="customers/jo/orders/broken")
    with pytest.raises(grpc.RpcError):
        list(OrderServiceStub(channel).WatchOrder(request, metadata=[("x-request-id", identity)], timeout=10))
    assert gateway.logged(identity)["grpc"] == grpc.StatusCode.DATA_LOSS.value[0]


def test_a_stream_that_its_client_leaves_has_no_code(gateway: Gateway, backend: Backend) -> None:
    identity = str(uuid.uuid4())
    backend.release.clear()
    url = f"http://{gateway.address}/v1/customers/jo/orders/slow:watch"
    with urllib.request.urlopen(urllib.request.Request(url, headers={"x-request-id": identity}), timeout=5) as stream:
        assert stream.readline()
    line = gateway.logged(identity)
    backend.release.set()
    assert (line["status"], line["grpc"]) == (200, None)


def test_a_call_that_its_client_gives_up_has_none_either(gateway: Gateway, backend: Backend) -> None:
    identity = str(uuid.uuid4())
    backend.release.clear()
    backend.entered.clear()
    with socket.create_connection((HOST, gateway.port), timeout=5) as connection:
        asked = f"GET /v1/products/slow HTTP/1.1\r\nhost: a\r\nx-request-id: {identity}\r\n\r\n"
        connection.sendall(asked.encode())
        assert backend.entered.wait(5)
    line = gateway.logged(identity)
    backend.release.set()
    assert (line["status"], line["grpc"]) == (0, None)
