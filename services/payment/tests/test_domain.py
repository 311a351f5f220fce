"""What follows what, without any I/O."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from souk_chassis.errors import Refused
from souk_chassis.money import Money
from souk_payment import domain
from souk_payment.domain import Intent, Payment, State, Wanted

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LATER = NOW + timedelta(seconds=5)
NAME = "payments/p-1"
WANTED = Wanted(NAME, "customers/c/orders/o-1", Money("EUR", 12), "tok_visa", "SOUK", "v1")
Rule = Callable[[Payment | None], Payment]
Situation = tuple[State, Intent] | None

NOBODY: Situation = None
PENDING, PENDING_VOID = (State.PENDING, Intent.AUTHORIZE), (State.PENDING, Intent.VOID)
WITHDRAWN = (State.PENDING, Intent.NONE)
AUTHORIZED, CAPTURING = (State.AUTHORIZED, Intent.NONE), (State.AUTHORIZED, Intent.CAPTURE)
VOIDING = (State.AUTHORIZED, Intent.VOID)
CAPTURED, REFUNDING = (State.CAPTURED, Intent.NONE), (State.CAPTURED, Intent.REFUND)
VOIDED, REFUNDED = (State.VOIDED, Intent.NONE), (State.REFUNDED, Intent.NONE)
DECLINED = (State.DECLINED, Intent.NONE)
SITUATIONS = (
    *(PENDING, PENDING_VOID, WITHDRAWN, AUTHORIZED, CAPTURING, VOIDING),
    *(CAPTURED, REFUNDING, VOIDED, REFUNDED, DECLINED),
)

INTEND: dict[str, Rule] = {
    "authorize": lambda found: domain.intend_authorize(found, WANTED, NOW),
    "capture": lambda found: domain.intend_capture(found, NAME),
    "void": lambda found: domain.intend_void(found, NAME, NOW),
    "refund": lambda found: domain.intend_refund(found, NAME),
}
SETTLE: dict[str, Callable[[Payment], Payment]] = {
    "hold": lambda payment: domain.settle_hold(payment, LATER),
    "decline": lambda payment: domain.settle_decline(payment, "no money", LATER),
    "capture": lambda payment: domain.settle_capture(payment, LATER),
    "void": lambda payment: domain.settle_void(payment, LATER),
    "refund": lambda payment: domain.settle_refund(payment, LATER),
}

# Before the acquirer is asked: the next situation, or the reason of the refusal.
BEFORE: dict[Situation, dict[str, Situation | str]] = {
    NOBODY: {
        "authorize": PENDING,
        "capture": "PAYMENT_NOT_FOUND",
        "void": VOIDED,
        "refund": "PAYMENT_NOT_FOUND",
    },
    PENDING: {
        "authorize": PENDING,
        "capture": "PAYMENT_NOT_AUTHORIZED",
        "void": PENDING_VOID,
        "refund": "PAYMENT_NOT_CAPTURED",
    },
    WITHDRAWN: {
        "authorize": PENDING,
        "capture": "PAYMENT_NOT_AUTHORIZED",
        "void": PENDING_VOID,
        "refund": "PAYMENT_NOT_CAPTURED",
    },
    PENDING_VOID: {
        "authorize": "PAYMENT_VOIDED",
        "capture": "PAYMENT_VOIDED",
        "void": PENDING_VOID,
        "refund": "PAYMENT_VOIDED",
    },
    AUTHORIZED: {
        "authorize": AUTHORIZED,
        "capture": CAPTURING,
        "void": VOIDING,
        "refund": "PAYMENT_NOT_CAPTURED",
    },
    CAPTURING: {
        "authorize": CAPTURING,
        "capture": CAPTURING,
        "void": "PAYMENT_CAPTURED",
        "refund": "PAYMENT_NOT_CAPTURED",
    },
    VOIDING: {
        "authorize": "PAYMENT_VOIDED",
        "capture": "PAYMENT_VOIDED",
        "void": VOIDING,
        "refund": "PAYMENT_VOIDED",
    },
    CAPTURED: {"authorize": CAPTURED, "capture": CAPTURED, "void": "PAYMENT_CAPTURED", "refund": REFUNDING},
    REFUNDING: {"authorize": REFUNDING, "capture": REFUNDING, "void": "PAYMENT_CAPTURED", "refund": REFUNDING},
    REFUNDED: {"authorize": REFUNDED, "capture": REFUNDED, "void": "PAYMENT_CAPTURED", "refund": REFUNDED},
    VOIDED: {
        "authorize": "PAYMENT_VOIDED",
        "capture": "PAYMENT_VOIDED",
        "void": VOIDED,
        "refund": "PAYMENT_VOIDED",
    },
    DECLINED: {
        "authorize": "CARD_DECLINED",
        "capture": "PAYMENT_NOT_AUTHORIZED",
        "void": DECLINED,
        "refund": "PAYMENT_NOT_CAPTURED",
    },
}

# After the acquirer answered: the situations that an answer changes. All others stay as they are.
AFTER: dict[str, dict[Situation, Situation]] = {
    "hold": {PENDING: AUTHORIZED, WITHDRAWN: AUTHORIZED},
    "decline": {PENDING: DECLINED, WITHDRAWN: DECLINED},
    "capture": {AUTHORIZED: CAPTURED, CAPTURING: CAPTURED, VOIDING: CAPTURED},
    "void": dict.fromkeys((PENDING, PENDING_VOID, WITHDRAWN, AUTHORIZED, CAPTURING, VOIDING), VOIDED),
    "refund": {CAPTURED: REFUNDED, REFUNDING: REFUNDED},
}


def payment_in(situation: Situation) -> Payment | None:
    if situation is None:
        return None
    state, intent = situation
    return Payment(NAME, state, NOW, NOW, intent, order=WANTED.order, amount=WANTED.amount, payload=WANTED.payload)


def test_the_table_names_every_situation_and_every_operation() -> None:
    assert set(BEFORE) == {None, *SITUATIONS}
    assert all(set(row) == set(INTEND) for row in BEFORE.values())
    assert {state for state, _ in SITUATIONS} == set(State)


@pytest.mark.parametrize("situation", BEFORE)
@pytest.mark.parametrize("operation", INTEND)
def test_every_operation_in_every_situation(situation: Situation, operation: str) -> None:
    expected, found = BEFORE[situation][operation], payment_in(situation)
    if isinstance(expected, str):
        with pytest.raises(Refused) as refused:
            INTEND[operation](found)
        assert refused.value.reason == expected
    else:
        payment = INTEND[operation](found)
        assert (payment.state, payment.intent) == expected


@pytest.mark.parametrize("situation", SITUATIONS)
@pytest.mark.parametrize("answer", SETTLE)
def test_every_answer_in_every_situation(situation: Situation, answer: str) -> None:
    before = payment_in(situation)
    assert before is not None
    after = SETTLE[answer](before)
    assert (after.state, after.intent) == AFTER[answer].get(situation, situation)
    assert after.update_time == (LATER if after.state is not before.state else NOW)


@pytest.mark.parametrize("change", ["order", "amount", "card"])
def test_a_name_with_another_payload_is_refused(change: str) -> None:
    other = {
        "order": Wanted(NAME, "customers/c/orders/o-2", WANTED.amount, "tok_visa", "SOUK", "v1"),
        "amount": Wanted(NAME, WANTED.order, Money("EUR", 13), "tok_visa", "SOUK", "v1"),
        "card": Wanted(NAME, WANTED.order, WANTED.amount, "tok_other", "SOUK", "v1"),
    }[change]
    with pytest.raises(Refused, match="PAYMENT_EXISTS"):
        domain.intend_authorize(payment_in(AUTHORIZED), other, NOW)


def test_another_version_takes_over_what_the_first_one_promised() -> None:
    begun = domain.intend_authorize(None, WANTED, NOW)
    other = Wanted(NAME, WANTED.order, WANTED.amount, "tok_visa", "SOUK O-1", "v2")
    taken_over = domain.intend_authorize(begun, other, LATER)
    assert (taken_over.statement_descriptor, taken_over.processed_by) == ("SOUK", "v1")


def test_a_decline_tells_the_reason_each_time() -> None:
    begun = domain.intend_authorize(None, WANTED, NOW)
    with pytest.raises(Refused) as refused:
        domain.intend_authorize(domain.settle_decline(begun, "no money", LATER), WANTED, LATER)
    assert refused.value.metadata["decline_reason"] == "no money"


def test_what_the_acquirer_cannot_do_opens_the_other_ways_again() -> None:
    found = payment_in(CAPTURING)
    assert found is not None
    freed = domain.withdraw(found, Intent.CAPTURE)
    assert domain.intend_void(freed, NAME, NOW).intent is Intent.VOID
    assert domain.withdraw(found, Intent.VOID) is found


def test_a_card_token_is_not_shown() -> None:
    assert "tok_visa" not in repr(WANTED)
    assert "tok_visa" not in repr(domain.intend_authorize(None, WANTED, NOW))


def answered(payment: Payment, operation: str, declines: int) -> Payment:
    if operation == "authorize":
        return SETTLE["decline" if declines else "hold"](payment)
    return SETTLE[operation](payment)


@given(st.lists(st.tuples(st.sampled_from(sorted(INTEND)), st.booleans()), max_size=12), st.integers(0, 1))
def test_no_order_of_calls_and_late_answers_asks_for_both_capture_and_void(
    calls: list[tuple[str, bool]], declines: int
) -> None:
    found: Payment | None = None
    asked: list[str] = []
    for operation, is_answer in calls:
        if is_answer:
            # The answer to something that was asked before comes only now; perhaps not the first one to it.
            if operation in asked:
                assert found is not None
                found = answered(found, operation, declines)
            continue
        try:
            found = INTEND[operation](found)
        except Refused:
            continue
        if found.intent.value == operation:
            asked.append(operation)
    assert not {"capture", "void"} <= set(asked)
    if found is not None and found.state in (State.CAPTURED, State.REFUNDED):
        assert "capture" in asked
