"""Orders as load: what is sent to the shop, and whether each came to be."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import grpc
from google.type.money_pb2 import Money
from souk.catalog.v1.catalog_pb2 import CreateProductRequest, Product
from souk.catalog.v1.catalog_pb2_grpc import CatalogServiceStub
from souk.inventory.v1.inventory_pb2 import AdjustStockRequest
from souk.inventory.v1.inventory_pb2_grpc import InventoryServiceStub
from souk.order.v1.order_pb2 import ListOrdersRequest, Order
from souk.order.v1.order_pb2_grpc import OrderServiceStub

from bench.h2load import Load, Report, send
from tests.mesh import Mesh

_PATIENCE = 60.0
# The most that one adjustment may add, and more than any measurement orders.
_PIECES = 1_000_000
_JSON = {"content-type": "application/json"}


@dataclass(frozen=True)
class Orders:
    """Many times the same order, of a customer of its own."""

    mesh: Mesh
    customer: str
    body: Path

    def place(self, count: int, clients: int, log: Path | None = None) -> Report:
        """Places so many, each of which must be confirmed.

        Raises:
            AssertionError: some are not.
        """
        before = self._confirmed()
        url = f"http://127.0.0.1:{self.mesh.port}/v1/{self.customer}/orders"
        report = send(Load(url, clients=clients, http1=True, headers=_JSON, body=self.body), count, log)
        until = time.monotonic() + _PATIENCE
        while (more := self._confirmed() - before) < count and time.monotonic() < until:
            time.sleep(0.5)
        assert more == count, f"{count} orders were placed, {more} of them are confirmed"
        return report

    def _confirmed(self) -> int:
        with grpc.insecure_channel(f"127.0.0.1:{self.mesh.port}") as channel:
            stub, token, found = OrderServiceStub(channel), "", 0
            while True:
                request = ListOrdersRequest(parent=self.customer, page_size=1000, page_token=token)
                page = stub.ListOrders(request, timeout=30)
                found += sum(order.state == Order.STATE_CONFIRMED for order in page.orders)
                token = page.next_page_token
                if not token:
                    return found


def stocked(mesh: Mesh, products: int) -> Sequence[str]:
    """New products with more pieces than anybody will order; their names."""
    with grpc.insecure_channel(f"127.0.0.1:{mesh.port}") as channel:
        catalog, inventory = CatalogServiceStub(channel), InventoryServiceStub(channel)
        names = []
        for number in range(products):
            product = Product(display_name=f"Lamp {number}", price=Money(currency_code="EUR", units=20))
            request = CreateProductRequest(product=product, product_id=f"lamp-{uuid.uuid4().hex[:12]}")
            name = str(catalog.CreateProduct(request, timeout=10).name)
            inventory.AdjustStock(AdjustStockRequest(name=f"{name}/stock", delta=_PIECES), timeout=10)
            names.append(name)
        return names


def orders(mesh: Mesh, products: Sequence[str], folder: Path) -> Orders:
    """One line of one piece for each product."""
    body = folder / f"order-{len(products)}-{uuid.uuid4().hex[:6]}.json"
    lines = [{"product": product, "quantity": 1} for product in products]
    body.write_text(json.dumps({"lines": lines, "cardToken": "tok_visa"}))
    return Orders(mesh, f"customers/{uuid.uuid4()}", body)
