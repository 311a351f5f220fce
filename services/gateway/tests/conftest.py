"""One gateway for the session, and behind it a small real server in the place of catalog, order and inventory."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NoReturn

import grpc
import pytest
from google.protobuf import any_pb2, empty_pb2
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status
from souk.catalog.v1 import catalog_pb2, catalog_pb2_grpc
from souk.inventory.v1 import inventory_pb2, inventory_pb2_grpc
from souk.order.v1 import order_pb2, order_pb2_grpc
from souk_gateway.testing import HOST, Backend, Gateway, running

Trailers = tuple[tuple[str, str], ...]
ETAG = '"17-3"'
OWN_CHALLENGE = 'Bearer realm="till", error="invalid_token"'
STRANGE = 'no "strange" mug\n here, n’est-ce pas? 100 %'


def refuse(
    context: grpc.ServicerContext, code: grpc.StatusCode, reason: str, message: str, trailers: Trailers = ()
) -> NoReturn:
    info = any_pb2.Any()
    info.Pack(error_details_pb2.ErrorInfo(reason=reason, domain="souk.dev", metadata={"product": "mug"}))
    status = status_pb2.Status(code=code.value[0], message=message, details=[info])
    told = rpc_status.to_status(status)
    context.abort_with_status(told._replace(trailing_metadata=(*told.trailing_metadata, *trailers)))
    raise AssertionError("abort raises")


def refuse_strangely(context: grpc.ServicerContext) -> NoReturn:
    """With a detail that no descriptor set of ours describes."""
    detail = any_pb2.Any(type_url="type.googleapis.com/elsewhere.v1.Unknown", value=b"\x0a\x01x")
    status = status_pb2.Status(code=9, message=STRANGE, details=[detail])
    context.abort_with_status(rpc_status.to_status(status))
    raise AssertionError("abort raises")


@dataclass
class Catalog(catalog_pb2_grpc.CatalogServiceServicer):
    backend: Backend

    def GetProduct(self, request: catalog_pb2.GetProductRequest, context: grpc.ServicerContext) -> catalog_pb2.Product:
        self.backend.saw(request, context)
        if request.name == "products/missing":
            refuse(context, grpc.StatusCode.NOT_FOUND, "PRODUCT_NOT_FOUND", "no products/missing, n’est-ce pas? 100 %")
        if request.name == "products/strange":
            refuse_strangely(context)
        if request.name == "products/bad":
            refuse(context, grpc.StatusCode.INVALID_ARGUMENT, "INVALID_ARGUMENT", "no such name")
        if request.name == "products/closed":
            refuse(context, grpc.StatusCode.UNAUTHENTICATED, "UNAUTHENTICATED", "who are you?")
        if request.name == "products/reserved":
            challenge = (("www-authenticate", OWN_CHALLENGE),)
            refuse(context, grpc.StatusCode.UNAUTHENTICATED, "UNAUTHENTICATED", "who are you?", challenge)
        if request.name == "products/busy":
            later = (("retry-after", "7"),)
            refuse(context, grpc.StatusCode.RESOURCE_EXHAUSTED, "TOO_MANY_CALLS", "later, please", later)
        if request.name in ("products/kept", "products/long"):
            context.send_initial_metadata((("etag", ETAG), ("cache-control", "max-age=5")))
        if request.name == "products/long":
            return catalog_pb2.Product(name=request.name, description="a rose is " * 400)
        if request.name == "products/crowded":
            context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "too many")
        if request.name == "products/huge":
            return catalog_pb2.Product(name=request.name, description="x" * (3 << 20))
        if request.name == "products/slow":
            self.backend.entered.set()
            self.backend.release.wait(10)
        remaining = context.time_remaining()  # without a deadline some hundreds of years
        return catalog_pb2.Product(name=request.name, description=str(remaining) if remaining < 60 else "")

    def CreateProduct(
        self, request: catalog_pb2.CreateProductRequest, context: grpc.ServicerContext
    ) -> catalog_pb2.Product:
        self.backend.saw(request, context)
        if request.product_id == "taken":
            refuse(context, grpc.StatusCode.ALREADY_EXISTS, "PRODUCT_EXISTS", "products/taken is there already")
        request.product.name = f"products/{request.product_id}"
        return request.product

    def UpdateProduct(
        self, request: catalog_pb2.UpdateProductRequest, context: grpc.ServicerContext
    ) -> catalog_pb2.Product:
        self.backend.saw(request, context)
        if self.backend.metadata.get("if-match", ETAG) != ETAG:
            refuse(context, grpc.StatusCode.ABORTED, "ETAG_MISMATCH", "it has changed")
        if request.product.display_name == "locked":
            refuse(context, grpc.StatusCode.ABORTED, "TRY_AGAIN", "somebody else is at it")
        return request.product

    def DeleteProduct(
        self, request: catalog_pb2.DeleteProductRequest, context: grpc.ServicerContext
    ) -> empty_pb2.Empty:
        self.backend.saw(request, context)
        return empty_pb2.Empty()

    def ListProducts(
        self, request: catalog_pb2.ListProductsRequest, context: grpc.ServicerContext
    ) -> catalog_pb2.ListProductsResponse:
        self.backend.saw(request, context)
        if request.page_token == "first":
            context.send_initial_metadata((("next-page-token", "a+b/c=="),))
        return catalog_pb2.ListProductsResponse(next_page_token=request.page_token)


@dataclass
class Inventory(inventory_pb2_grpc.InventoryServiceServicer):
    backend: Backend

    def GetStock(self, request: inventory_pb2.GetStockRequest, context: grpc.ServicerContext) -> inventory_pb2.Stock:
        self.backend.saw(request, context)
        return inventory_pb2.Stock(name=request.name, on_hand=9007199254740993)


@dataclass
class Orders(order_pb2_grpc.OrderServiceServicer):
    backend: Backend

    def WatchOrder(
        self, request: order_pb2.WatchOrderRequest, context: grpc.ServicerContext
    ) -> Iterator[order_pb2.WatchOrderResponse]:
        self.backend.saw(request, context)
        if request.name.endswith("/strange"):
            refuse_strangely(context)
        if request.name.endswith("/closed"):
            refuse(context, grpc.StatusCode.UNAUTHENTICATED, "UNAUTHENTICATED", "who are you?")
        if request.name.endswith("/missing"):
            refuse(context, grpc.StatusCode.NOT_FOUND, "ORDER_NOT_FOUND", "no such order")
        for state in (order_pb2.Order.STATE_PENDING, order_pb2.Order.STATE_CONFIRMED):
            yield order_pb2.WatchOrderResponse(order=order_pb2.Order(name=request.name, state=state))
            if request.name.endswith("/broken"):
                refuse(context, grpc.StatusCode.DATA_LOSS, "BROKEN", "half an order")
            if request.name.endswith("/slow"):
                self.backend.release.wait(10)
        yield order_pb2.WatchOrderResponse(error=status_pb2.Status(code=14, message="going down"))


@pytest.fixture(scope="session")
def backend() -> Iterator[Backend]:
    seen = Backend()
    server = grpc.server(ThreadPoolExecutor(8))
    # They leave out most of their services' methods, which then answer UNIMPLEMENTED.
    catalog_pb2_grpc.add_CatalogServiceServicer_to_server(Catalog(seen), server)  # type: ignore[abstract]
    inventory_pb2_grpc.add_InventoryServiceServicer_to_server(Inventory(seen), server)  # type: ignore[abstract]
    order_pb2_grpc.add_OrderServiceServicer_to_server(Orders(seen), server)  # type: ignore[abstract]
    seen.address = f"{HOST}:{server.add_insecure_port(f'{HOST}:0')}"
    server.start()
    yield seen
    server.stop(0).wait()


@pytest.fixture(scope="session")
def gateway(backend: Backend, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    log = tmp_path_factory.mktemp("gateway") / "log"
    with running(backend.environment, log) as up:
        yield up
    assert "script log" not in log.read_text(), "a Lua script has failed"


@pytest.fixture
def channel(gateway: Gateway) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(gateway.address) as open_channel:
        yield open_channel
