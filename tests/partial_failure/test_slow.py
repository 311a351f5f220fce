"""A service that hangs: it takes neither its callers nor its neighbours with it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any
from urllib.request import urlopen

import grpc
from souk.catalog.v1.catalog_pb2 import GetProductRequest
from souk.order.v1.order_pb2 import Order

from tests.contract.calls import outcome_of
from tests.partial_failure.shop import CONFIRMED, Shop, a_customer, an_order, eventually

# What a service takes at once, as the manifests leave it.
WORKERS = 32
TOO_MANY = 16
# The calls that hang go on for much longer; on a loaded machine nothing is done in less.
AT_ONCE_SECONDS = 3


def test_a_hanging_callee_fills_the_pool_of_its_caller_who_refuses_the_rest_at_once(shop: Shop) -> None:
    product, customer = shop.stocked(100), a_customer()
    order = shop.mesh.pods("order")[0]

    with shop.frozen("inventory"):
        calls = [
            shop.orders.PlaceOrder.future(an_order(customer, product), timeout=12) for _ in range(WORKERS + TOO_MANY)
        ]
        asked = time.monotonic()
        eventually(lambda: sum(call.done() for call in calls) == TOO_MANY, "as many are refused as were too many")
        assert time.monotonic() - asked < AT_ONCE_SECONDS
        refused = [call for call in calls if call.done()]
        assert {outcome_of(call.exception()).reason for call in refused} == {"OVERLOADED"}
        assert {call.code() for call in refused} == {grpc.StatusCode.RESOURCE_EXHAUSTED}
        assert shop.healthy(order)
        asked = time.monotonic()
        assert shop.catalog.GetProduct(GetProductRequest(name=product), timeout=2).name == product
        assert time.monotonic() - asked < 1

    orders = shop.settled(customer)
    assert [each.state for each in orders] == [CONFIRMED] * WORKERS
    assert (shop.stock(product).on_hand, shop.stock(product).reserved) == (100 - WORKERS, 0)


def under_way(pod: Mapping[str, Any]) -> int:
    """How many calls of others the sidecar of a pod waits for."""
    with urlopen(f"{pod['admin']}/stats?filter=inbound.*50051.*upstream_rq_active", timeout=5) as page:
        lines = page.read().decode().splitlines()
    assert lines, "Envoy names its statistics otherwise by now"
    return sum(int(line.rsplit(": ", 1)[1]) for line in lines)


def test_calls_whose_time_is_up_before_they_are_looked_at_do_nothing(shop: Shop) -> None:
    product, customer = shop.stocked(100), a_customer()

    (pod,) = shop.mesh.pods("order")

    with shop.frozen("order"):
        calls = [shop.orders.PlaceOrder.future(an_order(customer, product), timeout=0.4) for _ in range(20)]
        # A sidecar whose own patience ends first says UNAVAILABLE.
        assert {call.code() for call in calls} <= {grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.UNAVAILABLE}
        eventually(lambda: under_way(pod) == 0, "its sidecar has told it so")
    last = shop.orders.PlaceOrder(an_order(customer, product), timeout=12)

    assert [order.name for order in shop.settled(customer)] == [last.name]
    assert shop.stock(product).on_hand == 99


def test_a_caller_hears_in_time_and_the_order_goes_on_without_it(shop: Shop) -> None:
    product, customer = shop.stocked(100), a_customer()

    with shop.frozen("inventory"):
        asked = time.monotonic()
        order = shop.orders.PlaceOrder(an_order(customer, product), timeout=1.5)
        assert time.monotonic() - asked < 1.5
        assert order.state == Order.STATE_PENDING

    assert [order.state for order in shop.settled(customer)] == [CONFIRMED]
    assert shop.stock(product).on_hand == 99


def test_a_slow_bank_is_waited_for(shop: Shop) -> None:
    order = shop.orders.PlaceOrder(an_order(a_customer(), shop.stocked(1), card="tok_slow"), timeout=12)

    assert order.state == CONFIRMED
