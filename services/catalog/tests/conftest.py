"""A catalog in this process, over a real connection and a real database."""

from collections.abc import Callable, Iterator

import pytest
from souk.catalog.v1.catalog_pb2_grpc import CatalogServiceStub, add_CatalogServiceServicer_to_server
from souk_catalog.api import CatalogApi
from souk_chassis.database import Database
from souk_chassis.testing import emptied

from .world import Catalog


@pytest.fixture(scope="module")
def database(migrated: Callable[[str], Database]) -> Database:
    return migrated("souk_catalog")


@pytest.fixture(scope="module")
def grpc_servicer(database: Database) -> CatalogApi:
    return CatalogApi(database)


@pytest.fixture(scope="module")
def grpc_add_to_server() -> object:
    return add_CatalogServiceServicer_to_server


@pytest.fixture(scope="module")
def grpc_stub_cls() -> type[CatalogServiceStub]:
    return CatalogServiceStub


@pytest.fixture
def catalog(database: Database, grpc_stub: CatalogServiceStub) -> Iterator[Catalog]:
    with emptied(database):
        yield Catalog(grpc_stub)
