"""A database that can't be written: said clearly, while reads go on, and nothing is lost."""

from __future__ import annotations

import uuid

import grpc
import pytest
from souk.order.v1.order_pb2 import GetOrderRequest, Order, PlaceOrderRequest

from tests.contract.calls import Outcome, outcome_of
from tests.partial_failure.shop import CONFIRMED, Shop, a_customer, an_order


def refused(shop: Shop, request: PlaceOrderRequest) -> Outcome:
    with pytest.raises(grpc.RpcError) as caught:
        shop.orders.PlaceOrder(request, timeout=12)
    return outcome_of(caught.value)


def test_on_a_full_disk_orders_are_refused_and_read_and_placed_once_there_is_room(shop: Shop) -> None:
    product, customer = shop.stocked(10), a_customer()
    first = shop.orders.PlaceOrder(an_order(customer, product), timeout=12)
    request = an_order(customer, product)
    (order,) = shop.mesh.pods("order")

    with shop.disk_full(order):
        answer = refused(shop, request)
        assert (answer.code, answer.reason) == (grpc.StatusCode.UNAVAILABLE, "DATABASE_UNAVAILABLE")
        assert shop.orders.GetOrder(GetOrderRequest(name=first.name), timeout=5) == first
        assert shop.healthy(order)
    second = shop.orders.PlaceOrder(request, timeout=12)

    assert second.state == CONFIRMED
    assert [each.name for each in shop.settled(customer)] == [second.name, first.name]
    assert (shop.stock(product).on_hand, shop.stock(product).reserved) == (8, 0)


@pytest.mark.parametrize("deployment", ["inventory", "payment-v1", "acquirer"])
def test_an_order_rides_out_a_full_disk_behind_it(shop: Shop, deployment: str) -> None:
    product, customer = shop.stocked(10), a_customer()
    (pod,) = shop.mesh.pods(deployment)

    with shop.disk_full(pod):
        order = shop.orders.PlaceOrder(an_order(customer, product), timeout=1)
    assert order.state in (Order.STATE_PENDING, CONFIRMED)

    assert [each.state for each in shop.settled(customer)] == [CONFIRMED]
    assert (shop.stock(product).on_hand, shop.stock(product).reserved) == (9, 0)


def test_a_locked_database_is_said_while_reads_go_on_and_the_call_can_be_repeated(shop: Shop) -> None:
    product, customer = shop.stocked(10), a_customer()
    first = shop.orders.PlaceOrder(an_order(customer, product), timeout=12)
    request = an_order(customer, product, request_id=str(uuid.uuid4()))
    (order,) = shop.mesh.pods("order")

    with shop.locked("order"):
        hanging = shop.orders.PlaceOrder.future(request, timeout=12)
        assert shop.orders.GetOrder(GetOrderRequest(name=first.name), timeout=2) == first
        assert shop.healthy(order)
        answer = outcome_of(hanging.exception())
        assert (answer.code, answer.reason) == (grpc.StatusCode.UNAVAILABLE, "DATABASE_BUSY")

    assert shop.orders.PlaceOrder(request, timeout=12).state == CONFIRMED
    assert len(shop.settled(customer)) == 2
    assert (shop.stock(product).on_hand, shop.stock(product).reserved) == (8, 0)
