"""The rules of a payment: what may follow what. Plain data in, plain data out.

Every operation has two rules, one for before the acquirer is asked and one for after. The first writes the intent down,
the second what came of it: whoever finds an intent without an outcome asks the acquirer again, under the same key.
"""

import hashlib
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum

import grpc
from souk_chassis.errors import Refused
from souk_chassis.money import Money


class State(Enum):
    """How far a payment has come."""

    PENDING = "PENDING"
    AUTHORIZED = "AUTHORIZED"
    CAPTURED = "CAPTURED"
    VOIDED = "VOIDED"
    REFUNDED = "REFUNDED"
    DECLINED = "DECLINED"


class Intent(Enum):
    """What the acquirer is being asked for; its answer is not known yet."""

    NONE = ""
    AUTHORIZE = "authorize"
    CAPTURE = "capture"
    VOID = "void"
    REFUND = "refund"


@dataclass(frozen=True)
class Payment:
    """What a customer pays for one order. A tombstone has a name and nothing else: the void came first."""

    name: str
    state: State
    create_time: datetime
    update_time: datetime
    intent: Intent = Intent.NONE
    order: str = ""
    amount: Money | None = None
    payload: str = ""
    decline_reason: str = ""
    statement_descriptor: str = ""
    processed_by: str = ""

    @property
    def given_up(self) -> bool:
        """Whether it is voided, or about to be: from the intent on there is no way back."""
        return self.state is State.VOIDED or self.intent is Intent.VOID

    @property
    def being_captured(self) -> bool:
        """Whether its money may have been taken already."""
        return self.state is State.AUTHORIZED and self.intent is Intent.CAPTURE


@dataclass(frozen=True)
class Wanted:
    """A payment as it is asked for, and what this version of the service adds to it."""

    name: str
    order: str
    amount: Money
    card_token: str = field(repr=False)
    statement_descriptor: str
    processed_by: str

    @property
    def payload(self) -> str:
        """Tells whether two requests ask for the same. The token itself is the acquirer's to keep, not ours."""
        asked = "\n".join((self.order, self.amount.currency_code, str(self.amount.total_nanos), self.card_token))
        return hashlib.sha256(asked.encode()).hexdigest()


def intend_authorize(found: Payment | None, wanted: Wanted, now: datetime) -> Payment:
    """Before the hold. A repetition goes on where the first one stopped, and keeps what that one promised.

    Raises:
        Refused: PAYMENT_VOIDED, PAYMENT_EXISTS when the name is taken by another payload, CARD_DECLINED.
    """
    if found is None:
        return Payment(
            name=wanted.name,
            state=State.PENDING,
            create_time=now,
            update_time=now,
            intent=Intent.AUTHORIZE,
            order=wanted.order,
            amount=wanted.amount,
            payload=wanted.payload,
            statement_descriptor=wanted.statement_descriptor,
            processed_by=wanted.processed_by,
        )
    if found.given_up:
        raise voided(found)
    if found.payload != wanted.payload:
        raise Refused(
            "PAYMENT_EXISTS",
            f"{found.name} exists with another order, amount or card; choose another name",
            code=grpc.StatusCode.ALREADY_EXISTS,
            metadata=_which(found),
        )
    if found.state is State.DECLINED:
        raise declined(found)
    if found.state is State.PENDING:
        return replace(found, intent=Intent.AUTHORIZE)
    return found


def intend_capture(found: Payment | None, name: str) -> Payment:
    """Before the amount is taken. Excludes a void from here on.

    Raises:
        Refused: PAYMENT_NOT_FOUND, PAYMENT_VOIDED, PAYMENT_NOT_AUTHORIZED.
    """
    payment = existing(found, name)
    if payment.given_up:
        raise voided(payment)
    if payment.state in (State.CAPTURED, State.REFUNDED):
        return payment
    if payment.state is State.AUTHORIZED:
        return replace(payment, intent=Intent.CAPTURE)
    raise _refused("PAYMENT_NOT_AUTHORIZED", payment, "captured")


def intend_void(found: Payment | None, name: str, now: datetime) -> Payment:
    """Before the hold is given up. Excludes a capture from here on; an unknown payment becomes a tombstone at once.

    Raises:
        Refused: PAYMENT_CAPTURED, also while the acquirer is being asked to capture.
    """
    if found is None:
        return Payment(name=name, state=State.VOIDED, create_time=now, update_time=now)
    if found.being_captured or found.state in (State.CAPTURED, State.REFUNDED):
        raise _refused("PAYMENT_CAPTURED", found, "voided")
    if found.state in (State.PENDING, State.AUTHORIZED):
        return replace(found, intent=Intent.VOID)
    return found


def intend_refund(found: Payment | None, name: str) -> Payment:
    """Before the amount is given back.

    Raises:
        Refused: PAYMENT_NOT_FOUND, PAYMENT_VOIDED, PAYMENT_NOT_CAPTURED.
    """
    payment = existing(found, name)
    if payment.given_up:
        raise voided(payment)
    if payment.state is State.REFUNDED:
        return payment
    if payment.state is State.CAPTURED:
        return replace(payment, intent=Intent.REFUND)
    raise _refused("PAYMENT_NOT_CAPTURED", payment, "refunded")


def settle_hold(payment: Payment, now: datetime) -> Payment:
    """After the acquirer held the amount; changes nothing if a void came meanwhile."""
    if payment.state is not State.PENDING or payment.given_up:
        return payment
    return _moved(payment, State.AUTHORIZED, now)


def settle_decline(payment: Payment, reason: str, now: datetime) -> Payment:
    """After the acquirer declined; changes nothing if a void came meanwhile."""
    if payment.state is not State.PENDING or payment.given_up:
        return payment
    return replace(_moved(payment, State.DECLINED, now), decline_reason=reason)


def settle_capture(payment: Payment, now: datetime) -> Payment:
    """After the acquirer took the amount. What it says about money is so, whatever we meant to do since."""
    return _moved(payment, State.CAPTURED, now) if payment.state is State.AUTHORIZED else payment


def settle_void(payment: Payment, now: datetime) -> Payment:
    """After the acquirer gave up the hold, or promised never to grant it."""
    held = payment.state in (State.PENDING, State.AUTHORIZED)
    return _moved(payment, State.VOIDED, now) if held else payment


def settle_refund(payment: Payment, now: datetime) -> Payment:
    """After the acquirer gave the amount back."""
    return _moved(payment, State.REFUNDED, now) if payment.state is State.CAPTURED else payment


def withdraw(payment: Payment, intent: Intent) -> Payment:
    """After the acquirer said that it can't do it, ever: the other ways are open again."""
    return replace(payment, intent=Intent.NONE) if payment.intent is intent else payment


def existing(found: Payment | None, name: str) -> Payment:
    """The payment, if there is one.

    Raises:
        Refused: PAYMENT_NOT_FOUND.
    """
    if found is None:
        message = f"there is no {name}"
        raise Refused("PAYMENT_NOT_FOUND", message, code=grpc.StatusCode.NOT_FOUND, metadata={"payment": name})
    return found


def voided(payment: Payment) -> Refused:
    """The refusal of everything that comes after a void."""
    message = f"{payment.name} was voided; use another name for another payment"
    return Refused("PAYMENT_VOIDED", message, metadata=_which(payment))


def declined(payment: Payment) -> Refused:
    """The refusal that tells what the bank said."""
    metadata = {**_which(payment), "decline_reason": payment.decline_reason}
    message = f"the card was declined: {payment.decline_reason}; use another card, under another payment name"
    return Refused("CARD_DECLINED", message, metadata=metadata)


def _refused(reason: str, payment: Payment, wanted: str) -> Refused:
    state = f"{payment.state.value} and being captured" if payment.being_captured else payment.state.value
    return Refused(reason, f"{payment.name} is {state}, it can't be {wanted}", metadata=_which(payment))


def _which(payment: Payment) -> dict[str, str]:
    return {"payment": payment.name, "state": payment.state.value}


def _moved(payment: Payment, state: State, now: datetime) -> Payment:
    return replace(payment, state=state, intent=Intent.NONE, update_time=now)
