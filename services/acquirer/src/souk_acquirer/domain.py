"""The bank's rules: what may become of a charge. Plain data in, plain data out."""

from dataclasses import dataclass, replace
from enum import Enum

import grpc
from souk_chassis.errors import Refused
from souk_chassis.money import Money

from souk_acquirer.cards import Card


class State(Enum):
    """What has become of an amount."""

    HELD = "HELD"
    CAPTURED = "CAPTURED"
    VOIDED = "VOIDED"
    REFUNDED = "REFUNDED"
    DECLINED = "DECLINED"


@dataclass(frozen=True)
class Charge:
    """One amount on one card. A tombstone has neither: it is a void that came before the authorization."""

    reference: str
    state: State
    amount: Money | None = None
    card_token: str = ""
    decline_reason: str = ""


def authorize(found: Charge | None, wanted: Charge, card: Card) -> Charge:
    """Holds the amount, unless the bank declines; both are answers.

    Raises:
        Refused: INVALID_AMOUNT, CHARGE_VOIDED when the void came first, CHARGE_EXISTS when the reference is taken.
    """
    if wanted.amount is None or wanted.amount.total_nanos <= 0:
        raise Refused("INVALID_AMOUNT", "amount must be above zero", code=grpc.StatusCode.INVALID_ARGUMENT)
    if found is not None:
        if found.state is State.VOIDED:
            raise Refused("CHARGE_VOIDED", f"{found.reference} was voided and is never authorized again")
        raise Refused(
            "CHARGE_EXISTS",
            f"{found.reference} was authorized before with another idempotency key",
            code=grpc.StatusCode.ALREADY_EXISTS,
        )
    if card.decline_reason:
        return replace(wanted, state=State.DECLINED, decline_reason=card.decline_reason)
    return replace(wanted, state=State.HELD)


def capture(found: Charge | None, reference: str) -> Charge:
    """Takes what is held. Doing so twice is the same as doing so once.

    Raises:
        Refused: CHARGE_NOT_FOUND, CHARGE_NOT_HELD.
    """
    charge = existing(found, reference)
    if charge.state in (State.HELD, State.CAPTURED):
        return replace(charge, state=State.CAPTURED)
    raise _refused("CHARGE_NOT_HELD", charge, "captured")


def void(found: Charge | None, reference: str) -> Charge:
    """Gives up the hold; with no charge yet, leaves a tombstone. A declined charge holds nothing and stays as it is.

    Raises:
        Refused: CHARGE_CAPTURED when the money was taken already.
    """
    if found is None:
        return Charge(reference, State.VOIDED)
    if found.state is State.DECLINED:
        return found
    if found.state in (State.HELD, State.VOIDED):
        return replace(found, state=State.VOIDED)
    raise _refused("CHARGE_CAPTURED", found, "voided")


def refund(found: Charge | None, reference: str) -> Charge:
    """Gives back what was taken. Doing so twice is the same as doing so once.

    Raises:
        Refused: CHARGE_NOT_FOUND, CHARGE_NOT_CAPTURED.
    """
    charge = existing(found, reference)
    if charge.state in (State.CAPTURED, State.REFUNDED):
        return replace(charge, state=State.REFUNDED)
    raise _refused("CHARGE_NOT_CAPTURED", charge, "refunded")


def existing(found: Charge | None, reference: str) -> Charge:
    """The charge, if there is one.

    Raises:
        Refused: CHARGE_NOT_FOUND.
    """
    if found is None:
        raise Refused("CHARGE_NOT_FOUND", f"there is no charge {reference}", code=grpc.StatusCode.NOT_FOUND)
    return found


def _refused(reason: str, charge: Charge, wanted: str) -> Refused:
    state = charge.state.value
    return Refused(reason, f"{charge.reference} is {state} and can't be {wanted}", metadata={"state": state})
