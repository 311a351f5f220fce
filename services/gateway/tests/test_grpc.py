"""gRPC through the real Envoy: it must change nothing."""

import subprocess
import time
from pathlib import Path

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from souk.catalog.v1 import catalog_pb2, catalog_pb2_grpc
from souk.order.v1 import order_pb2, order_pb2_grpc
from souk.payment.v1 import payment_pb2, payment_pb2_grpc
from souk_gateway.testing import Backend, Gateway

GRPCURL = Path(__file__).resolve().parents[3] / ".souk" / "bin" / "grpcurl"
PUBLIC = [f"souk.{name.lower()}.v1.{name}Service" for name in ("Catalog", "Inventory", "Order", "Payment")]


def get(channel: grpc.Channel, name: str, *, timeout: float = 5) -> catalog_pb2.Product:
    request = catalog_pb2.GetProductRequest(name=name)
    return catalog_pb2_grpc.CatalogServiceStub(channel).GetProduct(request, timeout=timeout)


def grpcurl(gateway: Gateway, *arguments: str, options: tuple[str, ...] = ()) -> str:
    command = [str(GRPCURL), "-plaintext", "-max-time", "10", *options, gateway.address, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=15).stdout


def test_a_call_passes(channel: grpc.Channel) -> None:
    assert get(channel, "products/mug").name == "products/mug"


def test_an_error_comes_with_its_details_and_without_a_message_before_it(channel: grpc.Channel) -> None:
    with pytest.raises(grpc.RpcError) as raised:
        get(channel, "products/missing")
    assert raised.value.code() is grpc.StatusCode.NOT_FOUND
    assert raised.value.details() == "no products/missing, n’est-ce pas? 100 %"
    info = error_details_pb2.ErrorInfo()
    assert rpc_status.from_call(raised.value).details[0].Unpack(info)
    assert info.reason == "PRODUCT_NOT_FOUND"


def test_the_service_knows_how_long_its_caller_waits(channel: grpc.Channel) -> None:
    remaining = float(get(channel, "products/mug", timeout=3).description)
    assert 2 < remaining < 3.1  # on the way it is rounded up to the next unit of grpc-timeout


def test_a_call_ends_at_its_deadline(channel: grpc.Channel, backend: Backend) -> None:
    backend.release.clear()
    started = time.monotonic()
    with pytest.raises(grpc.RpcError) as raised:
        get(channel, "products/slow", timeout=0.3)
    backend.release.set()
    assert raised.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert time.monotonic() - started < 2


def test_a_rest_client_may_set_a_deadline_too(gateway: Gateway) -> None:
    answer = gateway.call("GET", "/v1/products/mug", headers={"grpc-timeout": "4S"})
    assert 3 < float(answer.json["description"]) < 4.1


def test_a_stream_passes(channel: grpc.Channel) -> None:
    stub = order_pb2_grpc.OrderServiceStub(channel)
    request = order_pb2.WatchOrderRequest(name="customers/eve/orders/o1")
    assert [one.WhichOneof("event") for one in stub.WatchOrder(request, timeout=5)] == ["order", "order", "error"]


@pytest.mark.parametrize(
    "path", ["/souk.acquirer.v1.AcquirerService/Void", "/souk.catalog.v1.CatalogService/Nothing", "/a.b/C"]
)
def test_what_is_not_public_is_unimplemented(channel: grpc.Channel, path: str) -> None:
    with pytest.raises(grpc.RpcError) as raised:
        channel.unary_unary(path, request_serializer=bytes.strip)(b"", timeout=5)
    assert raised.value.code() is grpc.StatusCode.UNIMPLEMENTED


def test_an_error_of_the_gateway_is_plain_words_for_a_grpc_client(channel: grpc.Channel) -> None:
    request = payment_pb2.GetPaymentRequest(name="payments/p1")
    with pytest.raises(grpc.RpcError) as raised:
        payment_pb2_grpc.PaymentServiceStub(channel).GetPayment(request, timeout=5)
    assert raised.value.code() is grpc.StatusCode.UNAVAILABLE
    assert '{"code"' not in (raised.value.details() or "")


def test_grpcurl_lists_the_public_services_and_no_others(gateway: Gateway) -> None:
    assert grpcurl(gateway, "list").split() == PUBLIC


def test_grpcurl_describes_a_service_and_a_message(gateway: Gateway) -> None:
    described = grpcurl(gateway, "describe", "souk.order.v1.OrderService")
    assert 'get: "/v1/{name=customers/*/orders/*}:watch"' in described
    assert "card_token" in grpcurl(gateway, "describe", "souk.order.v1.Order")


def test_grpcurl_calls_what_it_has_found_by_reflection(gateway: Gateway) -> None:
    answer = grpcurl(gateway, "souk.catalog.v1.CatalogService/GetProduct", options=("-d", '{"name": "products/mug"}'))
    assert '"name": "products/mug"' in answer


def test_what_is_not_public_is_not_described(gateway: Gateway) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        grpcurl(gateway, "describe", "souk.acquirer.v1.AcquirerService")
