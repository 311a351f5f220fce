"""A service that is away, or comes and goes: what could be promised is kept, and the rest is refused."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Event

from souk.catalog.v1.catalog_pb2 import GetProductRequest
from souk.order.v1.order_pb2 import Order

from tests.partial_failure.shop import CONFIRMED, Shop, a_customer, an_order

ORDERS = 20
# A bank that fails by itself, too: before it has done anything, or after, when only the answer is lost.
CARDS = ("tok_visa", "tok_flaky", "tok_charge_then_timeout", "tok_capture_fails_once")


def test_with_a_dead_callee_an_order_waits_and_the_rest_of_the_shop_goes_on(shop: Shop) -> None:
    product, customer = shop.stocked(10), a_customer()

    shop.mesh.souk("scale", "inventory", "--replicas", "0")
    try:
        order = shop.orders.PlaceOrder(an_order(customer, product), timeout=1.5)
        assert order.state == Order.STATE_PENDING
        assert shop.catalog.GetProduct(GetProductRequest(name=product), timeout=2).name == product
        assert all(pod["ready"] for pod in shop.mesh.pods("order"))
    finally:
        shop.mesh.souk("scale", "inventory", "--replicas", "1")

    # How long it may wait is bounded: on a slow machine it may be cancelled by now, with all given back.
    (order,) = shop.settled(customer)
    sold = 1 if order.state == CONFIRMED else 0
    assert order.cancel_reason == ("" if sold else "INVENTORY_UNAVAILABLE")
    assert (shop.stock(product).on_hand, shop.stock(product).reserved) == (10 - sold, 0)


def test_with_a_flapping_bank_every_order_is_decided_and_charged_once_or_never(shop: Shop) -> None:
    product, customer = shop.stocked(100), a_customer()
    over = Event()
    bank = shop.mesh.pods("acquirer")[0]

    def flap() -> None:
        while not over.is_set():
            with shop.frozen("acquirer"):
                time.sleep(0.3)
            over.wait(0.2)
            with shop.disk_full(bank):
                over.wait(0.3)
            over.wait(0.2)

    with ThreadPoolExecutor(5) as pool:
        flapping = pool.submit(flap)
        try:
            calls = [
                pool.submit(shop.orders.PlaceOrder, an_order(customer, product, card=card), timeout=12)
                for card in CARDS * (ORDERS // len(CARDS))
            ]
            for call in calls:
                call.exception()
        finally:
            over.set()
        flapping.result()

    orders = shop.settled(customer)
    confirmed = [order for order in orders if order.state == CONFIRMED]
    assert len(orders) == ORDERS
    with closing(shop.database("acquirer")) as ledger:
        for order in orders:
            of = "SELECT operation FROM movement WHERE reference = ?"
            done = [operation for (operation,) in ledger.execute(of, [f"payments/{order.name.rsplit('/', 1)[1]}"])]
            assert done.count("capture") == done.count("refund") + (order.state == CONFIRMED)
            assert done.count("authorize") <= 1
    assert len(confirmed) == ORDERS, "the bank was never away for longer than an order waits"
    assert (shop.stock(product).on_hand, shop.stock(product).reserved) == (100 - len(confirmed), 0)
