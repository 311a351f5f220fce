"""A catalog in this process, over a real server and a real database."""

from collections.abc import Iterator

import pytest
from souk.catalog.v1.catalog_pb2_grpc import CatalogServiceStub, add_CatalogServiceServicer_to_server
from souk_catalog.api import SERVICE, CatalogApi
from souk_chassis.database import Database
from souk_chassis.migration import migrate
from souk_chassis.testing import client_of, serving

from .world import Catalog


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    migrate(database_url, "souk_catalog")
    with Database(database_url) as database:
        yield database


@pytest.fixture
def catalog(database: Database) -> Iterator[Catalog]:
    api = CatalogApi(database)
    with serving([(add_CatalogServiceServicer_to_server, api, SERVICE)]) as server, client_of(server) as channel:
        yield Catalog(CatalogServiceStub(channel))
