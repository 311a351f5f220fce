"""An inventory in this process, over a real server and a real database, with a clock that the test turns."""

from collections.abc import Iterator

import pytest
from souk.inventory.v1.inventory_pb2_grpc import InventoryServiceStub, add_InventoryServiceServicer_to_server
from souk_chassis.database import Database
from souk_chassis.migration import migrate
from souk_chassis.testing import client_of, local_settings, serving
from souk_inventory.api import SERVICE, InventoryApi

from .world import Clock, Inventory


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    migrate(database_url, "souk_inventory")
    with Database(database_url) as database:
        yield database


@pytest.fixture
def inventory(database: Database, clock: Clock) -> Iterator[Inventory]:
    api = InventoryApi(database, clock)
    settings = local_settings(workers=64)
    with (
        serving([(add_InventoryServiceServicer_to_server, api, SERVICE)], settings) as server,
        client_of(server) as channel,
    ):
        yield Inventory(InventoryServiceStub(channel), clock, database)
