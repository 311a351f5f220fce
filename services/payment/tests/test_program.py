"""The program as it is deployed: a process of its own, configured by its environment, killed and started again."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

import grpc
import pytest
from google.type import money_pb2
from souk.payment.v1 import payment_pb2 as pb
from souk.payment.v1.payment_pb2_grpc import PaymentServiceStub
from souk_chassis.client import channel
from souk_chassis.processes import Program, completed, program

if TYPE_CHECKING:
    from .conftest import Shop


@contextmanager
def replica(shop: "Shop") -> Iterator[tuple[Program, PaymentServiceStub]]:
    """One more replica of version 2."""
    ours = {"DATABASE_URL": shop.payment_url, "ACQUIRER_ADDRESS": shop.bank_address}
    style = {"VERSION": "v2", "STATEMENT_DESCRIPTOR_STYLE": "order"}
    with program("souk_payment", **ours, **style) as running, channel(running.address) as to_it:
        yield running, PaymentServiceStub(to_it)


@pytest.mark.parametrize("migrated", ["sqlite"], indirect=True)
def test_a_process_killed_while_the_bank_is_asked_leaves_one_charge_to_its_successor(
    shop: "Shop", name: str, until: Callable[[Callable[[], bool]], None]
) -> None:
    amount = money_pb2.Money(currency_code="EUR", units=12)
    request = pb.AuthorizePaymentRequest(name=name, order="customers/a/orders/b", amount=amount, card_token="tok_slow")
    with replica(shop) as (running, payments), ThreadPoolExecutor(1) as pool:
        authorizing = pool.submit(payments.AuthorizePayment, request)
        until(lambda: shop.movements(name) == ("authorize",))
        running.kill()
        assert isinstance(authorizing.exception(timeout=10), grpc.RpcError)
    assert shop.v1.state(name) == "PENDING"
    with replica(shop) as (running, payments):
        payment = payments.AuthorizePayment(request)
        assert (payment.state, payment.processed_by) == (pb.Payment.STATE_AUTHORIZED, "v2")
        assert payment.statement_descriptor == "SOUK B"
        logged = running.stop()
    assert "AuthorizePayment" in logged
    assert "tok_" not in logged
    assert shop.movements(name) == ("authorize",)


@pytest.mark.parametrize("migrated", ["sqlite"], indirect=True)
def test_migrating_what_is_migrated_ends_well_and_a_wrong_style_is_told_by_who_serves(shop: "Shop") -> None:
    wrong = {"DATABASE_URL": shop.payment_url, "STATEMENT_DESCRIPTOR_STYLE": "loud"}
    assert completed("souk_payment", "migrate", **wrong).returncode == 0
    failed = completed("souk_payment", **wrong)
    assert failed.returncode != 0
    assert "STATEMENT_DESCRIPTOR_STYLE" in failed.stderr
    assert "Traceback" not in failed.stderr
