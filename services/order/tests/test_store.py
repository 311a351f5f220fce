"""The orders' tables on both engines: leases, races, pages."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any
from uuid import uuid4

import pytest
from grpc import StatusCode
from souk_chassis.database import Database
from souk_chassis.money import Money
from souk_chassis.testing import differences, emptied
from souk_order import saga
from souk_order.domain import Line, Order, State
from souk_order.saga import Done, Funds, Progress, Step
from souk_order.store import LeaseLostError, OrderStore, Placing, Rule, Work
from souk_order.tables import OrderRow
from sqlalchemy import event, text

from .world import refused

NOW = datetime(2030, 1, 1, 12, 0, 0, 123456, tzinfo=UTC)
LATER = NOW + timedelta(seconds=15)


@pytest.fixture(scope="module")
def opened(migrated: Callable[[str], Database]) -> Database:
    return migrated("souk_order")


@pytest.fixture
def store(opened: Database) -> Iterator[OrderStore]:
    with emptied(opened):
        yield OrderStore(opened)


def new(customer: str = "ada", at: datetime = NOW, progress: Progress | None = None) -> Order:
    lines = (Line("products/b", 2, Money("EUR", 1, 250_000_000)), Line("products/a", 1, Money("EUR", 10**9)))
    begun = progress or saga.begin(Progress(), at)
    return Order(f"customers/{customer}/orders/{uuid4()}", lines, at, at, begun)


def place(store: OrderStore, order: Order, request_id: str = "", fingerprint: bytes = b"f") -> Work:
    work = store.place(order, Placing(request_id, fingerprint, "tok_visa"), "h1")
    assert work is not None
    return work


def onward(now: datetime) -> Rule:
    return lambda progress: saga.begin(saga.settle(progress, Done("SOUK"), now, 0), now)


def test_the_migrations_make_the_tables_that_the_code_uses(opened: Database) -> None:
    names = ("orders", "order_line", "idempotency")
    assert differences(opened, *(OrderRow.metadata.tables[name] for name in names)) == []


def test_what_is_kept_is_what_is_read(store: OrderStore) -> None:
    order = new()
    place(store, order)
    assert store.get(order.name) == order
    with refused("ORDER_NOT_FOUND", StatusCode.NOT_FOUND):
        store.get("customers/ada/orders/none")


def test_each_step_is_kept_and_the_end_gives_the_lease_back(store: OrderStore) -> None:
    work = place(store, new())
    for step in (Step.AUTHORIZE, Step.RENEW, Step.CAPTURE, Step.COMMIT, None):
        work = store.advance(work, onward(NOW), NOW)
        assert work.order.progress.step is step
        assert store.get(work.order.name) == work.order
    assert work.order.state is State.CONFIRMED
    assert work.order.progress.statement_descriptor == "SOUK"
    assert store.due(NOW + timedelta(days=9), 10) == []


def test_only_visible_changes_are_changes_of_the_order(store: OrderStore) -> None:
    work = place(store, new())
    work = store.advance(work, onward(NOW), LATER)  # from now on there is a payment
    assert work.order.updated_at == LATER
    work = store.advance(work, lambda progress: replace(progress, attempt=2), LATER + timedelta(seconds=1))
    assert work.order.updated_at == LATER


def test_a_lease_is_taken_only_when_it_is_free_and_the_saga_due(store: OrderStore) -> None:
    work = place(store, new())
    name = work.order.name
    assert store.take(name, "h2", saga_begin, NOW) is None
    assert store.due(NOW, 10) == []
    assert store.due(LATER, 10) == [name]
    store.advance(work, lambda progress: replace(progress, due_at=LATER + timedelta(seconds=60)), NOW)
    assert store.take(name, "h2", saga_begin, LATER) is None
    taken = store.take(name, "h2", saga_begin, LATER + timedelta(seconds=60))
    assert taken is not None
    assert (taken.lease.epoch, taken.order.progress.attempt) == (2, 2)


def test_each_step_renews_the_lease(store: OrderStore) -> None:
    work = place(store, new())
    name, step_taken = work.lease.order, NOW + timedelta(seconds=10)

    store.advance(work, onward(step_taken), step_taken)

    assert store.take(name, "h2", saga_begin, LATER) is None
    assert store.take(name, "h2", saga_begin, step_taken + timedelta(seconds=15)) is not None


def test_who_lost_the_lease_writes_nothing(store: OrderStore) -> None:
    slow = place(store, new())
    taken = store.take(slow.order.name, "h2", saga_begin, LATER)
    assert taken is not None
    with pytest.raises(LeaseLostError):
        store.advance(slow, onward(LATER), LATER)
    store.give_up(slow.lease)
    assert store.get(slow.order.name) == taken.order
    assert store.due(LATER, 10) == []  # what the slow one gave up was not its own


def test_what_is_given_up_can_be_taken_at_once(store: OrderStore) -> None:
    work = place(store, new())
    store.give_up(work.lease)
    assert store.due(NOW, 10) == [work.order.name]
    assert store.take(work.order.name, "h2", saga_begin, NOW) is not None


def test_one_of_many_takes_the_lease(store: OrderStore) -> None:
    work = place(store, new())
    store.give_up(work.lease)
    at_once = Barrier(6)

    def take(holder: int) -> Work | None:
        at_once.wait(5)
        return store.take(work.order.name, f"h{holder}", saga_begin, NOW)

    with ThreadPoolExecutor(6) as pool:
        taken = [each for each in pool.map(take, range(6)) if each is not None]
    assert [each.lease.epoch for each in taken] == [2]


def test_a_cancellation_and_a_capture_are_decided_one_after_the_other(opened: Database, store: OrderStore) -> None:
    for _ in range(5):
        held = Progress(step=Step.CAPTURE, funds=Funds.HELD, due_at=NOW)
        work = place(store, new(progress=held))
        at_once = Barrier(2)

        def capture(work: Work = work, at_once: Barrier = at_once) -> Order:
            at_once.wait(5)
            return store.advance(work, saga_begin, NOW).order

        def cancel(name: str = work.order.name, at_once: Barrier = at_once) -> Order:
            at_once.wait(5)
            with opened.begin() as session:
                return store.cancel(session, name, lambda progress: saga.cancel(progress, NOW), NOW)

        with ThreadPoolExecutor(2) as pool:
            first, second = pool.submit(capture), pool.submit(cancel)
            captured, cancelled = first.result(10), second.result(10)
        pivoted = captured.progress.step is Step.CAPTURE
        assert pivoted == (cancelled.progress.funds is Funds.TAKING)
        assert captured.progress.step is (Step.CAPTURE if pivoted else Step.VOID)
        assert store.get(work.order.name).progress.cancel_reason == "CANCELLED_BY_CUSTOMER"


def test_a_request_id_stands_for_one_order(store: OrderStore) -> None:
    order = new()
    place(store, order, "id-1")
    placing = Placing("id-1", b"f", "tok_visa")
    assert store.place(new(), placing, "h2") is None
    found = store.placed(placing)
    assert found is not None
    assert found.name == order.name
    with refused("REQUEST_ID_REUSED", StatusCode.ALREADY_EXISTS):
        store.placed(Placing("id-1", b"other", "tok_visa"))
    assert store.placed(Placing("", b"f", "tok_visa")) is None
    assert len({place(store, new()).order.name for _ in range(2)}) == 2  # without an id, each is an order of its own


def test_twins_at_once_make_one_order(store: OrderStore) -> None:
    at_once = Barrier(6)

    def twin(_: int) -> Work | None:
        at_once.wait(5)
        return store.place(new(), Placing("id-2", b"f", "tok_visa"), "h")

    with ThreadPoolExecutor(6) as pool:
        assert len([each for each in pool.map(twin, range(6)) if each is not None]) == 1
    assert len(store.list("customers/ada", None, 10)) == 1


def test_a_page_deep_in_the_list_is_a_range_of_the_index(opened: Database, store: OrderStore) -> None:
    for number in range(60):
        place(store, new(at=NOW + timedelta(seconds=number)))
    asked: list[tuple[str, Any]] = []

    def note(_: object, __: object, statement: str, parameters: object, *___: object) -> None:
        if statement.startswith("SELECT orders."):
            asked.append((statement, parameters))

    with opened.read() as session:
        engine = session.get_bind()
        event.listen(engine, "before_cursor_execute", note)
        try:
            store.list("customers/ada", (NOW + timedelta(seconds=30), "customers/ada/orders/x"), 5)
        finally:
            event.remove(engine, "before_cursor_execute", note)
        ((statement, parameters),) = asked
        if engine.dialect.name == "postgresql":  # which prefers to read a table that is this small
            session.execute(text("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off"))
        explain = "EXPLAIN QUERY PLAN" if engine.dialect.name == "sqlite" else "EXPLAIN"
        rows = session.connection().exec_driver_sql(f"{explain} {statement}", parameters).all()
    plan = "\n".join(str(row[-1]) for row in rows)
    assert "orders_of_customer" in plan
    # SQLite shows what it searches by, PostgreSQL what it enters the index with.
    assert "(customer=? AND (created_at,name)<(?,?))" in plan or "Index Cond: (((customer)::text = " in plan
    assert "Filter: " not in plan
    assert "Sort" not in plan
    assert "TEMP B-TREE" not in plan


def test_pages_go_from_the_newest_to_the_oldest_without_gaps(store: OrderStore) -> None:
    moments = [NOW + timedelta(microseconds=n // 2) for n in range(7)]  # some at the same moment
    orders = [new(at=moment) for moment in moments]
    for order in [*orders, new("eve")]:
        place(store, order)
    expected = sorted(orders, key=lambda order: (order.created_at, order.name), reverse=True)
    found: list[Order] = []
    while page := store.list("customers/ada", (found[-1].created_at, found[-1].name) if found else None, 3):
        found += page
    assert found == expected


def saga_begin(progress: Progress) -> Progress:
    return saga.begin(progress, NOW)
