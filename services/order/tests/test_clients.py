"""What the saga makes of the answers that it gets over the wire."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import grpc
import pytest
from grpc import StatusCode
from souk.catalog.v1 import catalog_pb2
from souk.catalog.v1.catalog_pb2_grpc import CatalogServiceServicer, add_CatalogServiceServicer_to_server
from souk.inventory.v1 import inventory_pb2
from souk.inventory.v1.inventory_pb2_grpc import InventoryServiceServicer, add_InventoryServiceServicer_to_server
from souk.payment.v1 import payment_pb2
from souk.payment.v1.payment_pb2_grpc import PaymentServiceServicer, add_PaymentServiceServicer_to_server
from souk_chassis.client import channel
from souk_chassis.errors import Refused
from souk_chassis.money import Money
from souk_chassis.testing import client_of, serving
from souk_order.clients import Call, GrpcCatalog, GrpcInventory, GrpcPayments
from souk_order.domain import Line, Order
from souk_order.saga import Done, Outcome, Refusal, Unclear

from .world import refused

NOW = datetime(2030, 1, 1, tzinfo=UTC)
ORDER = Order("customers/ada/orders/o-1", (Line("products/a", 2, Money("EUR", 5)),), NOW, NOW)
CALL = Call("8b5e2c06-3f0d-4a34-9a4f-0d6f0d3f6f0e", 5)


class Callees(InventoryServiceServicer, PaymentServiceServicer, CatalogServiceServicer):
    """Answer what they are told to."""

    def __init__(self, says: Exception | int | None) -> None:
        self._says = says
        self.asked: list[inventory_pb2.ReserveStockRequest] = []

    def ReserveStock(
        self, request: inventory_pb2.ReserveStockRequest, context: grpc.ServicerContext
    ) -> inventory_pb2.Reservation:
        self.asked.append(request)
        if isinstance(self._says, Exception):
            raise self._says
        return inventory_pb2.Reservation(name=request.name)

    def CapturePayment(
        self, request: payment_pb2.CapturePaymentRequest, context: grpc.ServicerContext
    ) -> payment_pb2.Payment:
        assert not isinstance(self._says, Exception)
        return payment_pb2.Payment(name=request.name, state=self._says, statement_descriptor="SOUK")  # type: ignore[arg-type]

    def BatchGetProducts(
        self, request: catalog_pb2.BatchGetProductsRequest, context: grpc.ServicerContext
    ) -> catalog_pb2.BatchGetProductsResponse:
        if isinstance(self._says, Exception):
            raise self._says
        return catalog_pb2.BatchGetProductsResponse()


@contextmanager
def callees(says: Exception | int | None) -> Iterator[tuple[Callees, grpc.Channel]]:
    servicer = Callees(says)  # type: ignore[abstract]  # the others are never asked
    registrations: list[tuple[Callable[..., None], object, str]] = [
        (add_InventoryServiceServicer_to_server, servicer, "souk.inventory.v1.InventoryService"),
        (add_PaymentServiceServicer_to_server, servicer, "souk.payment.v1.PaymentService"),
        (add_CatalogServiceServicer_to_server, servicer, "souk.catalog.v1.CatalogService"),
    ]
    with serving(registrations) as server, client_of(server) as opened:
        yield servicer, opened


@pytest.mark.parametrize(
    ("says", "outcome"),
    [
        (None, Done()),
        (Refused("INSUFFICIENT_STOCK", "only 1"), Refusal("INSUFFICIENT_STOCK", "only 1")),
        (Refused("GONE", "gone", code=StatusCode.NOT_FOUND), Refusal("GONE", "gone")),
        (Refused("DATABASE_BUSY", "", code=StatusCode.ABORTED), Unclear("ABORTED DATABASE_BUSY")),
        (Refused("X", "", code=StatusCode.UNAVAILABLE), Unclear("UNAVAILABLE X")),
        (Refused("", "RBAC: access denied", code=StatusCode.PERMISSION_DENIED), Unclear("PERMISSION_DENIED")),
        (Refused("", "no route", code=StatusCode.NOT_FOUND), Unclear("NOT_FOUND")),
        (ValueError("a bug over there"), Unclear("INTERNAL INTERNAL")),
    ],
)
def test_only_a_callee_itself_can_refuse_for_good(says: Exception | None, outcome: Outcome) -> None:
    with callees(says) as (_, opened):
        assert GrpcInventory(opened).reserve(ORDER, timedelta(0), CALL) == outcome


def test_nobody_there_leaves_it_unclear() -> None:
    with channel("127.0.0.1:1") as nowhere:
        assert GrpcInventory(nowhere).commit(ORDER, CALL) == Unclear("UNAVAILABLE")


@pytest.mark.parametrize(
    ("state", "outcome"),
    [
        (payment_pb2.Payment.STATE_CAPTURED, Done("SOUK")),
        (payment_pb2.Payment.STATE_PENDING, Unclear("the acquirer's answer is not known yet")),
    ],
)
def test_a_payment_that_is_pending_is_not_done(state: int, outcome: Outcome) -> None:
    with callees(state) as (_, opened):
        assert GrpcPayments(opened).capture(ORDER, CALL) == outcome


def test_a_reservation_is_asked_for_under_the_name_of_its_order() -> None:
    with callees(None) as (servicer, opened):
        GrpcInventory(opened).reserve(ORDER, timedelta(days=1), CALL)
    (asked,) = servicer.asked
    assert (asked.name, asked.hold_seconds, asked.request_id) == ("reservations/o-1", 86400, CALL.request_id)
    assert [(line.product, line.quantity) for line in asked.lines] == [("products/a", 2)]


def test_a_product_that_the_catalog_leaves_out_is_not_found() -> None:
    with callees(None) as (_, opened), refused("PRODUCT_NOT_FOUND", StatusCode.NOT_FOUND) as error:
        GrpcCatalog(opened).prices(["products/a"])
    assert error[0].metadata == {"product": "products/a"}


def test_a_catalog_that_fails_is_not_mistaken_for_one_without_the_product() -> None:
    with callees(ValueError("a bug over there")) as (_, opened), refused("INTERNAL", StatusCode.INTERNAL):
        GrpcCatalog(opened).prices(["products/a"])
