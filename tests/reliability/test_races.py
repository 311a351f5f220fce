"""Races through the real mesh, with two replicas of order.

The races of each store are tested beside it, on SQLite and PostgreSQL: `services/*/tests/`.
"""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from threading import Barrier
from typing import TypeVar

import grpc
import pytest
from souk.order.v1.order_pb2 import Order, OrderLine, PlaceOrderRequest
from souk.order.v1.order_pb2_grpc import OrderServiceStub

from tests.mesh import Mesh
from tests.reliability.audit import Told, audit
from tests.reliability.books import Books, read_books
from tests.reliability.havoc import victims
from tests.reliability.shoppers import ask
from tests.rest import Answer, Rest

PATIENCE_SECONDS = 60
# `make torture` goes for longer.
ROUNDS = 10 if os.environ.get("TORTURE") == "full" else 1
Result = TypeVar("Result")


@dataclass(frozen=True)
class Replica:
    """One pod of order."""

    pod: str
    pid: int
    address: str

    def place(self, body: Order, customer: str, key: str) -> Order:
        """Places an order at this very replica."""
        with grpc.insecure_channel(self.address) as channel:
            request = PlaceOrderRequest(parent=customer, order=body, request_id=key)
            return OrderServiceStub(channel).PlaceOrder(request, timeout=15)


@dataclass(frozen=True)
class Scene:
    """What one race is about, so that no other test meddles with it: a product, and the customer who orders it."""

    mesh: Mesh
    rest: Rest
    product: str
    customer: str
    stock: int

    def books(self) -> Books:
        """What the databases say about it."""
        return read_books(self.mesh.home).about(self.customer, self.product)

    def place(self, key: str, card: str = "tok_visa") -> Answer:
        """Places an order for one piece; asks again as long as the answer is not final."""
        body = {"lines": [{"product": self.product, "quantity": 1}], "cardToken": card}

        def final() -> Answer | None:
            answer = ask(self.rest, f"/v1/{self.customer}/orders", body, key)
            done = answer and (answer.body.get("state") in ("STATE_CONFIRMED", "STATE_CANCELLED") or answer.metadata)
            return answer if done else None

        return awaited(final, "an answer that is final")

    def assert_right(self, told: Sequence[Told] = ()) -> None:
        """That all is settled in the end, and every book agrees with every other."""
        initial = {self.product: self.stock}
        awaited(
            lambda: all(order.state in ("CONFIRMED", "CANCELLED") for order in self.books().orders), "settled orders"
        )
        findings = audit(self.books(), initial, told)
        assert not findings, "\n".join(map(str, findings))


def awaited(look: Callable[[], Result | None], what: str, within: float = PATIENCE_SECONDS) -> Result:
    """What `look` finds, as soon as it finds it."""
    deadline = time.monotonic() + within
    while not (found := look()):
        assert time.monotonic() < deadline, f"no {what} within {within} s"
        time.sleep(0.01)
    return found


@pytest.fixture(scope="module")
def replicas(mesh: Mesh) -> Iterator[tuple[Replica, Replica]]:
    """Two replicas of order."""
    mesh.souk("scale", "order", "--replicas", "2")
    try:
        awaited(lambda: [pod["ready"] for pod in mesh.pods("order")] == [True, True], "two replicas")
        first, second = (
            Replica(pod["name"], pid_of(mesh, f"{pod['name']}/app"), f"{pod['application']}:50051")
            for pod in mesh.pods("order")
        )
        yield first, second
    finally:
        mesh.souk("scale", "order", "--replicas", "1")


def pid_of(mesh: Mesh, label: str) -> int:
    return next(victim.pid for victim in victims(mesh) if victim.label == label)


@pytest.fixture
def scene(mesh: Mesh, rest: Rest, replicas: tuple[Replica, Replica], request: pytest.FixtureRequest) -> Scene:
    """A product of which there are 10 (or as many as the test is parametrised with), and a customer."""
    name, stock = f"race-{uuid.uuid4().hex[:12]}", getattr(request, "param", 10)
    body = {"displayName": name, "price": {"currencyCode": "EUR", "units": "3", "nanos": 330_000_000}}
    assert rest.post(f"/v1/products?productId={name}", body).status == 200
    assert rest.post(f"/v1/products/{name}/stock:adjust", {"delta": stock}).status == 200
    return Scene(mesh, rest, f"products/{name}", f"customers/{name}", stock)


def test_of_fifty_callers_for_the_last_ten_pieces_exactly_ten_get_one(scene: Scene) -> None:
    with ThreadPoolExecutor(50) as callers:
        answers = list(callers.map(scene.place, [str(uuid.uuid4()) for _ in range(50)]))

    assert Counter(answer.body.get("state") or answer.reason for answer in answers) == {
        "STATE_CONFIRMED": 10,
        "INSUFFICIENT_STOCK": 40,
    }
    assert scene.books().on_hand[scene.product] == 0
    scene.assert_right()


@pytest.mark.parametrize("scene", [1000], indirect=True)
def test_twins_at_once_at_two_replicas_are_one_order(scene: Scene, replicas: tuple[Replica, Replica]) -> None:
    start = Barrier(2)
    body = Order(lines=[OrderLine(product=scene.product, quantity=1)], card_token="tok_visa")

    def place(replica: Replica, key: str) -> str:
        start.wait(PATIENCE_SECONDS)
        return replica.place(body, scene.customer, key).name

    told = []
    with ThreadPoolExecutor(2) as callers:
        for _ in range(20 * ROUNDS):
            key = str(uuid.uuid4())
            first, second = callers.map(lambda replica, key=key: place(replica, key), replicas)
            assert first == second
            told.append(Told(key, first))

    assert len(scene.books().orders) == 20 * ROUNDS
    scene.assert_right(told)


@pytest.mark.parametrize("scene", [1000], indirect=True)
def test_a_cancellation_at_any_moment_of_the_checkout_leaves_nobody_charged(scene: Scene) -> None:
    # From before the hold until the money is taken; what is being taken is given back.
    moments = [
        ("", "tok_visa"),
        ("HELD", "tok_slow"),
        ("TAKING", "tok_slow"),
        ("TAKING", "tok_visa"),
        ("TAKEN", "tok_visa"),
    ]

    def cancelled(moment: str, card: str) -> None:
        key = str(uuid.uuid4())
        with ThreadPoolExecutor(1) as aside:
            placing = aside.submit(scene.place, key, card)
            order = awaited(lambda: reached(scene, key, moment), f"order at {moment}")

            def gone() -> bool:
                answer = ask(scene.rest, f"/v1/{order}:cancel", {}, str(uuid.uuid4()))
                return answer is not None and answer.body.get("state") == "STATE_CANCELLED"

            awaited(gone, "cancelled order")
            placing.result()

    with ThreadPoolExecutor(8) as callers:
        for done in [callers.submit(cancelled, *moment) for moment in moments * 8 * ROUNDS]:
            done.result()

    books = scene.books()
    assert Counter(order.state for order in books.orders) == {"CANCELLED": 8 * ROUNDS * len(moments)}
    ends = Counter(charge.state for charge in books.charges)
    # Both ways back were taken, and nothing is left of any charge.
    assert ends.keys() <= {"VOIDED", "REFUNDED"}
    assert ends["VOIDED"], ends
    assert ends["REFUNDED"], ends
    scene.assert_right()


def reached(scene: Scene, key: str, funds: str) -> str:
    """The name of an order once its money is that far, or further; empty before."""
    ranks = ("", "UNTOUCHED", "HELD", "TAKING", "TAKEN")
    with orders_of(scene.mesh) as database:
        row = database.execute("SELECT name, funds FROM orders WHERE request_id = ?", (key,)).fetchone()
    return row[0] if row and ranks.index(row[1]) >= ranks.index(funds) else ""


@pytest.mark.parametrize("scene", [1000], indirect=True)
def test_a_holder_that_was_only_slow_writes_nothing_once_another_has_taken_over(
    scene: Scene, replicas: tuple[Replica, Replica]
) -> None:
    slow, _ = replicas
    body = Order(lines=[OrderLine(product=scene.product, quantity=1)], card_token="tok_slow")

    with ThreadPoolExecutor(8) as callers:
        for _ in range(8):
            callers.submit(slow.place, body, scene.customer, str(uuid.uuid4()))
            # Each is at another step when the replica stops.
            time.sleep(0.1)
        awaited(lambda: leases(scene, "funds = 'TAKING'"), "order that is being captured")
        with stopped(scene.mesh, slow):
            interrupted = leases(scene, "step IS NOT NULL")
            assert interrupted
            awaited(lambda: not leases(scene, "step IS NOT NULL"), "takeover")
            before = leases(scene, "TRUE")
        assert all(before[order] > epoch for order, epoch in interrupted.items())
        # It goes on where it stopped and finds out at the first write of each, unless it comes to none: its callers'
        # time is up, and so is its own patience with other writers.
        ends = ("lease lost", "checkout interrupted")
        awaited(lambda: interrupted.keys() <= said(scene.mesh, slow, *ends), "notice of the takeover")
        assert interrupted.keys() & said(scene.mesh, slow, "lease lost")

    assert leases(scene, "TRUE") == before
    assert {order.state for order in scene.books().orders} == {"CONFIRMED"}
    scene.assert_right()


@contextmanager
def orders_of(mesh: Mesh) -> Iterator[sqlite3.Connection]:
    file = mesh.home / "volumes/souk/order-data/service.db"
    with closing(sqlite3.connect(f"file:{file}?mode=rw", uri=True, timeout=5, isolation_level=None)) as database:
        yield database


def leases(scene: Scene, which: str) -> dict[str, int]:
    """The epoch of each order of which something holds."""
    with orders_of(scene.mesh) as database:
        query = f"SELECT name, lease_epoch FROM orders WHERE customer = ? AND {which}"
        return dict(database.execute(query, (scene.customer,)).fetchall())


@contextmanager
def stopped(mesh: Mesh, replica: Replica) -> Iterator[None]:
    """The replica stands still, though not within a transaction: that would stop everybody who writes."""
    try:
        awaited(lambda: _stopped_outside_of_a_transaction(mesh, replica), "pause between two transactions")
        yield
    finally:
        os.kill(replica.pid, signal.SIGCONT)


def _stopped_outside_of_a_transaction(mesh: Mesh, replica: Replica) -> bool:
    os.kill(replica.pid, signal.SIGSTOP)
    with orders_of(mesh) as database:
        database.execute("PRAGMA busy_timeout = 200")
        try:
            database.execute("BEGIN IMMEDIATE")
            database.execute("ROLLBACK")
        except sqlite3.OperationalError:
            os.kill(replica.pid, signal.SIGCONT)
            return False
    return True


def said(mesh: Mesh, replica: Replica, *events: str) -> set[str]:
    """The orders of which a replica's log tells one of these events."""
    log = next(mesh.home.glob(f"logs/*/{replica.pod}/app.log")).read_text()
    entries = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    return {entry["order"] for entry in entries if entry["event"] in events}
