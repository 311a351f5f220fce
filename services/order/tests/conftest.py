"""The callees of the order service in this process, once per session; each test takes products of its own."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from shutil import copy

import pytest
from souk.acquirer.v1.acquirer_pb2_grpc import add_AcquirerServiceServicer_to_server
from souk.catalog.v1.catalog_pb2_grpc import CatalogServiceStub, add_CatalogServiceServicer_to_server
from souk.inventory.v1.inventory_pb2_grpc import InventoryServiceStub, add_InventoryServiceServicer_to_server
from souk.payment.v1.payment_pb2_grpc import PaymentServiceStub, add_PaymentServiceServicer_to_server
from souk_acquirer.api import SERVICE as ACQUIRER
from souk_acquirer.api import AcquirerApi
from souk_acquirer.store import Ledger
from souk_catalog.api import SERVICE as CATALOG
from souk_catalog.api import CatalogApi
from souk_chassis.database import Database
from souk_chassis.migration import migrate
from souk_chassis.testing import Registration, client_of, local_settings, serving
from souk_inventory.api import SERVICE as INVENTORY
from souk_inventory.api import InventoryApi
from souk_order.checkout import Peers
from souk_order.clients import GrpcCatalog, GrpcInventory, GrpcPayments
from souk_payment.acquirer import GrpcAcquirer
from souk_payment.api import SERVICE as PAYMENT
from souk_payment.api import PaymentApi
from souk_payment.descriptor import Style
from souk_payment.payments import Payments
from souk_payment.store import PaymentStore

from .world import Clock, Replica, Shop, replica


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("shop")
    with ExitStack() as stack:

        def database(name: str) -> Database:
            url = f"sqlite:///{folder}/{name}.db"
            migrate(url, f"souk_{name}")
            return stack.enter_context(Database(url))

        ledger = Ledger(database("acquirer"))
        bank = stack.enter_context(serving([(add_AcquirerServiceServicer_to_server, AcquirerApi(ledger), ACQUIRER)]))
        acquirer = GrpcAcquirer(stack.enter_context(client_of(bank)), patience=0.5)
        payment = PaymentApi(Payments(PaymentStore(database("payment")), acquirer), Style.PLAIN, "v1")
        callees: list[Registration] = [
            (add_CatalogServiceServicer_to_server, CatalogApi(database("catalog")), CATALOG),
            (add_InventoryServiceServicer_to_server, InventoryApi(database("inventory")), INVENTORY),
            (add_PaymentServiceServicer_to_server, payment, PAYMENT),
        ]
        server = stack.enter_context(serving(callees, local_settings(workers=64)))
        channel = stack.enter_context(client_of(server))
        yield Shop(
            Peers(GrpcCatalog(channel), GrpcInventory(channel), GrpcPayments(channel)),
            CatalogServiceStub(channel),
            InventoryServiceStub(channel),
            PaymentServiceStub(channel),
            ledger,
        )


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("order") / "order.db"
    migrate(f"sqlite:///{file}", "souk_order")
    return file


@pytest.fixture
def database(migrated_file: Path, tmp_path: Path) -> Iterator[Database]:
    with Database(f"sqlite:///{copy(migrated_file, tmp_path)}") as opened:
        yield opened


@pytest.fixture
def orders(shop: Shop, database: Database, clock: Clock) -> Replica:
    """A replica of the order service."""
    return replica(database, shop.peers, clock)


@pytest.fixture
def others(shop: Shop, database: Database, clock: Clock) -> Replica:
    """Another replica, on the same database."""
    return replica(database, shop.peers, clock)
