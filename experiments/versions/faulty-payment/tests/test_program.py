"""The faulty service as a pod runs it: a process, told by its environment what is to go wrong."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc
import pytest
from souk.payment.v1.payment_pb2 import GetPaymentRequest
from souk.payment.v1.payment_pb2_grpc import PaymentServiceStub
from souk_chassis.client import channel
from souk_chassis.processes import Program, completed, program

SOURCES = str(Path(__file__).parents[1] / "src")
ASKED = GetPaymentRequest(name="payments/unknown")


@contextmanager
def faulty(tmp_path: Path, **faults: str) -> Iterator[tuple[Program, PaymentServiceStub]]:
    ours = {"DATABASE_URL": f"sqlite:///{tmp_path}/test.db", "PYTHONPATH": SOURCES}
    assert completed("souk_faulty_payment", "migrate", **ours).returncode == 0
    with program("souk_faulty_payment", **ours, **faults) as running, channel(running.address) as to_it:
        yield running, PaymentServiceStub(to_it)


def code(payments: PaymentServiceStub) -> grpc.StatusCode:
    with pytest.raises(grpc.RpcError) as caught:
        payments.GetPayment(ASKED, timeout=10)
    assert isinstance(caught.value, grpc.Call)
    return caught.value.code()


def test_without_faults_it_answers_as_payment_does(tmp_path: Path) -> None:
    with faulty(tmp_path) as (_, payments):
        assert code(payments) is grpc.StatusCode.NOT_FOUND


def test_it_fails_with_the_code_and_after_the_delay_that_it_was_told(tmp_path: Path) -> None:
    slow_and_wrong = {"FAULT_DELAY_SHARE": "1", "FAULT_DELAY_SECONDS": "0.3"}
    with faulty(tmp_path, FAULT_ERROR_SHARE="1", FAULT_ERROR_CODE="INTERNAL", **slow_and_wrong) as (_, payments):
        begun = time.monotonic()
        assert code(payments) is grpc.StatusCode.INTERNAL
        assert time.monotonic() - begun >= 0.3


def test_it_crashes_at_the_call_after_so_many(tmp_path: Path) -> None:
    with faulty(tmp_path, FAULT_CRASH_AFTER_CALLS="1") as (running, payments):
        assert code(payments) is grpc.StatusCode.NOT_FOUND
        assert code(payments) is grpc.StatusCode.UNAVAILABLE
        assert running.process.wait(10) == 70


def test_it_crashes_at_its_start_and_says_why(tmp_path: Path) -> None:
    ours = {"DATABASE_URL": f"sqlite:///{tmp_path}/test.db", "PYTHONPATH": SOURCES}
    ended = completed("souk_faulty_payment", **ours, FAULT_CRASH_AT_START="true")
    assert ended.returncode == 1
    assert "made to crash" in ended.stderr


def test_a_fault_that_cannot_be_is_refused_by_the_variable_that_says_it(tmp_path: Path) -> None:
    ours = {"DATABASE_URL": f"sqlite:///{tmp_path}/test.db", "PYTHONPATH": SOURCES}
    for name, value in (("FAULT_ERROR_SHARE", "2"), ("FAULT_ERROR_CODE", "TIRED"), ("FAULT_ERROR_PLACE", "nowhere")):
        ended = completed("souk_faulty_payment", **ours, **{name: value})
        assert ended.returncode == 1
        assert name in ended.stderr
