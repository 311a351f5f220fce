"""What the bank does with each card, over a real connection, on both databases."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier

import grpc
import pytest
from google.type import money_pb2
from souk.acquirer.v1 import acquirer_pb2 as pb
from souk.acquirer.v1.acquirer_pb2_grpc import AcquirerServiceStub as Bank
from souk_acquirer.store import Ledger
from souk_chassis.errors import refusal
from souk_chassis.testing import invalid, refused

grpc_max_workers = 8  # so many try at once
REFERENCE = "payments/p-1"
HELD, CAPTURED = pb.Charge.STATE_HELD, pb.Charge.STATE_CAPTURED
VOIDED, REFUNDED = pb.Charge.STATE_VOIDED, pb.Charge.STATE_REFUNDED


def authorization(token: str = "tok_visa", key: str = "k-authorize", units: int = 12) -> pb.AuthorizeRequest:
    return pb.AuthorizeRequest(
        reference=REFERENCE,
        amount=money_pb2.Money(currency_code="EUR", units=units),
        card_token=token,
        statement_descriptor="SOUK",
        idempotency_key=key,
    )


def test_an_amount_is_held_taken_and_given_back(bank: Bank, ledger: Ledger) -> None:
    assert bank.Authorize(authorization()).state == HELD
    assert bank.Capture(pb.CaptureRequest(reference=REFERENCE, idempotency_key="k-capture")).state == CAPTURED
    assert bank.Refund(pb.RefundRequest(reference=REFERENCE, idempotency_key="k-refund")).state == REFUNDED
    charge = bank.GetCharge(pb.GetChargeRequest(reference=REFERENCE))
    assert (charge.amount.units, charge.state) == (12, REFUNDED)
    assert ledger.movements(REFERENCE) == ("authorize", "capture", "refund")


def test_the_same_key_does_one_effect_and_gives_the_same_answer_even_later(bank: Bank, ledger: Ledger) -> None:
    first = bank.Authorize(authorization())
    bank.Capture(pb.CaptureRequest(reference=REFERENCE, idempotency_key="k-capture"))
    assert bank.Authorize(authorization()) == first
    assert ledger.movements(REFERENCE) == ("authorize", "capture")


def test_the_same_key_with_another_payload_is_refused(bank: Bank) -> None:
    bank.Authorize(authorization())
    with refused("IDEMPOTENCY_KEY_REUSED"):
        bank.Authorize(authorization(units=13))
    with refused("IDEMPOTENCY_KEY_REUSED"):
        bank.Capture(pb.CaptureRequest(reference=REFERENCE, idempotency_key="k-authorize"))


def test_a_key_that_a_database_can_not_keep_is_refused(bank: Bank) -> None:
    for key in ("", "\0", "k\n", "k" * 201):
        with invalid("idempotency_key"):
            bank.Void(pb.VoidRequest(reference=REFERENCE, idempotency_key=key))


def test_twins_of_one_key_at_once_make_one_movement(bank: Bank, ledger: Ledger) -> None:
    with ThreadPoolExecutor(8) as pool:
        states = {charge.state for charge in pool.map(bank.Authorize, [authorization()] * 8)}
    assert states == {HELD}
    assert ledger.movements(REFERENCE) == ("authorize",)


def test_of_two_keys_for_one_reference_at_once_one_is_refused(bank: Bank, ledger: Ledger) -> None:
    def reason(key: str) -> str:
        try:
            bank.Authorize(authorization(key=key))
        except grpc.RpcError as error:
            return refusal(error).reason
        return "OK"

    with ThreadPoolExecutor(8) as pool:
        reasons = sorted(pool.map(reason, [f"k-{number}" for number in range(8)]))
    assert reasons == ["CHARGE_EXISTS"] * 7 + ["OK"]
    assert ledger.movements(REFERENCE) == ("authorize",)


def test_a_declined_card_is_declined_again_under_the_same_key(bank: Bank) -> None:
    first = bank.Authorize(authorization("tok_declined"))
    assert first.state == pb.Charge.STATE_DECLINED
    assert "INSUFFICIENT_FUNDS" in first.decline_reason
    assert bank.Authorize(authorization("tok_declined")) == first


def test_a_slow_card_answers_after_half_a_second(bank: Bank) -> None:
    begin = time.monotonic()
    assert bank.Authorize(authorization("tok_slow")).state == HELD
    assert 0.5 <= time.monotonic() - begin < 3


def test_an_unavailable_card_fails_always_and_leaves_no_charge(bank: Bank) -> None:
    for _ in range(3):
        with refused("BANK_UNAVAILABLE", grpc.StatusCode.UNAVAILABLE):
            bank.Authorize(authorization("tok_unavailable"))
    with refused("CHARGE_NOT_FOUND"):
        bank.GetCharge(pb.GetChargeRequest(reference=REFERENCE))


def test_a_flaky_card_fails_at_the_first_attempt_for_a_reference_and_then_works(bank: Bank) -> None:
    with refused("BANK_UNAVAILABLE", grpc.StatusCode.UNAVAILABLE):
        bank.Authorize(authorization("tok_flaky"))
    assert bank.Authorize(authorization("tok_flaky")).state == HELD


def test_a_charge_then_timeout_card_holds_the_amount_and_tells_only_who_asks_again(bank: Bank, ledger: Ledger) -> None:
    request = authorization("tok_charge_then_timeout")
    with pytest.raises(grpc.RpcError) as caught:
        bank.Authorize(request, timeout=0.4)
    assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert bank.GetCharge(pb.GetChargeRequest(reference=REFERENCE)).state == HELD
    assert bank.Authorize(request).state == HELD
    assert ledger.movements(REFERENCE) == ("authorize",)


def test_a_capture_that_fails_once_takes_the_money_the_second_time(bank: Bank, ledger: Ledger) -> None:
    bank.Authorize(authorization("tok_capture_fails_once"))
    capture = pb.CaptureRequest(reference=REFERENCE, idempotency_key="k-capture")
    with refused("BANK_UNAVAILABLE", grpc.StatusCode.UNAVAILABLE):
        bank.Capture(capture)
    assert ledger.movements(REFERENCE) == ("authorize",)
    assert bank.Capture(capture).state == CAPTURED


def test_a_void_that_comes_first_leaves_a_tombstone(bank: Bank, ledger: Ledger) -> None:
    assert bank.Void(pb.VoidRequest(reference=REFERENCE, idempotency_key="k-void")).state == VOIDED
    with refused("CHARGE_VOIDED"):
        bank.Authorize(authorization())
    assert ledger.movements(REFERENCE) == ("void",)


def test_an_amount_that_is_none_is_an_invalid_argument(bank: Bank) -> None:
    for money in (money_pb2.Money(currency_code="EUR"), money_pb2.Money(currency_code="euro", units=1)):
        request = authorization()
        request.amount.CopyFrom(money)
        with pytest.raises(grpc.RpcError) as caught:
            bank.Authorize(request)
        assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT


def test_of_a_capture_and_a_void_at_once_exactly_one_moves_the_money(bank: Bank, ledger: Ledger) -> None:
    for number in range(20):
        request = authorization(key=f"k-authorize-{number}")
        request.reference = f"{REFERENCE}-{number}"
        bank.Authorize(request)
        start = Barrier(2)

        def outcome(call: Callable[[], pb.Charge], start: Barrier = start) -> str:
            start.wait(timeout=10)
            try:
                return pb.Charge.State.Name(call().state)
            except grpc.RpcError as error:
                return refusal(error).reason

        capture = pb.CaptureRequest(reference=request.reference, idempotency_key=f"k-capture-{number}")
        void = pb.VoidRequest(reference=request.reference, idempotency_key=f"k-void-{number}")
        with ThreadPoolExecutor(2) as pool:
            calls = [pool.submit(outcome, call) for call in (partial(bank.Capture, capture), partial(bank.Void, void))]
            outcomes = tuple(call.result(timeout=20) for call in calls)
        assert outcomes in {("STATE_CAPTURED", "CHARGE_CAPTURED"), ("CHARGE_NOT_HELD", "STATE_VOIDED")}
        assert len(ledger.movements(request.reference)) == 2
