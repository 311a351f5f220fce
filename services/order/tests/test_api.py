"""The order service as its callers see it: over the wire, with everything that stands around a handler."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from threading import Event, Thread
from uuid import uuid4

import pytest
from google.protobuf import any_pb2
from google.rpc import error_details_pb2
from grpc import StatusCode
from souk.order.v1 import order_pb2 as pb
from souk.order.v1.order_pb2_grpc import OrderServiceStub, add_OrderServiceServicer_to_server
from souk_chassis.database import Database
from souk_chassis.pages import encode
from souk_chassis.testing import client_of, serving
from souk_order.api import SERVICE, OrderApi
from souk_order.resume import Resume
from souk_order.saga import Unclear

from .world import Clock, Disturbed, Replica, Shop, refused, replica

PENDING, CONFIRMED = pb.Order.STATE_PENDING, pb.Order.STATE_CONFIRMED
CANCELLING, CANCELLED = pb.Order.STATE_CANCELLING, pb.Order.STATE_CANCELLED


@dataclass(frozen=True)
class Desk:
    """What a customer says, in few words."""

    rpc: OrderServiceStub
    draining: Event
    customer: str

    def place(
        self, product: str, quantity: int = 1, *, card: str = "tok_visa", request_id: str = "", timeout: float = 10
    ) -> pb.Order:
        order = pb.Order(lines=[pb.OrderLine(product=product, quantity=quantity)], card_token=card)
        request = pb.PlaceOrderRequest(parent=self.customer, order=order, request_id=request_id)
        return self.rpc.PlaceOrder(request, timeout=timeout)

    def get(self, name: str) -> pb.Order:
        return self.rpc.GetOrder(pb.GetOrderRequest(name=name), timeout=10)

    def cancel(self, name: str, request_id: str = "") -> pb.Order:
        return self.rpc.CancelOrder(pb.CancelOrderRequest(name=name, request_id=request_id), timeout=10)

    def watch(self, name: str) -> Iterator[pb.WatchOrderResponse]:
        return self.rpc.WatchOrder(pb.WatchOrderRequest(name=name), timeout=20)


@dataclass
class Gate:
    """Closed, the payment service can't be reached."""

    closed: bool = False

    def __call__(self) -> Unclear | None:
        return Unclear("closed") if self.closed else None


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
def gated(shop: Shop, database: Database, clock: Clock, gate: Gate) -> Replica:
    payments = Disturbed(shop.peers.payments, "authorize", before=gate)
    return replica(database, replace(shop.peers, payments=payments), clock, jitter=1.0)


@pytest.fixture
def desk(gated: Replica, clock: Clock) -> Iterator[Desk]:
    with ExitStack() as stack:
        draining = Event()
        api = OrderApi(gated.store, gated.checkout, gated.changes, draining=draining, clock=clock)
        server = stack.enter_context(serving([(add_OrderServiceServicer_to_server, api, SERVICE)]))
        channel = stack.enter_context(client_of(server))
        yield Desk(OrderServiceStub(channel), draining, f"customers/{uuid4()}")


@pytest.fixture
def background(gated: Replica, clock: Clock) -> Iterator[None]:
    every = timedelta(seconds=0.1)
    with Resume(gated.store, gated.checkout, every=every, at_once=4, clock=clock).running():
        yield


def test_an_order_is_placed_and_read(shop: Shop, desk: Desk) -> None:
    placed = desk.place(shop.product(price="0.10 EUR"), 3)
    assert placed.state == CONFIRMED
    assert (placed.total.currency_code, placed.total.units, placed.total.nanos) == ("EUR", 0, 300_000_000)
    assert placed.lines[0].unit_price.nanos == 100_000_000
    assert placed.payment == placed.name.replace(f"{desk.customer}/orders", "payments")
    assert placed.statement_descriptor
    assert placed.card_token == ""
    assert desk.get(placed.name) == placed


@pytest.mark.parametrize(
    ("stock", "card", "reason"), [(1, "tok_visa", "INSUFFICIENT_STOCK"), (9, "tok_declined", "CARD_DECLINED")]
)
def test_what_comes_to_nothing_is_an_error_that_names_the_order_each_time(
    shop: Shop, desk: Desk, stock: int, card: str, reason: str
) -> None:
    product, request_id = shop.product(stock), str(uuid4())
    for _ in range(2):
        with refused(reason, StatusCode.FAILED_PRECONDITION) as error:
            desk.place(product, 2, card=card, request_id=request_id)
        order = desk.get(error[0].metadata["order"])
        assert (order.state, order.cancel_reason) == (CANCELLED, reason)
    assert len(desk.rpc.ListOrders(pb.ListOrdersRequest(parent=desk.customer)).orders) == 1


def test_refusals_have_reasons_of_their_own(shop: Shop, desk: Desk) -> None:
    product, request_id = shop.product(), str(uuid4())
    desk.place(product, request_id=request_id)
    with refused("REQUEST_ID_REUSED", StatusCode.ALREADY_EXISTS):
        desk.place(product, 2, request_id=request_id)
    with refused("PRODUCT_NOT_FOUND", StatusCode.NOT_FOUND) as error:
        desk.place("products/nothing")
    assert "products/nothing" in error[0].message
    with refused("ORDER_NOT_FOUND", StatusCode.NOT_FOUND):
        desk.get("customers/ada/orders/none")
    with refused("ORDER_NOT_FOUND", StatusCode.NOT_FOUND):
        desk.cancel("customers/ada/orders/none")
    with refused("ORDER_NOT_FOUND", StatusCode.NOT_FOUND):
        next(desk.watch("customers/ada/orders/none"))


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (pb.PlaceOrderRequest(parent="ada", order=pb.Order()), "parent"),
        (pb.PlaceOrderRequest(parent="customers/ada"), "order"),
        (
            pb.PlaceOrderRequest(parent="customers/ada", order=pb.Order(card_token="4111111111111111")),
            "order.card_token",
        ),
        (
            pb.PlaceOrderRequest(
                parent="customers/ada",
                order=pb.Order(card_token="tok_visa", lines=[pb.OrderLine(product="products/a", quantity=1)] * 2),
            ),
            "order.lines",
        ),
    ],
)
def test_a_request_that_breaks_a_rule_names_the_field(desk: Desk, request_: pb.PlaceOrderRequest, field: str) -> None:
    with refused("INVALID_ARGUMENT", StatusCode.INVALID_ARGUMENT) as error:
        desk.rpc.PlaceOrder(request_, timeout=5)
    assert field in {violation.field for violation in error[0].violations}


@pytest.mark.usefixtures("background")
def test_at_the_deadline_the_order_is_pending_and_goes_on_by_itself(shop: Shop, desk: Desk, gate: Gate) -> None:
    gate.closed = True
    request_id, product = str(uuid4()), shop.product()
    placed = desk.place(product, request_id=request_id, timeout=1.0)
    assert placed.state == PENDING
    gate.closed = False
    *_, last = desk.watch(placed.name)
    assert last.order.state == CONFIRMED
    assert desk.place(product, request_id=request_id) == last.order


def test_cancelling_refunds_and_is_safe_to_repeat(shop: Shop, desk: Desk) -> None:
    product, request_id = shop.product(stock=5), str(uuid4())
    first, second = desk.place(product), desk.place(product)
    for _ in range(2):
        cancelled = desk.cancel(first.name, request_id)
        assert (cancelled.state, cancelled.cancel_reason) == (CANCELLED, "CANCELLED_BY_CUSTOMER")
    assert desk.cancel(first.name).state == CANCELLED
    with refused("REQUEST_ID_REUSED", StatusCode.ALREADY_EXISTS):
        desk.cancel(second.name, request_id)
    assert shop.stock(product) == (4, 0)


def test_a_watch_sends_what_is_and_each_change_until_the_end(shop: Shop, desk: Desk, gate: Gate) -> None:
    gate.closed = True
    placed = desk.place(shop.product(), timeout=0.8)
    watching = desk.watch(placed.name)
    assert next(watching).order.state == PENDING
    desk.cancel(placed.name)
    states = [response.order.state for response in watching]
    assert states[-1] == CANCELLED
    assert set(states) <= {CANCELLING, CANCELLED}


def test_a_watch_sees_what_another_replica_does(shop: Shop, desk: Desk, others: Replica, gate: Gate) -> None:
    gate.closed = True
    placed = desk.place(shop.product(), timeout=0.8)
    watching = desk.watch(placed.name)
    next(watching)
    Thread(target=others.checkout.see_through, args=(placed.name, others.clock() + timedelta(seconds=10))).start()
    *_, last = watching
    assert last.order.state == CONFIRMED


def test_a_watch_says_in_band_that_the_replica_stops(shop: Shop, desk: Desk, gate: Gate) -> None:
    gate.closed = True
    placed = desk.place(shop.product(), timeout=0.8)
    watching = desk.watch(placed.name)
    next(watching)
    desk.draining.set()
    *_, last = watching
    assert last.error.code == StatusCode.UNAVAILABLE.value[0]
    detail: any_pb2.Any = last.error.details[0]
    info = error_details_pb2.ErrorInfo()
    detail.Unpack(info)
    assert info.reason == "DRAINING"


def test_orders_come_in_pages_the_newest_first(shop: Shop, desk: Desk) -> None:
    product = shop.product()
    placed = [desk.place(product).name for _ in range(3)]
    first = desk.rpc.ListOrders(pb.ListOrdersRequest(parent=desk.customer, page_size=2))
    request = pb.ListOrdersRequest(parent=desk.customer, page_size=2, page_token=first.next_page_token)
    second = desk.rpc.ListOrders(request)
    assert [order.name for order in (*first.orders, *second.orders)] == placed[::-1]
    assert second.next_page_token == ""
    by_hand = [
        (desk.customer, encode(cursor, query=desk.customer))
        for cursor in ([2**80, "x"], [-(2**80), "x"], [1], [1, "\0"], ["x", 1])
    ]
    for parent, token in ((desk.customer, "nonsense"), ("customers/eve", first.next_page_token), *by_hand):
        with refused("INVALID_PAGE_TOKEN", StatusCode.INVALID_ARGUMENT):
            desk.rpc.ListOrders(pb.ListOrdersRequest(parent=parent, page_token=token))
