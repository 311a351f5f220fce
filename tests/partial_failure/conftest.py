from __future__ import annotations

from collections.abc import Iterator

import grpc
import pytest
from souk.catalog.v1.catalog_pb2_grpc import CatalogServiceStub
from souk.inventory.v1.inventory_pb2_grpc import InventoryServiceStub
from souk.order.v1.order_pb2_grpc import OrderServiceStub

from tests.mesh import Mesh
from tests.partial_failure.shop import CONFIRMED, Shop, a_customer, an_order, eventually


@pytest.fixture(scope="session")
def _shop(mesh: Mesh, channel: grpc.Channel) -> Shop:
    return Shop(mesh, CatalogServiceStub(channel), InventoryServiceStub(channel), OrderServiceStub(channel))


@pytest.fixture
def shop(_shop: Shop) -> Iterator[Shop]:
    """The shop; what a test did to it is over before the next one begins."""
    yield _shop
    eventually(lambda: all(pod["ready"] for pod in _shop.mesh.pods()), "every pod is ready again")
    product, customer = _shop.stocked(10), a_customer()

    def sells() -> bool:
        try:
            return bool(_shop.orders.PlaceOrder(an_order(customer, product), timeout=5).state == CONFIRMED)
        except grpc.RpcError:
            return False

    eventually(sells, "an order is confirmed at once")
