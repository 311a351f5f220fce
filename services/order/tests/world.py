"""The shop around an order service: the real callees over real connections, and ways to disturb them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from threading import Lock
from typing import Any, cast
from uuid import uuid4

import grpc
import pytest
from souk.catalog.v1 import catalog_pb2
from souk.catalog.v1.catalog_pb2_grpc import CatalogServiceStub
from souk.inventory.v1 import inventory_pb2
from souk.inventory.v1.inventory_pb2_grpc import InventoryServiceStub
from souk.payment.v1 import payment_pb2
from souk.payment.v1.payment_pb2_grpc import PaymentServiceStub
from souk_acquirer.store import Ledger
from souk_chassis.database import Database
from souk_chassis.errors import Refused, refusal
from souk_chassis.money import Money
from souk_order.changes import Changes
from souk_order.checkout import Checkout, Peers
from souk_order.clients import Inventory, Payments
from souk_order.domain import Order, Wish
from souk_order.saga import Outcome, Unclear
from souk_order.store import OrderStore, Placing

_numbers = count(1)
ADA = "customers/ada"


@dataclass
class Clock:
    """The time, which a test may put forward."""

    ahead: timedelta = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def turn(self, **by: float) -> None:
        self.ahead += timedelta(**by)


@dataclass(frozen=True)
class Shop:
    """The callees, and what a test asks them."""

    peers: Peers
    catalog: CatalogServiceStub
    inventory: InventoryServiceStub
    payment: PaymentServiceStub
    ledger: Ledger

    def product(self, stock: int = 10, price: str = "12.50 EUR") -> str:
        """A new product, and so many pieces of it."""
        amount, currency = price.split()
        units, _, cents = amount.partition(".")
        money = Money(currency, int(units), int(cents.ljust(9, "0")))
        wanted = catalog_pb2.Product(display_name="A thing", price=money.to_proto())
        product = self.catalog.CreateProduct(catalog_pb2.CreateProductRequest(product=wanted)).name
        self.inventory.AdjustStock(inventory_pb2.AdjustStockRequest(name=f"{product}/stock", delta=stock))
        return product

    def stock(self, product: str) -> tuple[int, int]:
        """On hand and reserved."""
        stock = self.inventory.GetStock(inventory_pb2.GetStockRequest(name=f"{product}/stock"))
        return stock.on_hand, stock.reserved

    def paid(self, order: Order) -> str:
        """What has become of the order's payment."""
        try:
            payment = self.payment.GetPayment(payment_pb2.GetPaymentRequest(name=order.payment))
        except grpc.RpcError as error:
            if refusal(error).reason != "PAYMENT_NOT_FOUND":
                raise
            return "NONE"
        return payment_pb2.Payment.State.Name(payment.state).removeprefix("STATE_")

    def movements(self, order: Order) -> tuple[str, ...]:
        """What was done to the customer's money at the bank."""
        return self.ledger.movements(order.payment)


@dataclass(frozen=True)
class Replica:
    """One process's order service, without its server."""

    checkout: Checkout
    store: OrderStore
    changes: Changes
    clock: Clock

    def place(
        self, product: str, quantity: int = 1, *, card: str = "tok_visa", request_id: str = "", seconds: float = 20
    ) -> Order:
        until = self.clock() + timedelta(seconds=seconds)
        placing = Placing(request_id or str(uuid4()), f"{product} {quantity} {card}".encode(), card)
        return self.checkout.place(ADA, [Wish(product, quantity)], placing, until)

    def see_through(self, order: Order, seconds: float = 20) -> Order:
        return self.checkout.see_through(order.name, self.clock() + timedelta(seconds=seconds))


# Shortens every pause to nothing.
NO_PAUSE = -1.0


def replica(
    database: Database,
    peers: Peers,
    clock: Clock,
    *,
    store: Callable[[Database], OrderStore] = OrderStore,
    jitter: float = NO_PAUSE,
) -> Replica:
    orders, changes = store(database), Changes()
    return Replica(Checkout(orders, peers, changes, clock=clock, jitter=lambda: jitter), orders, changes, clock)


class Killed(BaseException):
    """The process is gone: no handler of it runs any more."""


@dataclass
class Fuse:
    """Kills the process at the nth place where it could die."""

    at: int
    passed: int = 0

    def burn(self) -> None:
        self.passed += 1
        if self.passed >= self.at:
            raise Killed

    @property
    def has_blown(self) -> bool:
        return self.passed >= self.at


class Fused:
    """Something whose every method may be the last thing that the process does, before it or after it."""

    def __init__(self, inner: object, fuse: Fuse) -> None:
        self._inner = inner
        self._fuse = fuse

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        method = getattr(self._inner, name)

        def fused(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401
            self._fuse.burn()
            answer = method(*arguments, **named)
            self._fuse.burn()
            return answer

        return fused


def fused_store(fuse: Fuse) -> Callable[[Database], OrderStore]:
    def fused(database: Database) -> OrderStore:
        return cast("OrderStore", Fused(OrderStore(database), fuse))

    return fused


def fused_peers(peers: Peers, fuse: Fuse) -> Peers:
    inventory = cast("Inventory", Fused(peers.inventory, fuse))
    return Peers(peers.catalog, inventory, cast("Payments", Fused(peers.payments, fuse)))


@dataclass
class Disturbed:
    """Calls one method of a peer differently: `before` may answer in its place, `after` may take its answer away."""

    inner: object
    method: str
    before: Callable[[], Outcome | None] = lambda: None
    after: Callable[[], Outcome | None] = lambda: None
    calls: list[str] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        method = getattr(self.inner, name)
        if name != self.method:
            return method

        def disturbed(*arguments: Any) -> Outcome:  # noqa: ANN401
            instead = self.before()
            if instead is not None:
                return instead
            answer: Outcome = method(*arguments)
            with self.lock:
                self.calls.append(arguments[-1].request_id)
            return self.after() or answer

        return disturbed


def times(number: int, outcome: Outcome | None = None) -> Callable[[], Outcome | None]:
    """Happens so many times, then no more."""
    left = iter(range(number))
    return lambda: (outcome or Unclear("disturbed")) if next(left, None) is not None else None


@contextmanager
def refused(reason: str, code: grpc.StatusCode) -> Iterator[list[Refused]]:
    """Expects a call to be refused, by our own code or over the wire."""
    found: list[Refused] = []
    with pytest.raises((grpc.RpcError, Refused)) as caught:
        yield found
    raised = caught.value
    error = refusal(raised) if isinstance(raised, grpc.RpcError) else raised
    assert isinstance(error, Refused)
    assert (error.reason, error.code) == (reason, code), error.message
    found.append(error)
