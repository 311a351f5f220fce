"""The rules of the checkout saga: which step comes next, given what has become of the last one. Plain data, no I/O.

RESERVE → AUTHORIZE → RENEW → CAPTURE (the pivot) → COMMIT → confirmed
undone by VOID (before the capture) or REFUND (after it), then RELEASE → cancelled
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from uuid import UUID, uuid5

CANCELLED_BY_CUSTOMER = "CANCELLED_BY_CUSTOMER"

# Pauses of 0.1 s doubled seven times add up to about 10 s: a restart of a callee is ridden out, and the customer
# still hears a no while the reservation is held.
ATTEMPTS_BEFORE_PIVOT = 8
FIRST_PAUSE = timedelta(seconds=0.1)
LONGEST_PAUSE = timedelta(seconds=30)

# From just before the capture, the stock is held for the longest time that the inventory allows, and this is
# extended halfway through, so that it can't run out behind a payment that was captured.
LONG_HOLD = timedelta(days=1)
RENEW_AFTER = LONG_HOLD / 2
RENEW_AGAIN_AFTER = timedelta(minutes=10)

_REQUEST_IDS = UUID("5b8a3f0e-6a0d-4f6e-9a52-3a6a7f1c9d10")


class Step(Enum):
    """Something that is asked of another service; to ask twice is the same as to ask once."""

    RESERVE = "RESERVE"
    AUTHORIZE = "AUTHORIZE"
    RENEW = "RENEW"
    CAPTURE = "CAPTURE"
    COMMIT = "COMMIT"
    VOID = "VOID"
    REFUND = "REFUND"
    RELEASE = "RELEASE"


_UNDOING = {Step.VOID, Step.REFUND, Step.RELEASE}
_AFTER = {Step.RESERVE: Step.AUTHORIZE, Step.AUTHORIZE: Step.RENEW}
_UNAVAILABLE = {
    Step.RESERVE: "INVENTORY_UNAVAILABLE",
    Step.AUTHORIZE: "PAYMENT_UNAVAILABLE",
    Step.RENEW: "INVENTORY_UNAVAILABLE",
}
GAVE_UP = frozenset(_UNAVAILABLE.values())
"""Reasons for a cancellation that nobody wanted: another order may fare better."""


class Funds(Enum):
    """What may have become of the customer's money."""

    UNTOUCHED = "UNTOUCHED"
    """Nobody was asked to hold it."""
    HELD = "HELD"
    """It may be held."""
    TAKING = "TAKING"
    """The pivot was entered: it may be taken, and nothing else happens until that is known."""
    TAKEN = "TAKEN"
    """It is taken."""


@dataclass(frozen=True)
class Done:
    """The step has been taken."""

    statement_descriptor: str = ""


@dataclass(frozen=True)
class Refusal:
    """The callee said no, and will say so again."""

    reason: str
    message: str = ""


@dataclass(frozen=True)
class Unclear:
    """Nobody knows whether the step was taken: no answer, or none from the callee itself."""

    why: str


Outcome = Done | Refusal | Unclear


@dataclass(frozen=True)
class Progress:
    """How far the checkout of one order has come; what is kept between two steps."""

    step: Step | None = Step.RESERVE
    """What is being taken, or is next; None once the order is confirmed or cancelled."""
    attempt: int = 0
    """How often this step was begun."""
    due_at: datetime | None = None
    """When the next attempt is due; None once there is none."""
    funds: Funds = Funds.UNTOUCHED
    cancel_reason: str = ""
    """Once this is set, the order will end cancelled."""
    cancel_message: str = ""
    renew_at: datetime | None = None
    """When the hold of the stock is to be extended."""
    statement_descriptor: str = ""

    @property
    def needs_card(self) -> bool:
        """Whether the card may still be asked for."""
        return self.step in (Step.RESERVE, Step.AUTHORIZE)

    def is_due(self, now: datetime) -> bool:
        """Whether the next attempt may begin."""
        return self.due_at is not None and self.due_at <= now

    @property
    def _before_pivot(self) -> bool:
        return self.funds in (Funds.UNTOUCHED, Funds.HELD)


def begin(progress: Progress, now: datetime) -> Progress:
    """Notes that the step is about to be taken. This may turn it into another one."""
    progress = _turn_back(progress, now)
    step = progress.step
    if step is None:
        return progress
    if step not in _UNDOING and progress._before_pivot and progress.attempt >= ATTEMPTS_BEFORE_PIVOT:
        return begin(_give_up(progress, "it was begun too often", now), now)
    if step in (Step.CAPTURE, Step.COMMIT) and progress.renew_at is not None and now >= progress.renew_at:
        progress = _to(Step.RENEW, progress, now)
    elif step is Step.AUTHORIZE:
        progress = replace(progress, funds=Funds.HELD)
    elif step is Step.CAPTURE:
        progress = replace(progress, funds=Funds.TAKING)
    return replace(progress, attempt=progress.attempt + 1, due_at=now)


def settle(progress: Progress, outcome: Outcome, now: datetime, jitter: float) -> Progress:
    """Notes what has become of the step that was begun. `jitter` is from 0 to 1 and spreads out repetitions."""
    step = progress.step
    if step is None:
        return progress
    if step in _UNDOING:
        return _undone(progress, step, outcome, now, jitter)
    if step is Step.RENEW and not progress._before_pivot:
        return _renewed_late(progress, outcome, now)
    return _forward(progress, step, outcome, now, jitter=jitter)


def cancel(progress: Progress, now: datetime) -> Progress:
    """The customer wants it undone. Before the pivot the checkout turns back; after it, what was taken is refunded."""
    if progress.cancel_reason:
        return progress
    wanted = _cancelled(progress, CANCELLED_BY_CUSTOMER, "cancelled by the customer")
    if progress.step is None:
        return _undo(wanted, now)
    # The step may be on its way at this moment: who takes it turns back as soon as it knows the outcome.
    return replace(wanted, due_at=now)


def pause(attempt: int, jitter: float) -> timedelta:
    """How long to wait after so many attempts: doubled each time, up to a limit, less up to a half."""
    whole = min(FIRST_PAUSE * 2.0 ** min(attempt - 1, 20), LONGEST_PAUSE)
    return whole * (0.5 + jitter / 2)


def request_id(order: str, step: Step, renew_at: datetime | None) -> str:
    """The request id of a step: it derives from the order, so that whoever repeats the step sends the same."""
    # An extension is an effect of its own each time.
    nth = f"/{renew_at.isoformat()}" if step is Step.RENEW and renew_at is not None else ""
    return str(uuid5(_REQUEST_IDS, f"{order}/{step.value}{nth}"))


def _forward(progress: Progress, step: Step, outcome: Outcome, now: datetime, *, jitter: float) -> Progress:
    match outcome:
        case Done():
            return _turn_back(_done(progress, step, outcome, now), now)
        case Refusal():
            # A capture that was refused took nothing: what may be held is given up. Should it have been taken after
            # all, the void says so.
            funds = Funds.HELD if progress.funds is Funds.TAKING else progress.funds
            return _undo(_cancelled(replace(progress, funds=funds), outcome.reason, outcome.message), now)
        case Unclear():
            if progress._before_pivot and progress.attempt >= ATTEMPTS_BEFORE_PIVOT:
                return _give_up(progress, outcome.why, now)
            return _turn_back(_again(progress, now, jitter), now)


def _done(progress: Progress, step: Step, done: Done, now: datetime) -> Progress:
    match step:
        case Step.AUTHORIZE:
            progress = replace(progress, statement_descriptor=done.statement_descriptor)
        case Step.RENEW:
            return _to(Step.CAPTURE, replace(progress, renew_at=now + RENEW_AFTER), now)
        case Step.CAPTURE:
            return _to(Step.COMMIT, replace(progress, funds=Funds.TAKEN), now)
        case Step.COMMIT:
            return progress if progress.cancel_reason else _finished(progress)
    return _to(_AFTER[step], progress, now)


def _renewed_late(progress: Progress, outcome: Outcome, now: datetime) -> Progress:
    # The money may be taken: whatever has become of the hold, going on is the only way to an end that is right.
    renew_at = now + (RENEW_AFTER if isinstance(outcome, Done) else RENEW_AGAIN_AFTER)
    onward = Step.COMMIT if progress.funds is Funds.TAKEN else Step.CAPTURE
    return _turn_back(_to(onward, replace(progress, renew_at=renew_at), now), now)


def _undone(progress: Progress, step: Step, outcome: Outcome, now: datetime, jitter: float) -> Progress:
    match step, outcome:
        case (Step.RELEASE, Done()):
            return _finished(progress)
        case (_, Done()):
            return _to(Step.RELEASE, progress, now)
        # An attempt to capture is still on its way there. One of the two will do in the end; the count of attempts goes
        # on, so that the pauses grow meanwhile.
        case (Step.VOID, Refusal(reason="PAYMENT_CAPTURED")):
            return replace(progress, step=Step.REFUND, funds=Funds.TAKEN, due_at=now)
        case (Step.REFUND, Refusal(reason="PAYMENT_NOT_CAPTURED" | "PAYMENT_VOIDED")):
            return replace(_again(progress, now, jitter), step=Step.VOID, funds=Funds.HELD)
    return _again(progress, now, jitter)


def _turn_back(progress: Progress, now: datetime) -> Progress:
    turning = progress.cancel_reason and progress.step not in _UNDOING | {None}
    return _undo(progress, now) if turning and progress.funds is not Funds.TAKING else progress


def _undo(progress: Progress, now: datetime) -> Progress:
    # Money first. Every step that was begun is undone, even if it was refused: an earlier attempt at it may be late.
    first = {Funds.UNTOUCHED: Step.RELEASE, Funds.HELD: Step.VOID, Funds.TAKEN: Step.REFUND}
    return _to(first[progress.funds], progress, now)


def _give_up(progress: Progress, why: str, now: datetime) -> Progress:
    reason = _UNAVAILABLE[progress.step or Step.RESERVE]
    return _undo(_cancelled(progress, reason, f"gave up after {progress.attempt} attempts: {why}"), now)


def _cancelled(progress: Progress, reason: str, message: str) -> Progress:
    # The first reason stays: it is what the customer was told.
    if progress.cancel_reason:
        return progress
    return replace(progress, cancel_reason=reason, cancel_message=message)


def _again(progress: Progress, now: datetime, jitter: float) -> Progress:
    return replace(progress, due_at=now + pause(progress.attempt, jitter))


def _to(step: Step, progress: Progress, now: datetime) -> Progress:
    return replace(progress, step=step, attempt=0, due_at=now)


def _finished(progress: Progress) -> Progress:
    return replace(progress, step=None, attempt=0, due_at=None)
