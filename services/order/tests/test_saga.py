"""The rules of the saga: each transition by itself, then every history that chance finds."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from souk_order import saga
from souk_order.saga import Done, Funds, Outcome, Progress, Refusal, Step, Unclear, begin, cancel, settle

NOW = datetime(2030, 1, 1, tzinfo=UTC)
TOLD = "CANCELLED_BY_CUSTOMER"


def begun(step: Step, funds: Funds, **more: Any) -> Progress:  # noqa: ANN401
    return replace(Progress(step=step, funds=funds, attempt=1, due_at=NOW), **more)


TRANSITIONS = [
    # what was taken, what came of it, what is next
    (begun(Step.RESERVE, Funds.UNTOUCHED), Done(), Step.AUTHORIZE, Funds.UNTOUCHED, ""),
    (
        begun(Step.RESERVE, Funds.UNTOUCHED),
        Refusal("INSUFFICIENT_STOCK"),
        Step.RELEASE,
        Funds.UNTOUCHED,
        "INSUFFICIENT_STOCK",
    ),
    (begun(Step.RESERVE, Funds.UNTOUCHED), Unclear("?"), Step.RESERVE, Funds.UNTOUCHED, ""),
    (
        begun(Step.RESERVE, Funds.UNTOUCHED, attempt=8),
        Unclear("?"),
        Step.RELEASE,
        Funds.UNTOUCHED,
        "INVENTORY_UNAVAILABLE",
    ),
    (begun(Step.RESERVE, Funds.UNTOUCHED, cancel_reason=TOLD), Done(), Step.RELEASE, Funds.UNTOUCHED, TOLD),
    (begun(Step.RESERVE, Funds.UNTOUCHED, cancel_reason=TOLD), Refusal("X"), Step.RELEASE, Funds.UNTOUCHED, TOLD),
    (begun(Step.AUTHORIZE, Funds.HELD), Done("SOUK"), Step.RENEW, Funds.HELD, ""),
    (begun(Step.AUTHORIZE, Funds.HELD), Refusal("CARD_DECLINED"), Step.VOID, Funds.HELD, "CARD_DECLINED"),
    (begun(Step.AUTHORIZE, Funds.HELD), Unclear("?"), Step.AUTHORIZE, Funds.HELD, ""),
    (begun(Step.AUTHORIZE, Funds.HELD, attempt=8), Unclear("?"), Step.VOID, Funds.HELD, "PAYMENT_UNAVAILABLE"),
    (begun(Step.AUTHORIZE, Funds.HELD, cancel_reason=TOLD), Unclear("?"), Step.VOID, Funds.HELD, TOLD),
    (begun(Step.RENEW, Funds.HELD), Done(), Step.CAPTURE, Funds.HELD, ""),
    (begun(Step.RENEW, Funds.HELD), Refusal("RESERVATION_EXPIRED"), Step.VOID, Funds.HELD, "RESERVATION_EXPIRED"),
    (begun(Step.RENEW, Funds.TAKING), Refusal("RESERVATION_EXPIRED"), Step.CAPTURE, Funds.TAKING, ""),
    (begun(Step.RENEW, Funds.TAKEN), Unclear("?"), Step.COMMIT, Funds.TAKEN, ""),
    (begun(Step.CAPTURE, Funds.TAKING), Done(), Step.COMMIT, Funds.TAKEN, ""),
    (begun(Step.CAPTURE, Funds.TAKING, attempt=1000), Unclear("?"), Step.CAPTURE, Funds.TAKING, ""),
    (begun(Step.CAPTURE, Funds.TAKING, cancel_reason=TOLD), Unclear("?"), Step.CAPTURE, Funds.TAKING, TOLD),
    (begun(Step.CAPTURE, Funds.TAKING, cancel_reason=TOLD), Done(), Step.REFUND, Funds.TAKEN, TOLD),
    (begun(Step.CAPTURE, Funds.TAKING), Refusal("PAYMENT_VOIDED"), Step.VOID, Funds.HELD, "PAYMENT_VOIDED"),
    (begun(Step.COMMIT, Funds.TAKEN), Done(), None, Funds.TAKEN, ""),
    (begun(Step.COMMIT, Funds.TAKEN, attempt=1000), Unclear("?"), Step.COMMIT, Funds.TAKEN, ""),
    (begun(Step.COMMIT, Funds.TAKEN, cancel_reason=TOLD), Done(), Step.REFUND, Funds.TAKEN, TOLD),
    (begun(Step.COMMIT, Funds.TAKEN), Refusal("RESERVATION_EXPIRED"), Step.REFUND, Funds.TAKEN, "RESERVATION_EXPIRED"),
    (begun(Step.VOID, Funds.HELD, cancel_reason="X"), Done(), Step.RELEASE, Funds.HELD, "X"),
    (begun(Step.VOID, Funds.HELD, cancel_reason="X"), Refusal("PAYMENT_CAPTURED"), Step.REFUND, Funds.TAKEN, "X"),
    (begun(Step.VOID, Funds.HELD, cancel_reason="X", attempt=1000), Unclear("?"), Step.VOID, Funds.HELD, "X"),
    (begun(Step.REFUND, Funds.TAKEN, cancel_reason="X"), Done(), Step.RELEASE, Funds.TAKEN, "X"),
    (begun(Step.REFUND, Funds.TAKEN, cancel_reason="X"), Refusal("PAYMENT_NOT_CAPTURED"), Step.VOID, Funds.HELD, "X"),
    (begun(Step.REFUND, Funds.TAKEN, cancel_reason="X", attempt=1000), Refusal("?"), Step.REFUND, Funds.TAKEN, "X"),
    (begun(Step.RELEASE, Funds.HELD, cancel_reason="X"), Done(), None, Funds.HELD, "X"),
    (begun(Step.RELEASE, Funds.HELD, cancel_reason="X", attempt=1000), Refusal("?"), Step.RELEASE, Funds.HELD, "X"),
]


@pytest.mark.parametrize(("taken", "outcome", "step", "funds", "reason"), TRANSITIONS)
def test_what_follows_a_step(taken: Progress, outcome: Outcome, step: Step | None, funds: Funds, reason: str) -> None:
    after = settle(taken, outcome, NOW, 0.0)
    assert (after.step, after.funds, after.cancel_reason) == (step, funds, reason)
    assert (after.due_at is None) == (after.step is None)


def test_the_pivot_is_entered_when_the_capture_begins() -> None:
    assert begin(Progress(step=Step.CAPTURE, funds=Funds.HELD, renew_at=NOW + timedelta(1)), NOW).funds is Funds.TAKING


def test_a_wish_to_cancel_turns_back_before_the_pivot_only() -> None:
    before = cancel(Progress(step=Step.CAPTURE, funds=Funds.HELD), NOW)
    assert begin(before, NOW).step is Step.VOID
    after = cancel(begun(Step.CAPTURE, Funds.TAKING), NOW)
    assert begin(after, NOW).step is Step.CAPTURE


def test_cancelling_what_is_confirmed_gives_the_money_back() -> None:
    wanted = cancel(Progress(step=None, funds=Funds.TAKEN), NOW)
    assert (wanted.step, wanted.due_at) == (Step.REFUND, NOW)


def test_cancelling_twice_is_the_same_as_once() -> None:
    once = cancel(begun(Step.RESERVE, Funds.UNTOUCHED), NOW)
    assert cancel(once, NOW + timedelta(1)) == once


def test_a_hold_that_gets_old_behind_a_capture_is_extended_first() -> None:
    old = begun(Step.CAPTURE, Funds.TAKING, renew_at=NOW)
    assert begin(old, NOW - timedelta(seconds=1)).step is Step.CAPTURE
    assert begin(old, NOW).step is Step.RENEW
    extended = settle(begin(old, NOW), Done(), NOW, 0.0)
    assert extended.renew_at == NOW + saga.RENEW_AFTER
    assert begin(extended, NOW).step is Step.CAPTURE


def test_each_extension_has_a_request_id_of_its_own_and_every_other_step_always_the_same() -> None:
    order = "customers/c/orders/o"
    assert saga.request_id(order, Step.CAPTURE, None) == saga.request_id(order, Step.CAPTURE, NOW)
    assert saga.request_id(order, Step.RENEW, None) != saga.request_id(order, Step.RENEW, NOW)
    assert len({saga.request_id(order, step, None) for step in Step}) == len(Step)


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_pauses_grow_to_a_limit(attempt: int, jitter: float) -> None:
    paused = saga.pause(attempt, jitter)
    assert saga.FIRST_PAUSE / 2 <= paused <= saga.LONGEST_PAUSE
    assert saga.pause(attempt + 1, jitter) >= paused


def test_a_process_that_dies_at_every_attempt_does_not_go_on_for_ever() -> None:
    progress = Progress()
    for _ in range(saga.ATTEMPTS_BEFORE_PIVOT + 1):
        progress = begin(progress, NOW)  # and dies
    assert progress.step is Step.RELEASE


def _refused(reason: str) -> Outcome:
    return Refusal(reason)


@dataclass
class Model:
    """The callees, as their contract says: to ask twice is to ask once, and what was undone stays undone."""

    in_stock: bool
    good_card: bool
    stock: str = "NONE"
    money: str = "NONE"
    late: list[Step] = field(default_factory=list)

    def take(self, step: Step) -> Outcome:
        takes: dict[Step, Callable[[], Outcome]] = {
            Step.RESERVE: self.reserve, Step.RENEW: self.reserve, Step.AUTHORIZE: self.authorize,
            Step.CAPTURE: self.capture, Step.COMMIT: self.commit, Step.VOID: self.void, Step.REFUND: self.refund,
            Step.RELEASE: self.release,
        }  # fmt: skip
        return takes[step]()

    def expire(self) -> None:
        if self.stock == "HELD":
            self.stock = "EXPIRED"

    def reserve(self) -> Outcome:
        if self.stock == "RELEASED":
            return _refused("RESERVATION_RELEASED")
        if self.stock == "COMMITTED":
            return Done()
        if not self.in_stock:
            return _refused("INSUFFICIENT_STOCK")
        self.stock = "HELD"
        return Done()

    def commit(self) -> Outcome:
        if self.stock in ("RELEASED", "EXPIRED", "NONE"):
            return _refused(f"RESERVATION_{self.stock}")
        self.stock = "COMMITTED"
        return Done()

    def release(self) -> Outcome:
        self.stock = "RELEASED"
        return Done()

    def authorize(self) -> Outcome:
        if self.money == "VOIDED":
            return _refused("PAYMENT_VOIDED")
        if self.money == "NONE":
            self.money = "AUTHORIZED" if self.good_card else "DECLINED"
        return _refused("CARD_DECLINED") if self.money == "DECLINED" else Done()

    def capture(self) -> Outcome:
        if self.money in ("VOIDED", "DECLINED", "NONE"):
            return _refused("PAYMENT_NOT_AUTHORIZED")
        if self.money == "AUTHORIZED":
            self.money = "CAPTURED"
        return Done()

    def void(self) -> Outcome:
        if self.money in ("CAPTURED", "REFUNDED"):
            return _refused("PAYMENT_CAPTURED")
        if self.money in ("NONE", "AUTHORIZED"):
            self.money = "VOIDED"
        return Done()

    def refund(self) -> Outcome:
        if self.money in ("VOIDED", "AUTHORIZED"):
            return _refused("PAYMENT_NOT_CAPTURED")
        self.money = "REFUNDED"
        return Done()


@dataclass
class History:
    """One saga, and what happens to it."""

    model: Model
    progress: Progress
    now: datetime = NOW

    def happens(self, event: str) -> None:
        match event:
            case "cancel":
                self.progress = cancel(self.progress, self.now)
            case "expired":
                self.model.expire()
            case "day passed":
                self.now += timedelta(days=1)
            case "late one arrives" if self.model.late:
                self.model.take(self.model.late.pop(0))
            case "died":
                self.progress = begin(self.progress, self.now)
            case "answered" | "answer lost" | "request lost" | "request late":
                self.steps(event)

    def steps(self, event: str) -> None:
        # A confirmed order that was cancelled since has a step again, which nobody has begun yet.
        self.progress = begin(self.progress, self.now) if self.progress.attempt == 0 else self.progress
        step = self.progress.step
        if step is None:
            return
        outcome: Outcome = Unclear(event)
        if event in ("answered", "answer lost"):
            answer = self.model.take(step)
            outcome = answer if event == "answered" else outcome
        elif event == "request late":
            self.model.late.append(step)
        self.progress = begin(settle(self.progress, outcome, self.now, 0.5), self.now)


ACCIDENTS = [
    "answer lost",
    "request lost",
    "request late",
    "late one arrives",
    "died",
    "cancel",
    "expired",
    "day passed",
]
# Often enough all is well, so that accidents happen at the late steps, too.
EVENTS = st.sampled_from([*["answered"] * 8, *ACCIDENTS])
MOSTLY = st.sampled_from([True, True, True, False])


@settings(max_examples=600, deadline=None)
@given(MOSTLY, MOSTLY, st.lists(EVENTS, min_size=10, max_size=40), st.booleans())
def test_no_history_ends_with_money_or_stock_where_it_does_not_belong(
    in_stock: bool, good_card: bool, events: list[str], cancelled_at_last: bool
) -> None:
    history = History(Model(in_stock, good_card), begin(Progress(), NOW))
    for event in [*events, *["answered"] * 40]:
        history.happens(event)
    assert history.progress.step is None, f"still at {history.progress.step}"
    if cancelled_at_last:
        history.happens("cancel")
        for _ in range(3):
            history.happens("answered")
    model = history.model
    for late in model.late:
        model.take(late)
    if history.progress.cancel_reason:
        assert history.progress.step is None
        assert model.money in ("NONE", "VOIDED", "DECLINED", "REFUNDED")
        assert model.stock == "RELEASED"
    else:
        assert (model.money, model.stock) == ("CAPTURED", "COMMITTED")
