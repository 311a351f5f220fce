"""What customers ask for; each request looks at its answer, and raises if that is wrong."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse
from typing import Any

import grpc
from souk.catalog.v1.catalog_pb2 import GetProductRequest
from souk.catalog.v1.catalog_pb2_grpc import CatalogServiceStub
from souk.inventory.v1.inventory_pb2 import GetStockRequest
from souk.inventory.v1.inventory_pb2_grpc import InventoryServiceStub
from souk.order.v1.order_pb2 import (
    DESCRIPTOR,
    GetOrderRequest,
    ListOrdersRequest,
    Order,
    OrderLine,
    PlaceOrderRequest,
    WatchOrderRequest,
)
from souk.order.v1.order_pb2_grpc import OrderServiceStub

from tests.reliability.audit import Told
from tests.rollout.tally import Tally

PATIENCE_SECONDS = 30
# Slow: the bank takes half a second, so that something is under way at any moment.
CARDS = ("tok_visa", "tok_slow", "tok_visa", "tok_flaky")
SETTLED = {"STATE_CONFIRMED": "CONFIRMED", "STATE_CANCELLED": "CANCELLED"}
SPEAKING_SECONDS = 10.0
ORDERS = DESCRIPTOR.services_by_name["OrderService"]


class Wrong(Exception):
    """An answer that should not have come."""


@dataclass(frozen=True)
class Goods:
    """What is looked at: a product of the catalog, and an order that is settled."""

    product: str
    order: str

    @property
    def customer(self) -> str:
        return self.order.partition("/orders/")[0]


class RestClient:
    """One connection, kept alive as long as the shop keeps it; one that it said it closes is opened anew."""

    def __init__(self, address: str) -> None:
        self._connection = HTTPConnection(address, timeout=PATIENCE_SECONDS)

    def close(self) -> None:
        """Ends the connection."""
        self._connection.close()

    def get(self, path: str) -> Mapping[str, Any]:
        """Reads.

        Raises:
            Wrong: the status was not 200.
        """
        return self._sent("GET", path)

    def post(self, path: str, body: Mapping[str, object], key: str) -> Mapping[str, Any]:
        """Writes; raises as `get` does."""
        return self._sent("POST", path, json.dumps(body), {"Content-Type": "application/json", "Idempotency-Key": key})

    def lines(self, path: str) -> Iterator[Mapping[str, Any]]:
        """Follows a stream to its end; raises as `get` does."""
        self._connection.request("GET", path)
        response = self._connection.getresponse()
        _check(response)
        for line in iter(response.readline, b""):
            yield json.loads(line)

    def _sent(self, method: str, path: str, body: str | None = None, headers: Mapping[str, str] = {}) -> dict[str, Any]:
        self._connection.request(method, path, body, dict(headers))
        response = self._connection.getresponse()
        _check(response)
        return dict(json.load(response))


def _check(response: HTTPResponse) -> None:
    if response.status != 200:
        raise Wrong(f"{response.status} {response.read(500)!r}")


Action = tuple[str, Callable[[], None]]
"""A request by its name; it raises if its answer is wrong."""


def rest_reads(rest: RestClient, goods: Goods) -> Sequence[Action]:
    """What REST clients read."""
    return (
        ("REST GetProduct", lambda: _same(rest.get(f"/v1/{goods.product}")["name"], goods.product)),
        ("REST GetStock", lambda: _same(rest.get(f"/v1/{goods.product}/stock")["name"], f"{goods.product}/stock")),
        ("REST GetOrder", lambda: _same(rest.get(f"/v1/{goods.order}")["name"], goods.order)),
        ("REST ListOrders", lambda: _same(rest.get(f"/v1/{goods.customer}/orders")["orders"][0]["name"], goods.order)),
    )


def grpc_reads(channel: grpc.Channel, goods: Goods) -> Sequence[Action]:
    """The same over gRPC."""
    catalog, inventory, orders = CatalogServiceStub(channel), InventoryServiceStub(channel), OrderServiceStub(channel)
    product, stock = GetProductRequest(name=goods.product), GetStockRequest(name=f"{goods.product}/stock")
    order, of_customer = GetOrderRequest(name=goods.order), ListOrdersRequest(parent=goods.customer)
    return (
        ("gRPC GetProduct", lambda: _same(catalog.GetProduct(product, timeout=PATIENCE_SECONDS).name, product.name)),
        ("gRPC GetStock", lambda: _same(inventory.GetStock(stock, timeout=PATIENCE_SECONDS).name, stock.name)),
        ("gRPC GetOrder", lambda: _same(orders.GetOrder(order, timeout=PATIENCE_SECONDS).name, order.name)),
        (
            "gRPC ListOrders",
            lambda: _same(orders.ListOrders(of_customer, timeout=PATIENCE_SECONDS).orders[0].name, order.name),
        ),
    )


def rest_orders(rest: RestClient, goods: Goods, tally: Tally, cards: Iterator[str]) -> Sequence[Action]:
    """Orders over REST, each watched until it is settled."""
    placed: list[tuple[str, str]] = []

    def place() -> None:
        key = str(uuid.uuid4())
        body = {"lines": [{"product": goods.product, "quantity": 1}], "cardToken": next(cards)}
        name = rest.post("/v1/customers/rest/orders", body, key)["name"]
        tally.learned(Told(key, name))
        placed.append((key, name))

    def watch() -> None:
        key, name = placed.pop()
        last = ""
        for message in rest.lines(f"/v1/{name}:watch"):
            last = _state(message, message.get("error"), message.get("order", {}).get("state", ""))
        tally.learned(Told(key, name, SETTLED.get(last, "")))

    return ("REST PlaceOrder", place), ("REST WatchOrder", watch)


def grpc_orders(channel: grpc.Channel, goods: Goods, tally: Tally, cards: Iterator[str]) -> Sequence[Action]:
    """Orders over gRPC, each watched until it is settled."""
    orders = OrderServiceStub(channel)
    placed: list[tuple[str, str]] = []

    def place() -> None:
        request = _order("customers/grpc", goods, next(cards))
        name = orders.PlaceOrder(request, timeout=PATIENCE_SECONDS).name
        tally.learned(Told(request.request_id, name))
        placed.append((request.request_id, name))

    def watch() -> None:
        key, name = placed.pop()
        last = ""
        for message in orders.WatchOrder(WatchOrderRequest(name=name), timeout=PATIENCE_SECONDS):
            error = message.error if message.HasField("error") else None
            last = _state(message, error, Order.State.Name(message.order.state))
        tally.learned(Told(key, name, SETTLED.get(last, "")))

    return ("gRPC PlaceOrder", place), ("gRPC WatchOrder", watch)


def slow_orders(channel: grpc.Channel, goods: Goods, tally: Tally) -> Sequence[Action]:
    """An order whose call begins long before its request is said; it is said at once when everything is over."""
    path = f"/{ORDERS.full_name}/PlaceOrder"
    place = channel.stream_unary(path, PlaceOrderRequest.SerializeToString, Order.FromString)

    def said(request: PlaceOrderRequest) -> Iterator[PlaceOrderRequest]:
        tally.over.wait(SPEAKING_SECONDS)
        yield request

    def order() -> None:
        request = _order("customers/slow", goods, CARDS[0])
        placed = place(said(request), timeout=PATIENCE_SECONDS)
        tally.learned(Told(request.request_id, placed.name))

    return (("slow PlaceOrder", order),)


def _order(customer: str, goods: Goods, card: str) -> PlaceOrderRequest:
    order = Order(lines=[OrderLine(product=goods.product, quantity=1)], card_token=card)
    return PlaceOrderRequest(parent=customer, order=order, request_id=str(uuid.uuid4()))


def _state(message: object, error: object, state: str) -> str:
    # The one thing that a stream may say but its order: that its replica stops, and another would go on.
    if error and "DRAINING" not in str(error):
        raise Wrong(message)
    return "" if error else state


def _same(found: str, wanted: str) -> None:
    if found != wanted:
        raise Wrong(f"{found} instead of {wanted}")
