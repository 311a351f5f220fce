from collections.abc import Callable, Iterator

import pytest
from souk.acquirer.v1.acquirer_pb2_grpc import AcquirerServiceStub, add_AcquirerServiceServicer_to_server
from souk_acquirer.api import AcquirerApi
from souk_acquirer.store import Ledger
from souk_chassis.database import Database
from souk_chassis.testing import emptied


@pytest.fixture(scope="module")
def database(migrated: Callable[[str], Database]) -> Database:
    return migrated("souk_acquirer")


@pytest.fixture(scope="module")
def ledger(database: Database) -> Ledger:
    return Ledger(database)


@pytest.fixture(scope="module")
def grpc_servicer(ledger: Ledger) -> AcquirerApi:
    return AcquirerApi(ledger)


@pytest.fixture(scope="module")
def grpc_add_to_server() -> object:
    return add_AcquirerServiceServicer_to_server


@pytest.fixture(scope="module")
def grpc_stub_cls() -> type[AcquirerServiceStub]:
    return AcquirerServiceStub


@pytest.fixture
def bank(database: Database, grpc_stub: AcquirerServiceStub) -> Iterator[AcquirerServiceStub]:
    with emptied(database):
        yield grpc_stub
