"""What callers see, over real connections to payment and acquirer, on both databases."""

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from uuid import uuid4

import grpc
import pytest
from google.type import money_pb2
from souk.payment.v1 import payment_pb2 as pb
from souk_chassis.client import channel
from souk_chassis.testing import refused
from souk_payment.acquirer import GrpcAcquirer

if TYPE_CHECKING:
    from .conftest import Shop

grpc_max_workers = 8  # so many try at once

NOT_FOUND, EXISTS = grpc.StatusCode.NOT_FOUND, grpc.StatusCode.ALREADY_EXISTS
UNAVAILABLE, INVALID = grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.INVALID_ARGUMENT


def test_an_amount_is_held_taken_and_given_back(shop: "Shop", name: str) -> None:
    held = shop.v1.authorize(name)
    assert (held.name, held.order, held.amount.units) == (name, "customers/ann/orders/o-1", 12)
    assert held.state == pb.Payment.STATE_AUTHORIZED
    assert shop.v1.capture(name).state == pb.Payment.STATE_CAPTURED
    given_back = shop.v1.refund(name)
    assert given_back.state == pb.Payment.STATE_REFUNDED
    assert given_back == shop.v1.get(name)
    assert given_back.create_time.ToNanoseconds() == held.create_time.ToNanoseconds()
    assert given_back.update_time.ToNanoseconds() > held.update_time.ToNanoseconds()
    assert shop.movements(name) == ("authorize", "capture", "refund")


def test_everything_done_twice_is_the_same_as_once(shop: "Shop", name: str) -> None:
    for operation in (shop.v1.authorize, shop.v1.capture, shop.v1.refund):
        assert operation(name) == operation(name)
    assert shop.movements(name) == ("authorize", "capture", "refund")


def test_a_void_gives_up_the_hold(shop: "Shop", name: str) -> None:
    shop.v1.authorize(name)
    assert shop.v1.void(name).state == pb.Payment.STATE_VOIDED
    assert shop.v1.void(name).state == pb.Payment.STATE_VOIDED
    for operation in (shop.v1.authorize, shop.v1.capture, shop.v1.refund):
        with refused("PAYMENT_VOIDED"):
            operation(name)
    assert shop.movements(name) == ("authorize", "void")


def test_a_void_that_comes_first_leaves_a_tombstone(shop: "Shop", name: str) -> None:
    assert shop.v1.void(name).state == pb.Payment.STATE_VOIDED
    with refused("PAYMENT_VOIDED"):
        shop.v1.authorize(name)
    assert shop.v1.get(name).state == pb.Payment.STATE_VOIDED
    assert shop.movements(name) == ()


def test_a_declined_card_is_refused_with_the_banks_words_each_time(shop: "Shop", name: str) -> None:
    for _ in range(2):
        with refused("CARD_DECLINED") as found:
            shop.v1.authorize(name, card="tok_declined")
        assert found[0].metadata["decline_reason"].startswith("INSUFFICIENT_FUNDS")
    assert shop.v1.state(name) == "DECLINED"
    assert shop.v1.get(name).decline_reason.startswith("INSUFFICIENT_FUNDS")
    with refused("PAYMENT_NOT_AUTHORIZED"):
        shop.v1.capture(name)
    assert shop.v1.void(name).state == pb.Payment.STATE_DECLINED
    assert shop.movements(name) == ("authorize",)


def test_what_comes_too_early_is_refused(shop: "Shop", name: str) -> None:
    for operation in (shop.v1.get, shop.v1.capture, shop.v1.refund):
        with refused("PAYMENT_NOT_FOUND", NOT_FOUND):
            operation(name)
    shop.v1.authorize(name)
    with refused("PAYMENT_NOT_CAPTURED"):
        shop.v1.refund(name)


def test_a_captured_payment_can_not_be_voided(shop: "Shop", name: str) -> None:
    shop.v1.authorize(name)
    shop.v1.capture(name)
    with refused("PAYMENT_CAPTURED"):
        shop.v1.void(name)
    assert shop.movements(name) == ("authorize", "capture")


def test_a_name_with_another_payload_is_refused(shop: "Shop", name: str) -> None:
    shop.v1.authorize(name)
    with refused("PAYMENT_EXISTS", EXISTS):
        shop.v1.authorize(name, units=13)
    with refused("PAYMENT_EXISTS", EXISTS):
        shop.v1.authorize(name, card="tok_slow")
    assert shop.movements(name) == ("authorize",)


def test_a_request_id_with_another_payload_is_refused(shop: "Shop", name: str) -> None:
    request_id = str(uuid4())
    assert shop.v1.authorize(name, request_id=request_id) == shop.v2.authorize(name, request_id=request_id)
    with refused("REQUEST_ID_REUSED", EXISTS):
        shop.v1.authorize(f"{name}-other", request_id=request_id)
    with refused("PAYMENT_NOT_FOUND", NOT_FOUND):
        shop.v1.get(f"{name}-other")
    shop.v1.capture(name, request_id)
    with refused("REQUEST_ID_REUSED", EXISTS):
        shop.v1.capture(f"{name}-other", request_id)


def test_a_request_id_that_was_refused_may_be_tried_again(shop: "Shop", name: str) -> None:
    request_id = str(uuid4())
    with refused("PAYMENT_NOT_FOUND", NOT_FOUND):
        shop.v1.capture(name, request_id)
    shop.v1.authorize(name)
    assert shop.v1.capture(name, request_id).state == pb.Payment.STATE_CAPTURED


def test_twins_of_one_request_at_once_make_one_hold(shop: "Shop", name: str) -> None:
    request_id = str(uuid4())
    with ThreadPoolExecutor(6) as pool:
        calls = [
            pool.submit(till.authorize, name, request_id=request_id) for till in (shop.v1, shop.v2) for _ in range(3)
        ]
        answers = [call.result(timeout=20) for call in calls]
    assert all(answer == answers[0] for answer in answers)
    assert answers[0].state == pb.Payment.STATE_AUTHORIZED
    assert shop.movements(name) == ("authorize",)


def test_a_charge_that_is_not_answered_in_time_is_one_charge_after_a_repetition(shop: "Shop", name: str) -> None:
    with refused("ACQUIRER_UNAVAILABLE", UNAVAILABLE):
        shop.v1.authorize(name, card="tok_charge_then_timeout")
    assert shop.v1.state(name) == "PENDING"
    # The other version goes on, with the descriptor that the acquirer knows already.
    again = shop.v2.authorize(name, card="tok_charge_then_timeout")
    assert (again.state, again.statement_descriptor) == (pb.Payment.STATE_AUTHORIZED, "SOUK")
    assert shop.movements(name) == ("authorize",)


def test_an_acquirer_that_fails_leaves_the_payment_pending(shop: "Shop", name: str) -> None:
    for _ in range(2):
        with refused("ACQUIRER_UNAVAILABLE", UNAVAILABLE):
            shop.v1.authorize(name, card="tok_unavailable")
    assert shop.v1.state(name) == "PENDING"
    with refused("PAYMENT_NOT_AUTHORIZED"):
        shop.v1.capture(name)
    assert shop.v1.void(name).state == pb.Payment.STATE_VOIDED


def test_an_acquirer_that_nobody_answers_for_is_unavailable(shop: "Shop", name: str, unused_port: int) -> None:
    with (
        channel(f"127.0.0.1:{unused_port}") as nowhere,
        shop.with_acquirer(GrpcAcquirer(nowhere, 1.5)) as till,
        refused("ACQUIRER_UNAVAILABLE", UNAVAILABLE),
    ):
        till.authorize(name)
    assert shop.v1.authorize(name).state == pb.Payment.STATE_AUTHORIZED


def test_a_flaky_acquirer_works_when_asked_again(shop: "Shop", name: str) -> None:
    with refused("ACQUIRER_UNAVAILABLE", UNAVAILABLE):
        shop.v1.authorize(name, card="tok_flaky")
    assert shop.v1.authorize(name, card="tok_flaky").state == pb.Payment.STATE_AUTHORIZED


def test_a_capture_that_failed_excludes_a_void_until_it_is_repeated(shop: "Shop", name: str) -> None:
    shop.v1.authorize(name, card="tok_capture_fails_once")
    with refused("ACQUIRER_UNAVAILABLE", UNAVAILABLE):
        shop.v1.capture(name)
    assert shop.v1.state(name) == "AUTHORIZED"
    with refused("PAYMENT_CAPTURED"):
        shop.v1.void(name)
    assert shop.v1.capture(name).state == pb.Payment.STATE_CAPTURED
    assert shop.movements(name) == ("authorize", "capture")


def test_the_versions_differ_in_the_descriptor_and_nothing_else(shop: "Shop", name: str) -> None:
    one, two = shop.v1.authorize(f"{name}-one"), shop.v2.authorize(f"{name}-two")
    assert (one.processed_by, one.statement_descriptor) == ("v1", "SOUK")
    assert (two.processed_by, two.statement_descriptor) == ("v2", "SOUK O-1")
    for field in ("name", "create_time", "update_time", "processed_by", "statement_descriptor"):
        one.ClearField(field)
        two.ClearField(field)
    assert one == two


def test_an_invalid_request_names_the_fields(shop: "Shop") -> None:
    request = pb.AuthorizePaymentRequest(
        name="p", order="o", amount=money_pb2.Money(currency_code="EUR"), card_token="4111111111111111"
    )
    with refused("INVALID_ARGUMENT", INVALID) as found:
        shop.v1.rpc.AuthorizePayment(request)
    assert {violation.field for violation in found[0].violations} == {"name", "order", "amount", "card_token"}
    assert "4111" not in found[0].message


def test_card_tokens_are_neither_logged_nor_stored(shop: "Shop", name: str, capfd: pytest.CaptureFixture[str]) -> None:
    shop.v1.authorize(name, card="tok_very_secret")
    logged = "".join(capfd.readouterr())
    assert "AuthorizePayment" in logged
    assert "tok_" not in logged
    assert "tok_" not in repr(shop.store.find(name))
