"""Two versions of the payment service on one database, and the acquirer, all in this process over real connections.

They serve all tests of a module: each test takes payment names of its own.
"""

import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import count

import grpc
import pytest
from google.type import money_pb2
from souk.acquirer.v1 import acquirer_pb2_grpc
from souk.payment.v1 import payment_pb2 as pb
from souk.payment.v1 import payment_pb2_grpc
from souk_acquirer.api import SERVICE as ACQUIRER
from souk_acquirer.api import AcquirerApi
from souk_acquirer.store import Ledger
from souk_chassis.database import Database
from souk_chassis.errors import Refused, refusal
from souk_chassis.migration import migrate
from souk_chassis.postgres import fresh_database
from souk_chassis.testing import client_of, local_settings, serving
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
        with till(self.store, acquirer, Style.PLAIN, "v1") as opened:
            yield opened


@contextmanager
def till(store: PaymentStore, acquirer: Acquirer, style: Style, version: str) -> Iterator[Till]:
    api = PaymentApi(Payments(store, acquirer), style, version)
    registration = (payment_pb2_grpc.add_PaymentServiceServicer_to_server, api, SERVICE)
    with serving([registration], local_settings(version=version)) as server, client_of(server) as channel:
        yield Till(payment_pb2_grpc.PaymentServiceStub(channel))


@contextmanager
def urls(request: pytest.FixtureRequest) -> Iterator[tuple[str, str]]:
    """A database for payment and one for the acquirer."""
    if request.param == "sqlite":
        with tempfile.TemporaryDirectory() as folder:
            yield f"sqlite:///{folder}/payment.db", f"sqlite:///{folder}/acquirer.db"
    else:
        server: str = request.getfixturevalue("postgres")
        with fresh_database(server) as payment_url, fresh_database(server) as acquirer_url:
            yield payment_url, acquirer_url


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shop(request: pytest.FixtureRequest) -> Iterator[Shop]:
    with ExitStack() as stack:
        payment_url, acquirer_url = stack.enter_context(urls(request))
        migrate(payment_url, package="souk_payment")
        migrate(acquirer_url, package="souk_acquirer")
        ledger = Ledger(stack.enter_context(Database(acquirer_url)))
        bank = (acquirer_pb2_grpc.add_AcquirerServiceServicer_to_server, AcquirerApi(ledger), ACQUIRER)
        server = stack.enter_context(serving([bank]))
        acquirer = GrpcAcquirer(stack.enter_context(client_of(server)), patience=1.5)
        # A store of its own for each version, as in two processes.
        stores = [PaymentStore(stack.enter_context(Database(payment_url))) for _ in range(2)]
        yield Shop(
            v1=stack.enter_context(till(stores[0], acquirer, Style.PLAIN, "v1")),
            v2=stack.enter_context(till(stores[1], acquirer, Style.ORDER, "v2")),
            store=stores[0],
            ledger=ledger,
            acquirer=acquirer,
            bank_address=f"127.0.0.1:{server.port}",
            payment_url=payment_url,
        )


@pytest.fixture
def name() -> str:
    """A payment that no other test knows."""
    return f"payments/p-{next(_numbers)}"


@contextmanager
def _refused(reason: str, code: grpc.StatusCode = grpc.StatusCode.FAILED_PRECONDITION) -> Iterator[list[Refused]]:
    found: list[Refused] = []
    with pytest.raises(grpc.RpcError) as caught:
        yield found
    error = refusal(caught.value)
    assert (error.reason, error.code) == (reason, code), error.message
    found.append(error)


@pytest.fixture
def refused() -> Callable[..., object]:
    """The call inside is refused for this reason."""
    return _refused


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
