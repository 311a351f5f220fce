"""Sees orders through checkout: loads, notes the step, takes it, notes what came of it, and again."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Event
from uuid import uuid4

import grpc
import structlog
from souk_chassis.clock import Clock, utc_now
from souk_chassis.errors import Refused

from souk_order import saga
from souk_order.changes import Changes
from souk_order.clients import Call, Catalog, Inventory, Payments
from souk_order.domain import Order, Wish, price
from souk_order.saga import Outcome, Progress, Step
from souk_order.store import LeaseLostError, OrderStore, Placing, Rule, Work

# Longer than what the mesh allows for all its retries of one call, shorter than a lease.
CALL_SECONDS = 6.0
# A pause up to this is waited for; before a longer one the lease is given up, and whoever comes next goes on.
SHORT_PAUSE = timedelta(seconds=1)
# While another replica is at the order, this is how often it is looked at.
LOOK_SECONDS = 0.2

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Peers:
    """Who is asked."""

    catalog: Catalog
    inventory: Inventory
    payments: Payments


class Checkout:
    """Drives the sagas that this process holds the lease of. Any number of threads and replicas may do so at once."""

    def __init__(
        self,
        store: OrderStore,
        peers: Peers,
        changes: Changes,
        *,
        clock: Clock = utc_now,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._store = store
        self._peers = peers
        self._changes = changes
        self._clock = clock
        self._jitter = jitter
        self._holder = f"checkout-{uuid4().hex[:12]}"
        self._stopping = Event()
        self.left_over = Event()
        """Set when a saga was given up that can go on at once."""

    def place(
        self,
        customer: str,
        wishes: Sequence[Wish],
        placing: Placing,
        until: datetime,
        wanted: Callable[[], bool] = lambda: True,
    ) -> Order:
        """Keeps a new order, or finds the one that the request id has already placed, and sees it through.

        `wanted` tells whether the caller is still there when the order is about to be kept.

        Raises:
            Refused: PRODUCT_NOT_FOUND, CURRENCIES_DIFFER, REQUEST_ID_REUSED, CALLER_GONE; then nothing was kept.
        """
        existing = self._store.placed(placing)
        if existing is not None:
            return self.see_through(existing.name, until)
        lines = price(wishes, self._peers.catalog.prices([wish.product for wish in wishes]))
        if not wanted():
            raise Refused("CALLER_GONE", "nobody waits for this order any more", code=grpc.StatusCode.CANCELLED)
        now = self._clock()
        order = Order(f"{customer}/orders/{uuid4()}", lines, now, now, saga.begin(Progress(), now))
        work = self._store.place(order, placing, self._holder)
        if work is None:  # a twin came first
            return self.place(customer, wishes, placing, until, wanted)
        _log.info("order placed", order=order.name, total=str(order.total))
        order = self._drive(work, until)
        return order if order.settled else self.see_through(order.name, until)

    def see_through(self, name: str, until: datetime) -> Order:
        """Goes on with a checkout, or waits while somebody else does; returns the order as it is at the end."""
        with self._changes.of(name) as changed:
            while True:
                changed.clear()
                order = self._store.get(name)
                now = self._clock()
                if order.settled or now >= until or self._stopping.is_set():
                    return order
                if not (order.progress.is_due(now) and self.go_on(name, until)):
                    changed.wait(min(LOOK_SECONDS, (until - now).total_seconds()))

    def go_on(self, name: str, until: datetime) -> bool:
        """Takes over a saga and drives it; False if that is not for us: it is over, not due, or somebody else's."""
        work = self._store.take(name, self._holder, self._begin, self._clock())
        if work is None:
            return False
        self._drive(work, until)
        return True

    def stop(self) -> None:
        """Every drive ends after the step that it is at; the sagas can be taken over at once."""
        self._stopping.set()
        self.left_over.set()

    def _drive(self, work: Work, until: datetime) -> Order:
        """Takes the step that has begun, and those after it, until the saga or the time ends or the lease is lost.

        Returns the order as it was written last.
        """
        log = _log.bind(order=work.order.name, epoch=work.lease.epoch)
        try:
            while True:
                outcome = self._take(work, until)
                if not isinstance(outcome, saga.Done):
                    progress = work.order.progress
                    log.warning(
                        "step failed", step=_name(progress.step), attempt=progress.attempt, outcome=str(outcome)
                    )
                work, has_begun = self._note(work, outcome, until)
                if work.order.settled:
                    log.info("order settled", state=work.order.state.value, reason=work.order.progress.cancel_reason)
                    break
                if has_begun:
                    continue
                if not self._waited(work, until):
                    self._give_up(work)
                    break
                work = self._advance(work, self._begin)
        except LeaseLostError:
            log.warning("lease lost")
        except Refused as refused:
            # The database can't be written. The step's outcome is not noted: it is taken again.
            log.warning("checkout interrupted", reason=refused.reason)
            self._give_up(work)
        except Exception:
            self._give_up(work)
            raise
        return work.order

    def _note(self, work: Work, outcome: Outcome, until: datetime) -> tuple[Work, bool]:
        """Notes an outcome and, in the same write, that the next step begins, if it is due and time is left."""
        now, jitter = self._clock(), self._jitter()
        may_go_on = self._may_go_on(now, until)

        def rule(progress: Progress) -> Progress:
            settled = saga.settle(progress, outcome, now, jitter)
            return saga.begin(settled, now) if may_go_on and settled.is_due(now) else settled

        noted = self._advance(work, rule)
        return noted, may_go_on and noted.order.progress.is_due(now)

    def _take(self, work: Work, until: datetime) -> Outcome:
        order, inventory, payments = work.order, self._peers.inventory, self._peers.payments
        seconds = min(CALL_SECONDS, max(0.0, (until - self._clock()).total_seconds()))
        step = order.progress.step
        if step is None:
            raise ValueError(f"{order.name} has no step left to take")
        call = Call(saga.request_id(order.name, step, order.progress.renew_at), seconds)
        steps: dict[Step, Callable[[], Outcome]] = {
            Step.RESERVE: lambda: inventory.reserve(order, timedelta(0), call),
            Step.AUTHORIZE: lambda: payments.authorize(order, work.card_token, call),
            Step.RENEW: lambda: inventory.reserve(order, saga.LONG_HOLD, call),
            Step.CAPTURE: lambda: payments.capture(order, call),
            Step.COMMIT: lambda: inventory.commit(order, call),
            Step.VOID: lambda: payments.void(order, call),
            Step.REFUND: lambda: payments.refund(order, call),
            Step.RELEASE: lambda: inventory.release(order, call),
        }
        return steps[step]()

    def _advance(self, work: Work, rule: Rule) -> Work:
        advanced = self._store.advance(work, rule, self._clock())
        self._changes.tell(work.order.name)
        return advanced

    def _begin(self, progress: Progress) -> Progress:
        return saga.begin(progress, self._clock())

    def _may_go_on(self, now: datetime, until: datetime) -> bool:
        return now < until and not self._stopping.is_set()

    def _waited(self, work: Work, until: datetime) -> bool:
        """Waits until the next attempt is due, if that is soon."""
        due_at, now = work.order.progress.due_at or self._clock(), self._clock()
        if due_at - now > SHORT_PAUSE or due_at >= until:
            return False
        self._stopping.wait(max(0.0, (due_at - now).total_seconds()))
        return self._may_go_on(self._clock(), until)

    def _give_up(self, work: Work) -> None:
        try:
            self._store.give_up(work.lease)
        except Refused as refused:
            _log.warning("lease can't be given up, it will expire", order=work.order.name, reason=refused.reason)
        self._changes.tell(work.order.name)
        self.left_over.set()


def _name(step: Step | None) -> str:
    return step.value if step else ""
