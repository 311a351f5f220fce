"""Two versions of the payment service on one database, and the acquirer, all in this process over real connections.

Version 1 is on pytest-grpc's server, version 2 and the acquirer on servers beside it.

They serve all tests of a module: each test takes payment names of its own.
"""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count

import pytest
from google.type import money_pb2
from souk.acquirer.v1 import acquirer_pb2_grpc
from souk.payment.v1 import payment_pb2 as pb
from souk.payment.v1 import payment_pb2_grpc
from souk_acquirer.api import SERVICE as ACQUIRER
from souk_acquirer.api import AcquirerApi
from souk_acquirer.store import Ledger
from souk_chassis.database import Database
from souk_chassis.server import Server
from souk_chassis.testing import client_of, serving
from souk_payment.acquirer import Acquirer, GrpcAcquirer
from souk_payment.api import SERVICE, PaymentApi
from souk_payment.descriptor import Style
from souk_payment.payments import Payments
from souk_payment.store import PaymentStore

ORDER = "customers/ann/orders/o-1"
_numbers = count(1)


@dataclass(frozen=True)
class Till:
    """What a caller says to one version of the payment service, in few words."""

    rpc: payment_pb2_grpc.PaymentServiceStub

    def authorize(
        self, name: str, card: str = "tok_visa", units: int = 12, request_id: str = "", order: str = ORDER
    ) -> pb.Payment:
        amount = money_pb2.Money(currency_code="EUR", units=units)
        return self.rpc.AuthorizePayment(
            pb.AuthorizePaymentRequest(name=name, order=order, amount=amount, card_token=card, request_id=request_id)
        )

    def capture(self, name: str, request_id: str = "") -> pb.Payment:
        return self.rpc.CapturePayment(pb.CapturePaymentRequest(name=name, request_id=request_id))

    def void(self, name: str, request_id: str = "") -> pb.Payment:
        return self.rpc.VoidPayment(pb.VoidPaymentRequest(name=name, request_id=request_id))

    def refund(self, name: str, request_id: str = "") -> pb.Payment:
        return self.rpc.RefundPayment(pb.RefundPaymentRequest(name=name, request_id=request_id))

    def get(self, name: str) -> pb.Payment:
        return self.rpc.GetPayment(pb.GetPaymentRequest(name=name))

    def state(self, name: str) -> str:
        return pb.Payment.State.Name(self.get(name).state).removeprefix("STATE_")


@dataclass(frozen=True)
class Shop:
    """Everything that takes part in a payment."""

    v1: Till
    v2: Till
    store: PaymentStore
    ledger: Ledger
    acquirer: Acquirer
    bank_address: str
    payment_url: str

    def movements(self, name: str) -> tuple[str, ...]:
        """What was done to the payment's charge at the acquirer."""
        return self.ledger.movements(name)

    @contextmanager
    def with_acquirer(self, acquirer: Acquirer) -> Iterator[Till]:
        """One more replica of version 1, with another way to the acquirer."""
        with till(PaymentApi(Payments(self.store, acquirer), Style.PLAIN, "v1")) as opened:
            yield opened


@contextmanager
def till(api: PaymentApi) -> Iterator[Till]:
    registration = (payment_pb2_grpc.add_PaymentServiceServicer_to_server, api, SERVICE)
    with serving([registration]) as server, client_of(server) as channel:
        yield Till(payment_pb2_grpc.PaymentServiceStub(channel))


@pytest.fixture(scope="module")
def database(migrated: Callable[[str], Database]) -> Database:
    return migrated("souk_payment")


@pytest.fixture(scope="module")
def ledger(migrated: Callable[[str], Database]) -> Ledger:
    return Ledger(migrated("souk_acquirer"))


@pytest.fixture(scope="module")
def bank(ledger: Ledger) -> Iterator[Server]:
    with serving([(acquirer_pb2_grpc.add_AcquirerServiceServicer_to_server, AcquirerApi(ledger), ACQUIRER)]) as server:
        yield server


@pytest.fixture(scope="module")
def acquirer(bank: Server) -> Iterator[Acquirer]:
    with client_of(bank) as channel:
        yield GrpcAcquirer(channel, patience=1.5)


@pytest.fixture(scope="module")
def grpc_servicer(database: Database, acquirer: Acquirer) -> PaymentApi:
    return PaymentApi(Payments(PaymentStore(database), acquirer), Style.PLAIN, "v1")


@pytest.fixture(scope="module")
def grpc_add_to_server() -> object:
    return payment_pb2_grpc.add_PaymentServiceServicer_to_server


@pytest.fixture(scope="module")
def grpc_stub_cls() -> type[payment_pb2_grpc.PaymentServiceStub]:
    return payment_pb2_grpc.PaymentServiceStub


@pytest.fixture(scope="module")
def shop(
    grpc_stub: payment_pb2_grpc.PaymentServiceStub, database: Database, ledger: Ledger, bank: Server, acquirer: Acquirer
) -> Iterator[Shop]:
    url = database.engine.url.render_as_string(hide_password=False)
    # Each version has a database of its own at the same URL, as in two processes.
    with (
        Database(url) as same,
        till(PaymentApi(Payments(PaymentStore(same), acquirer), Style.ORDER, "v2")) as v2,
    ):
        yield Shop(Till(grpc_stub), v2, PaymentStore(database), ledger, acquirer, f"127.0.0.1:{bank.port}", url)


@pytest.fixture
def name() -> str:
    """A payment that no other test knows."""
    return f"payments/p-{next(_numbers)}"


@pytest.fixture
def unused_port() -> int:
    """A port where nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


def _until(condition: Callable[[], bool], seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)


@pytest.fixture
def until() -> Callable[..., None]:
    """Waits for a condition that another thread or process will bring about."""
    return _until
