from collections.abc import Callable, Iterator

import pytest
from souk.acquirer.v1 import acquirer_pb2_grpc
from souk_acquirer.api import SERVICE, AcquirerApi
from souk_acquirer.store import Ledger
from souk_chassis.database import Database
from souk_chassis.migration import migrate
from souk_chassis.testing import client_of, serving


@pytest.fixture
def ledger(database_url: str, databases: Callable[[str], Database]) -> Ledger:
    migrate(database_url, package="souk_acquirer")
    return Ledger(databases(database_url))


@pytest.fixture
def bank(ledger: Ledger) -> Iterator[acquirer_pb2_grpc.AcquirerServiceStub]:
    registration = (acquirer_pb2_grpc.add_AcquirerServiceServicer_to_server, AcquirerApi(ledger), SERVICE)
    with serving([registration]) as server, client_of(server) as channel:
        yield acquirer_pb2_grpc.AcquirerServiceStub(channel)
