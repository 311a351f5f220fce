"""The shop with a finger on one of its processes: freezes it, takes its disk away, locks its database."""

from __future__ import annotations

import resource
import signal
import sqlite3
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import grpc
import psutil
from google.type.money_pb2 import Money
from grpc_health.v1 import health_pb2, health_pb2_grpc
from souk.catalog.v1.catalog_pb2 import CreateProductRequest, Product
from souk.catalog.v1.catalog_pb2_grpc import CatalogServiceStub
from souk.inventory.v1.inventory_pb2 import AdjustStockRequest, GetStockRequest, Stock
from souk.inventory.v1.inventory_pb2_grpc import InventoryServiceStub
from souk.order.v1.order_pb2 import ListOrdersRequest, Order, OrderLine, PlaceOrderRequest
from souk.order.v1.order_pb2_grpc import OrderServiceStub

from tests.mesh import Mesh

PATIENCE_SECONDS = 40
Found = TypeVar("Found")
CONFIRMED, CANCELLED = Order.STATE_CONFIRMED, Order.STATE_CANCELLED


@dataclass(frozen=True)
class Shop:
    """What a customer calls, and the processes behind it."""

    mesh: Mesh
    catalog: CatalogServiceStub
    inventory: InventoryServiceStub
    orders: OrderServiceStub

    def stocked(self, pieces: int) -> str:
        """A new product with so many pieces; its name."""
        product = Product(display_name="Lamp", price=Money(currency_code="EUR", units=20))
        identifier = f"lamp-{uuid.uuid4().hex[:12]}"
        name = str(self.catalog.CreateProduct(CreateProductRequest(product=product, product_id=identifier)).name)
        self.inventory.AdjustStock(AdjustStockRequest(name=f"{name}/stock", delta=pieces), timeout=10)
        return name

    def stock(self, product: str) -> Stock:
        """What is left of it."""
        return self.inventory.GetStock(GetStockRequest(name=f"{product}/stock"), timeout=10)

    def placed(self, customer: str) -> list[Order]:
        """The customer's orders."""
        return list(self.orders.ListOrders(ListOrdersRequest(parent=customer, page_size=1000), timeout=10).orders)

    def settled(self, customer: str) -> list[Order]:
        """The customer's orders, once each is decided."""

        def decided() -> list[Order] | None:
            try:
                orders = self.placed(customer)
            except grpc.RpcError:
                return None
            return orders if orders and {order.state for order in orders} <= {CONFIRMED, CANCELLED} else None

        return eventually(decided, "every order is decided")

    def process(self, pod: Mapping[str, Any]) -> psutil.Process:
        """The application of a pod: the one that listens at its private address."""
        connections: Any = psutil.net_connections("tcp")
        for connection in connections:
            listens = connection.status == psutil.CONN_LISTEN and connection.laddr.port == 50051
            # gRPC's sockets are of IPv6, where the address has a prefix.
            if listens and connection.laddr.ip.removeprefix("::ffff:") == pod["application"] and connection.pid:
                return psutil.Process(connection.pid)
        raise AssertionError(f"nobody listens at {pod['application']}:50051")

    def healthy(self, pod: Mapping[str, Any]) -> bool:
        """What the pod's readiness probe is told."""
        with grpc.insecure_channel(f"{pod['application']}:50052") as channel:
            answer = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=2)
            return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)

    @contextmanager
    def frozen(self, deployment: str) -> Iterator[None]:
        """Stops the application's process in the middle of whatever it does; it goes on afterwards."""
        process = self.process(self.mesh.pods(deployment)[0])
        process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            process.send_signal(signal.SIGCONT)

    @contextmanager
    def disk_full(self, pod: Mapping[str, Any]) -> Iterator[None]:
        """Lets no write of the application's reach a file, its log's neither."""
        process = self.process(pod)
        soft, hard = process.rlimit(resource.RLIMIT_FSIZE)
        process.rlimit(resource.RLIMIT_FSIZE, (0, hard))
        try:
            yield
        finally:
            process.rlimit(resource.RLIMIT_FSIZE, (soft, hard))

    @contextmanager
    def locked(self, service: str) -> Iterator[None]:
        """Holds the database's one lock for writing."""
        with closing(self.database(service)) as other:
            other.execute("BEGIN IMMEDIATE")
            yield
            other.execute("ROLLBACK")

    def database(self, service: str) -> sqlite3.Connection:
        """The database of a service, as another program opens it."""
        file = self.mesh.home / f"volumes/souk/{service}-data/service.db"
        return sqlite3.connect(file, isolation_level=None, timeout=10)


def an_order(customer: str, product: str, request_id: str = "", card: str = "tok_visa") -> PlaceOrderRequest:
    """An order of one piece."""
    order = Order(lines=[OrderLine(product=product, quantity=1)], card_token=card)
    return PlaceOrderRequest(parent=customer, order=order, request_id=request_id or str(uuid.uuid4()))


def a_customer() -> str:
    """Nobody who has ordered before."""
    return f"customers/{uuid.uuid4()}"


def eventually(look: Callable[[], Found | None], what: str) -> Found:
    """What a look finds, once it finds something.

    Raises:
        AssertionError: it never does.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError(f"it did not come to pass within {PATIENCE_SECONDS} s that {what}")
