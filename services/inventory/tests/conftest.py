"""An inventory in this process, over a real connection and a real database, with a clock that the test turns."""

from collections.abc import Callable, Iterator

import pytest
from souk.inventory.v1.inventory_pb2_grpc import InventoryServiceStub, add_InventoryServiceServicer_to_server
from souk_chassis.database import Database
from souk_chassis.testing import emptied
from souk_inventory.api import InventoryApi

from .world import Clock, Inventory


@pytest.fixture(scope="module")
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def migrated_database(migrated: Callable[[str], Database]) -> Database:
    return migrated("souk_inventory")


@pytest.fixture
def database(migrated_database: Database) -> Iterator[Database]:
    with emptied(migrated_database):
        yield migrated_database


@pytest.fixture(scope="module")
def grpc_servicer(migrated_database: Database, clock: Clock) -> InventoryApi:
    return InventoryApi(migrated_database, clock)


@pytest.fixture(scope="module")
def grpc_add_to_server() -> object:
    return add_InventoryServiceServicer_to_server


@pytest.fixture(scope="module")
def grpc_stub_cls() -> type[InventoryServiceStub]:
    return InventoryServiceStub


@pytest.fixture
def inventory(database: Database, clock: Clock, grpc_stub: InventoryServiceStub) -> Inventory:
    return Inventory(grpc_stub, clock, database)
