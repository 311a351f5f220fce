"""Checkouts against the real catalog, inventory, payment and acquirer."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Event
from uuid import uuid4

import pytest
from grpc import StatusCode
from souk_chassis.database import Database
from souk_chassis.money import Money
from souk_order import saga
from souk_order.domain import Order, State, Wish
from souk_order.resume import Resume
from souk_order.saga import Refusal, Step, Unclear
from souk_order.store import Placing
from souk_order.tables import OrderRow

from .world import ADA, Clock, Disturbed, Replica, Shop, refused, replica, times


def cancel(at: Replica, order: Order) -> Order:
    now = at.clock()
    with at.store.begin() as session:
        return at.store.cancel(session, order.name, lambda progress: saga.cancel(progress, now), now)


def test_an_order_is_paid_for_and_its_stock_sold(shop: Shop, orders: Replica) -> None:
    product = shop.product(stock=10, price="19.99 EUR")
    order = orders.place(product, 3)
    assert (order.state, order.total) == (State.CONFIRMED, Money("EUR", 59, 970_000_000))
    assert order.progress.statement_descriptor
    assert shop.paid(order) == "CAPTURED"
    assert shop.stock(product) == (7, 0)


def test_a_declined_card_leaves_nothing_held(shop: Shop, orders: Replica) -> None:
    product = shop.product(stock=2)
    order = orders.place(product, card="tok_declined")
    assert (order.state, order.progress.cancel_reason) == (State.CANCELLED, "CARD_DECLINED")
    assert shop.stock(product) == (2, 0)
    assert shop.paid(order) == "DECLINED"


def test_too_little_stock_touches_no_card(shop: Shop, orders: Replica) -> None:
    product = shop.product(stock=2)
    order = orders.place(product, 3)
    assert (order.state, order.progress.cancel_reason) == (State.CANCELLED, "INSUFFICIENT_STOCK")
    assert "2 available" in order.progress.cancel_message
    assert shop.stock(product) == (2, 0)
    assert shop.paid(order) == "NONE"
    assert not order.was_charged


def test_an_unknown_product_makes_no_order(orders: Replica) -> None:
    with refused("PRODUCT_NOT_FOUND", StatusCode.NOT_FOUND):
        orders.place("products/nothing")
    assert orders.store.list(ADA, None, 10) == []


def test_a_caller_who_has_left_while_prices_were_asked_leaves_no_order(shop: Shop, orders: Replica) -> None:
    wishes, until = [Wish(shop.product(), 1)], orders.clock() + timedelta(seconds=5)
    with refused("CALLER_GONE", StatusCode.CANCELLED):
        orders.checkout.place(ADA, wishes, Placing("", b"", "tok_visa"), until, wanted=lambda: False)
    assert orders.store.list(ADA, None, 10) == []


def test_two_currencies_make_no_order(shop: Shop, orders: Replica) -> None:
    wishes = [Wish(shop.product(price="1.00 EUR"), 1), Wish(shop.product(price="1.00 USD"), 1)]
    with refused("CURRENCIES_DIFFER", StatusCode.FAILED_PRECONDITION):
        orders.checkout.place(ADA, wishes, Placing("", b"", "tok_visa"), orders.clock() + timedelta(seconds=5))


@pytest.mark.parametrize("card", ["tok_flaky", "tok_charge_then_timeout", "tok_capture_fails_once"])
def test_a_bank_that_fails_once_is_asked_again_and_charges_once(shop: Shop, orders: Replica, card: str) -> None:
    product = shop.product()
    order = orders.place(product, card=card)
    assert order.state is State.CONFIRMED
    assert shop.paid(order) == "CAPTURED"
    assert [move for move in shop.movements(order) if "capture" in move.lower()] == ["capture"]


def test_a_bank_that_stays_away_is_given_up_before_the_pivot(shop: Shop, database: Database, clock: Clock) -> None:
    payments = Disturbed(shop.peers.payments, "authorize", before=lambda: Unclear("away"))
    orders = replica(database, replace(shop.peers, payments=payments), clock)
    product = shop.product(stock=1)
    order = orders.place(product)
    assert (order.state, order.progress.cancel_reason) == (State.CANCELLED, "PAYMENT_UNAVAILABLE")
    assert shop.stock(product) == (1, 0)
    assert shop.paid(order) == "VOIDED"  # an authorization that is still on its way comes too late


def test_a_capture_that_may_have_happened_is_repeated_until_it_is_known(
    shop: Shop, database: Database, clock: Clock
) -> None:
    payments = Disturbed(shop.peers.payments, "capture", after=times(20))
    orders = replica(database, replace(shop.peers, payments=payments), clock)
    order = orders.place(shop.product())
    assert order.state is State.CONFIRMED
    assert shop.paid(order) == "CAPTURED"
    assert len(payments.calls) == 21
    assert len(set(payments.calls)) == 1  # always under the same request id


def test_a_reservation_behind_a_captured_payment_is_extended_in_time(
    shop: Shop, database: Database, clock: Clock
) -> None:
    def half_a_day_passes() -> Unclear | None:
        if order_is_new := clock.ahead < timedelta(hours=1):
            clock.turn(hours=13)
        return Unclear("away") if order_is_new else None

    inventory = Disturbed(shop.peers.inventory, "commit", before=half_a_day_passes)
    reserving = Disturbed(inventory, "reserve")
    orders = replica(database, replace(shop.peers, inventory=reserving), clock)
    order = orders.place(shop.product())
    assert (order.state, order.progress.step) == (State.PENDING, Step.COMMIT)
    order = orders.see_through(order)
    assert order.state is State.CONFIRMED
    assert len(reserving.calls) == len(set(reserving.calls)) == 3  # reserved, held longer, and longer once more


def test_stock_that_is_gone_after_the_capture_gives_the_money_back(
    shop: Shop, database: Database, clock: Clock
) -> None:
    inventory = Disturbed(shop.peers.inventory, "commit", before=lambda: Refusal("RESERVATION_EXPIRED", "gone"))
    orders = replica(database, replace(shop.peers, inventory=inventory), clock)
    product = shop.product(stock=4)
    order = orders.place(product)
    assert (order.state, order.progress.cancel_reason) == (State.CANCELLED, "RESERVATION_EXPIRED")
    assert shop.paid(order) == "REFUNDED"
    assert shop.stock(product) == (4, 0)


def test_when_time_is_up_the_order_is_pending_and_others_go_on_at_once(
    shop: Shop, database: Database, clock: Clock, others: Replica
) -> None:
    payments = Disturbed(shop.peers.payments, "authorize", before=lambda: Unclear("away"))
    orders = replica(database, replace(shop.peers, payments=payments), clock, jitter=1.0)
    order = orders.place(shop.product(), seconds=0.3)
    assert order.state is State.PENDING
    assert orders.checkout.left_over.is_set()
    assert others.see_through(order, 5).state is State.CONFIRMED


def test_the_background_goes_on_with_what_nobody_is_at(shop: Shop, orders: Replica, others: Replica) -> None:
    placed = [orders.place(shop.product(), seconds=-1) for _ in range(5)]
    assert {order.state for order in placed} == {State.PENDING}
    resume = Resume(others.store, others.checkout, every=timedelta(seconds=0.05), at_once=2, clock=others.clock)
    with resume.running():
        for order in placed:
            assert orders.see_through(order, 10).state is State.CONFIRMED


def test_a_replica_that_stops_leaves_its_checkouts_to_others(shop: Shop, orders: Replica, others: Replica) -> None:
    orders.checkout.stop()
    order = orders.place(shop.product())
    assert order.state is State.PENDING
    assert others.see_through(order, 5).state is State.CONFIRMED


def test_the_same_request_id_gives_the_order_as_it_is_now(shop: Shop, orders: Replica, others: Replica) -> None:
    product, request_id = shop.product(), str(uuid4())
    first = orders.place(product, request_id=request_id, seconds=-1)
    again = others.place(product, request_id=request_id)
    assert (again.name, again.state) == (first.name, State.CONFIRMED)
    with refused("REQUEST_ID_REUSED", StatusCode.ALREADY_EXISTS):
        orders.place(product, 2, request_id=request_id)


def test_twins_at_once_on_two_replicas_make_one_order(shop: Shop, orders: Replica, others: Replica) -> None:
    product, request_id = shop.product(stock=100), str(uuid4())
    with ThreadPoolExecutor(8) as pool:
        twins = [pool.submit([orders, others][n % 2].place, product, 1, request_id=request_id) for n in range(8)]
        placed = [twin.result(30) for twin in twins]
    assert len({order.name for order in placed}) == 1
    assert {order.state for order in placed} == {State.CONFIRMED}
    assert shop.stock(product) == (99, 0)


def test_a_holder_that_comes_back_too_late_writes_nothing(
    shop: Shop, database: Database, clock: Clock, others: Replica
) -> None:
    asked, go_on = Event(), Event()

    def slow() -> None:
        asked.set()
        assert go_on.wait(10)

    payments = Disturbed(shop.peers.payments, "capture", after=slow)
    orders = replica(database, replace(shop.peers, payments=payments), clock)
    with ThreadPoolExecutor(1) as pool:
        placing = pool.submit(orders.place, shop.product())
        assert asked.wait(10)
        clock.turn(seconds=20)  # past the lease
        (name,) = others.store.due(clock(), 10)
        assert others.checkout.go_on(name, clock() + timedelta(seconds=5))
        settled = others.store.get(name)
        cancelled = cancel(others, settled)  # something that the late one must not overwrite
        go_on.set()
        placing.result(10)
    assert settled.state is State.CONFIRMED
    assert cancelled.state is State.CANCELLING
    order = others.see_through(settled)
    assert (order.state, shop.paid(order)) == (State.CANCELLED, "REFUNDED")


def test_a_confirmed_order_that_is_cancelled_is_refunded_and_restocked(shop: Shop, orders: Replica) -> None:
    product = shop.product(stock=3)
    order = orders.place(product, 2)
    assert cancel(orders, order).state is State.CANCELLING
    order = orders.see_through(order)
    assert (order.state, order.progress.cancel_reason) == (State.CANCELLED, "CANCELLED_BY_CUSTOMER")
    assert shop.paid(order) == "REFUNDED"
    assert shop.stock(product) == (3, 0)
    assert cancel(orders, order) == order


def test_an_order_cancelled_before_the_pivot_is_never_charged(shop: Shop, orders: Replica) -> None:
    product = shop.product(stock=3)
    order = orders.place(product, seconds=-1)
    cancel(orders, order)
    order = orders.see_through(order)
    assert order.state is State.CANCELLED
    assert "capture" not in shop.movements(order)
    assert shop.stock(product) == (3, 0)


@pytest.mark.parametrize("method", ["reserve", "authorize", "capture", "commit"])
def test_a_cancellation_while_a_step_is_on_its_way_is_heeded(
    shop: Shop, database: Database, clock: Clock, others: Replica, method: str
) -> None:
    def meanwhile() -> None:
        (order,) = others.store.list(ADA, None, 1)
        cancel(others, order)

    which = "inventory" if method in ("reserve", "commit") else "payments"
    disturbed = Disturbed(getattr(shop.peers, which), method, after=meanwhile)
    orders = replica(database, replace(shop.peers, **{which: disturbed}), clock)
    product = shop.product(stock=3)
    order = orders.place(product)
    assert (order.state, order.progress.cancel_reason) == (State.CANCELLED, "CANCELLED_BY_CUSTOMER")
    assert shop.stock(product) == (3, 0)
    assert shop.paid(order) in ("NONE", "VOIDED", "REFUNDED")


def test_the_card_is_forgotten_once_the_payment_step_is_over(
    shop: Shop,
    orders: Replica,
    database: Database,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pending = orders.place(shop.product(), card="tok_secret1", seconds=-1)
    with database.read() as session:
        assert session.get_one(OrderRow, pending.name).card_token == "tok_secret1"
    orders.see_through(pending)
    declined = orders.place(shop.product(), card="tok_declined")
    with database.read() as session:
        for order in (pending, declined):
            assert session.get_one(OrderRow, order.name).card_token == ""
    assert "tok_" not in caplog.text + capsys.readouterr().out
