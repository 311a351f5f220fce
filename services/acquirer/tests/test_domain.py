from collections.abc import Callable
from dataclasses import replace

import pytest
from souk_acquirer import domain
from souk_acquirer.cards import KNOWN, card
from souk_acquirer.domain import Charge, State
from souk_chassis.errors import Refused
from souk_chassis.money import Money

REFERENCE = "payments/p-1"
WANTED = Charge(REFERENCE, State.HELD, Money("EUR", 12, 500_000_000), "tok_visa")
Operation = Callable[[Charge | None], Charge]


def authorize(found: Charge | None) -> Charge:
    return domain.authorize(found, WANTED, card("tok_visa"))


def capture(found: Charge | None) -> Charge:
    return domain.capture(found, REFERENCE)


def void(found: Charge | None) -> Charge:
    return domain.void(found, REFERENCE)


def refund(found: Charge | None) -> Charge:
    return domain.refund(found, REFERENCE)


# What each operation makes of each state: another state, or a refusal.
TABLE: list[tuple[Operation, State | None, State | str]] = [
    (authorize, None, State.HELD),
    (authorize, State.HELD, "CHARGE_EXISTS"),
    (authorize, State.CAPTURED, "CHARGE_EXISTS"),
    (authorize, State.VOIDED, "CHARGE_VOIDED"),
    (authorize, State.REFUNDED, "CHARGE_EXISTS"),
    (authorize, State.DECLINED, "CHARGE_EXISTS"),
    (capture, None, "CHARGE_NOT_FOUND"),
    (capture, State.HELD, State.CAPTURED),
    (capture, State.CAPTURED, State.CAPTURED),
    (capture, State.VOIDED, "CHARGE_NOT_HELD"),
    (capture, State.REFUNDED, "CHARGE_NOT_HELD"),
    (capture, State.DECLINED, "CHARGE_NOT_HELD"),
    (void, None, State.VOIDED),
    (void, State.HELD, State.VOIDED),
    (void, State.CAPTURED, "CHARGE_CAPTURED"),
    (void, State.VOIDED, State.VOIDED),
    (void, State.REFUNDED, "CHARGE_CAPTURED"),
    (void, State.DECLINED, State.DECLINED),
    (refund, None, "CHARGE_NOT_FOUND"),
    (refund, State.HELD, "CHARGE_NOT_CAPTURED"),
    (refund, State.CAPTURED, State.REFUNDED),
    (refund, State.VOIDED, "CHARGE_NOT_CAPTURED"),
    (refund, State.REFUNDED, State.REFUNDED),
    (refund, State.DECLINED, "CHARGE_NOT_CAPTURED"),
]


def test_the_table_names_every_operation_in_every_state() -> None:
    named = {(operation, state) for operation, state, _ in TABLE}
    assert named == {(each, state) for each in (authorize, capture, void, refund) for state in (None, *State)}


@pytest.mark.parametrize(("operation", "state", "expected"), TABLE)
def test_every_operation_in_every_state(operation: Operation, state: State | None, expected: State | str) -> None:
    found = None if state is None else replace(WANTED, state=state)
    if isinstance(expected, State):
        assert operation(found).state is expected
    else:
        with pytest.raises(Refused) as refused:
            operation(found)
        assert refused.value.reason == expected


def test_a_declined_card_is_an_answer_with_the_banks_words() -> None:
    charge = domain.authorize(None, WANTED, card("tok_declined"))
    assert charge.state is State.DECLINED
    assert charge.decline_reason.startswith("INSUFFICIENT_FUNDS")


def test_an_amount_must_be_above_zero() -> None:
    with pytest.raises(Refused, match="INVALID_AMOUNT"):
        domain.authorize(None, replace(WANTED, amount=Money("EUR", 0, 0)), card("tok_visa"))


def test_a_card_that_is_not_listed_is_an_ordinary_one() -> None:
    assert card("tok_something") == card("tok_visa")


@pytest.mark.parametrize("token", [token for token in KNOWN if token != "tok_visa"])
def test_every_listed_card_differs_from_an_ordinary_one(token: str) -> None:
    assert card(token) != card("tok_visa")
