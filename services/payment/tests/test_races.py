"""What happens when two calls, or a call and the death of a process, meet."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier
from typing import TYPE_CHECKING

import grpc
import pytest
from souk.payment.v1 import payment_pb2 as pb
from souk_acquirer.domain import State as ChargeState
from souk_chassis.errors import refusal
from souk_chassis.testing import refused
from souk_payment import domain
from souk_payment.acquirer import Acquirer, Answer, Hold
from souk_payment.store import Claim

if TYPE_CHECKING:
    from .conftest import Shop

grpc_max_workers = 8  # so many try at once


class Interposed:
    """The real acquirer, with something that happens just before or just after it holds an amount."""

    def __init__(self, acquirer: Acquirer, before: Callable[[], object], after: Callable[[], object]) -> None:
        self._acquirer = acquirer
        self._before = before
        self._after = after
        self.capture, self.void, self.refund = acquirer.capture, acquirer.void, acquirer.refund

    def authorize(self, hold: Hold, key: str) -> Answer:
        self._before()
        answer = self._acquirer.authorize(hold, key)
        self._after()
        return answer


def nothing() -> None:
    pass


def dies() -> None:
    raise RuntimeError("the process dies here")


def test_of_a_capture_and_a_void_at_once_exactly_one_wins(shop: "Shop", name: str) -> None:
    for number in range(20):
        payment = f"{name}-{number}"
        shop.v1.authorize(payment)
        start = Barrier(2)

        def attempt(operation: Callable[[str], pb.Payment], payment: str = payment, start: Barrier = start) -> str:
            start.wait(timeout=10)
            try:
                return pb.Payment.State.Name(operation(payment).state)
            except grpc.RpcError as error:
                return refusal(error).reason

        with ThreadPoolExecutor(2) as pool:
            capturing, voiding = pool.submit(attempt, shop.v1.capture), pool.submit(attempt, shop.v2.void)
            outcome = capturing.result(timeout=20), voiding.result(timeout=20)
        assert outcome in {("STATE_CAPTURED", "PAYMENT_CAPTURED"), ("PAYMENT_VOIDED", "STATE_VOIDED")}
        captured = outcome[0] == "STATE_CAPTURED"
        assert shop.v1.state(payment) == ("CAPTURED" if captured else "VOIDED")
        assert shop.movements(payment) == ("authorize", "capture" if captured else "void")
        with pytest.raises(grpc.RpcError) as caught:
            (shop.v1.void if captured else shop.v1.capture)(payment)
        assert refusal(caught.value).reason == ("PAYMENT_CAPTURED" if captured else "PAYMENT_VOIDED")


def test_a_void_wins_over_an_authorization_that_the_bank_is_slow_to_answer(
    shop: "Shop", name: str, until: Callable[[Callable[[], bool]], None]
) -> None:
    with ThreadPoolExecutor(1) as pool:
        authorizing = pool.submit(shop.v1.authorize, name, "tok_slow")
        until(lambda: shop.movements(name) == ("authorize",))
        assert shop.v2.void(name).state == pb.Payment.STATE_VOIDED
        with refused("PAYMENT_VOIDED"):
            authorizing.result(timeout=20)
    assert charge_state(shop, name) is ChargeState.VOIDED
    assert shop.v1.state(name) == "VOIDED"


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_void_wins_whether_it_comes_before_or_after_the_hold(shop: "Shop", name: str, moment: str) -> None:
    hooks = {"before": nothing, "after": nothing, moment: lambda: shop.v2.void(name)}
    acquirer = Interposed(shop.acquirer, hooks["before"], hooks["after"])
    with shop.with_acquirer(acquirer) as till, refused("PAYMENT_VOIDED"):
        till.authorize(name)
    assert charge_state(shop, name) is ChargeState.VOIDED
    assert shop.v1.state(name) == "VOIDED"


def test_a_hold_that_comes_after_a_void_that_died_is_given_up(shop: "Shop", name: str) -> None:
    def void_and_die() -> None:
        claim = Claim("void", pb.VoidPaymentRequest(name=name))
        shop.store.begin(name, lambda found: domain.intend_void(found, name, datetime.now(UTC)), claim)

    acquirer = Interposed(shop.acquirer, nothing, void_and_die)
    with shop.with_acquirer(acquirer) as till, refused("PAYMENT_VOIDED"):
        till.authorize(name)
    assert charge_state(shop, name) is ChargeState.VOIDED
    assert shop.v2.void(name).state == pb.Payment.STATE_VOIDED


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_repetition_goes_on_where_a_dead_process_stopped(shop: "Shop", name: str, moment: str) -> None:
    hooks = {"before": nothing, "after": nothing, moment: dies}
    acquirer = Interposed(shop.acquirer, hooks["before"], hooks["after"])
    with shop.with_acquirer(acquirer) as till, refused("INTERNAL", grpc.StatusCode.INTERNAL):
        till.authorize(name)
    assert shop.v1.state(name) == "PENDING"
    assert shop.v2.authorize(name).state == pb.Payment.STATE_AUTHORIZED
    assert shop.movements(name) == ("authorize",)


def charge_state(shop: "Shop", name: str) -> ChargeState:
    charge = shop.ledger.find(name)
    assert charge is not None
    return charge.state
