"""The program as it is deployed: a process of its own, configured by its environment, killed and started again."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import grpc
import pytest
from google.type import money_pb2
from souk.payment.v1 import payment_pb2 as pb
from souk.payment.v1 import payment_pb2_grpc
from souk_chassis.client import channel
from souk_chassis.errors import Refused

if TYPE_CHECKING:
    from .conftest import Shop

Refusing = Callable[..., AbstractContextManager[list[Refused]]]


@dataclass(frozen=True)
class Program:
    """A running payment service."""

    process: subprocess.Popen[str]
    rpc: payment_pb2_grpc.PaymentServiceStub


@contextmanager
def running(environment: dict[str, str]) -> Iterator[Program]:
    command = [sys.executable, "-m", "souk_payment"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            lines = (json.loads(line) for line in process.stdout)
            port = next(line["port"] for line in lines if line["event"] == "serving")
            with channel(f"127.0.0.1:{port}") as to_it:
                yield Program(process, payment_pb2_grpc.PaymentServiceStub(to_it))
        finally:
            process.kill()


def environment_of(shop: "Shop") -> dict[str, str]:
    ports = dict.fromkeys(("GRPC_PORT", "HEALTH_PORT", "METRICS_PORT"), "0")
    ours = {"LISTEN_HOST": "127.0.0.1", "DATABASE_URL": shop.payment_url, "ACQUIRER_ADDRESS": shop.bank_address}
    style = {"VERSION": "v2", "STATEMENT_DESCRIPTOR_STYLE": "order"}
    return {**os.environ, **ports, **ours, **style}


@pytest.mark.parametrize("migrated", ["sqlite"], indirect=True)
def test_a_process_killed_while_the_bank_is_asked_leaves_one_charge_to_its_successor(
    shop: "Shop", name: str, until: Callable[[Callable[[], bool]], None]
) -> None:
    amount = money_pb2.Money(currency_code="EUR", units=12)
    request = pb.AuthorizePaymentRequest(name=name, order="customers/a/orders/b", amount=amount, card_token="tok_slow")
    with running(environment_of(shop)) as program, ThreadPoolExecutor(1) as pool:
        authorizing = pool.submit(program.rpc.AuthorizePayment, request)
        until(lambda: shop.movements(name) == ("authorize",))
        program.process.kill()
        assert isinstance(authorizing.exception(timeout=10), grpc.RpcError)
    assert shop.v1.state(name) == "PENDING"
    with running(environment_of(shop)) as program:
        payment = program.rpc.AuthorizePayment(request)
        assert (payment.state, payment.processed_by) == (pb.Payment.STATE_AUTHORIZED, "v2")
        assert payment.statement_descriptor == "SOUK B"
        program.process.send_signal(signal.SIGTERM)
        assert program.process.stdout is not None
        logged = program.process.stdout.read()
        assert program.process.wait(timeout=10) == 0
    assert "AuthorizePayment" in logged
    assert "tok_" not in logged
    assert shop.movements(name) == ("authorize",)


@pytest.mark.parametrize("migrated", ["sqlite"], indirect=True)
def test_migrating_what_is_migrated_ends_well_and_a_wrong_style_is_told(shop: "Shop") -> None:
    environment = environment_of(shop)
    command = [sys.executable, "-m", "souk_payment", "migrate"]
    subprocess.run(command, env=environment, check=True, timeout=30, stdout=subprocess.DEVNULL)
    wrong = {**environment, "STATEMENT_DESCRIPTOR_STYLE": "loud"}
    failed = subprocess.run(command, env=wrong, check=False, timeout=30, stderr=subprocess.PIPE, text=True)
    assert failed.returncode != 0
    assert "STATEMENT_DESCRIPTOR_STYLE" in failed.stderr
    assert "Traceback" not in failed.stderr
