"""Customers who never ask twice: each looks at every answer, and says what was wrong with it.

A client that repeats what failed would hide what is looked for here, so gRPC's own repeating is switched off too.
"""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPResponse
from itertools import cycle
from typing import Any

import grpc
from souk.catalog.v1.catalog_pb2 import GetProductRequest
from souk.catalog.v1.catalog_pb2_grpc import CatalogServiceStub
from souk.inventory.v1.inventory_pb2 import GetStockRequest
from souk.inventory.v1.inventory_pb2_grpc import InventoryServiceStub
from souk.order.v1.order_pb2 import (
    GetOrderRequest,
    ListOrdersRequest,
    Order,
    OrderLine,
    PlaceOrderRequest,
    WatchOrderRequest,
)
from souk.order.v1.order_pb2_grpc import OrderServiceStub

from tests.reliability.audit import Told

PATIENCE_SECONDS = 30
# An order costs the shop as much as ten looks, and most customers look.
THINKING_SECONDS = 0.3
# Once there were enough of them, requests go on until the last change is done, but leave the machine to it.
PAUSE_SECONDS = 0.2
CUSTOMERS = 8
CONNECTION = [("grpc.enable_retries", 0), ("grpc.use_local_subchannel_pool", 1)]
# Slow: the bank takes half a second, so that something is under way at any moment.
CARDS = ("tok_visa", "tok_slow", "tok_visa", "tok_flaky")
SETTLED = {"STATE_CONFIRMED": "CONFIRMED", "STATE_CANCELLED": "CANCELLED"}


class Wrong(Exception):
    """An answer that should not have come."""


@dataclass
class Tally:
    """What came of all requests. Many threads write to it."""

    enough: int
    answered: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def total(self) -> int:
        """How many were answered as they should be."""
        return self.answered.total()

    def right(self, what: str) -> None:
        """Counts one good answer."""
        with self._lock:
            self.answered[what] += 1

    def wrong(self, what: str, why: object) -> None:
        """Notes one that failed, and when."""
        with self._lock:
            self.failures.append(f"{time.strftime('%H:%M:%S')} {what}: {why}")

    def learned(self, told: Told) -> None:
        """Notes what a customer was told of an order."""
        with self._lock:
            self.told.append(told)


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

    def __init__(self, port: int) -> None:
        self._connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)

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
        key = str(uuid.uuid4())
        order = Order(lines=[OrderLine(product=goods.product, quantity=1)], card_token=next(cards))
        request = PlaceOrderRequest(parent="customers/grpc", order=order, request_id=key)
        name = orders.PlaceOrder(request, timeout=PATIENCE_SECONDS).name
        tally.learned(Told(key, name))
        placed.append((key, name))

    def watch() -> None:
        key, name = placed.pop()
        last = ""
        for message in orders.WatchOrder(WatchOrderRequest(name=name), timeout=PATIENCE_SECONDS):
            error = message.error if message.HasField("error") else None
            last = _state(message, error, Order.State.Name(message.order.state))
        tally.learned(Told(key, name, SETTLED.get(last, "")))

    return ("gRPC PlaceOrder", place), ("gRPC WatchOrder", watch)


def _state(message: object, error: object, state: str) -> str:
    # The one thing that a stream may say but its order: that its replica stops, and another would go on.
    if error and "DRAINING" not in str(error):
        raise Wrong(message)
    return "" if error else state


def _same(found: str, wanted: str) -> None:
    if found != wanted:
        raise Wrong(f"{found} instead of {wanted}")


@contextmanager
def load(port: int, goods: Goods, enough: int) -> Iterator[Tally]:
    """Requests from all customers at once, as long as the block runs and until there were enough of them."""
    tally, cards = Tally(enough), cycle(CARDS)
    threads = [
        threading.Thread(target=_customer, args=(port, goods, tally, cards, number), name=f"customer-{number}")
        for number in range(CUSTOMERS)
    ]
    for thread in threads:
        thread.start()
    try:
        yield tally
        while tally.total < enough and not tally.failures:
            time.sleep(PAUSE_SECONDS)
    finally:
        tally.over.set()
        for thread in threads:
            thread.join()


def _customer(port: int, goods: Goods, tally: Tally, cards: Iterator[str], number: int) -> None:
    with (
        closing(RestClient(port)) as rest,
        grpc.insecure_channel(f"127.0.0.1:{port}", options=CONNECTION) as channel,
    ):
        of_each_kind = (
            rest_reads(rest, goods),
            grpc_reads(channel, goods),
            rest_orders(rest, goods, tally, cards),
            grpc_orders(channel, goods, tally, cards),
        )
        # Three in four only look.
        kind = of_each_kind[(0, 1, 0, 1, 0, 1, 2, 3)[number % 8]]
        thinking = THINKING_SECONDS if kind in of_each_kind[2:] else 0
        while not tally.over.wait(thinking):
            _round(kind, tally)


def _round(actions: Sequence[Action], tally: Tally) -> None:
    for what, action in actions:
        try:
            action()
        except grpc.RpcError as error:
            tally.wrong(what, f"{error.code()} {error.details()}")
            return
        except (OSError, HTTPException, ValueError, LookupError, Wrong) as error:
            tally.wrong(what, repr(error))
            return
        tally.right(what)
        if tally.total > tally.enough:
            time.sleep(PAUSE_SECONDS)
