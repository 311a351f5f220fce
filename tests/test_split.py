"""The split of payments: lands where it is told to, and a dead or faulty version costs no order."""

from __future__ import annotations

import json
import math
import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import yaml
from google.type.money_pb2 import Money
from souk.payment.v1.payment_pb2 import AuthorizePaymentRequest
from souk.payment.v1.payment_pb2_grpc import PaymentServiceStub

from tests.homes import Home
from tests.mesh import Mesh
from tests.rest import Rest

PAYMENTS = 2_000
# 99.9 % of a normal distribution lie within this many standard deviations; 2,000 draws are as good as normal.
Z_999 = 3.2905
# Port 9, discard: nobody listens there, so an acquirer sought there is down.
NOBODY = "127.0.0.1:9"
# Unavailable, or out of time: what a customer's client asks again, with the same key.
COME_BACK = (503, 504)
ASKED_AGAIN = 4


@pytest.fixture(autouse=True)
def split_as_it_ships(home: Home) -> Iterator[None]:
    """Leaves the weights as the YAML has them."""
    yield
    home.split("payment", {"v1": 90, "v2": 10})


@pytest.fixture(scope="module")
def payments(home: Home) -> Iterator[PaymentServiceStub]:
    """The payment service, as the order service calls it."""
    with home.seen_by("order") as places, places["payment"].channel() as channel:
        yield PaymentServiceStub(channel)


def authorize(stub: PaymentServiceStub) -> str:
    """Authorizes one payment and tells which version did it."""
    name = f"payments/{uuid.uuid4()}"
    payment = stub.AuthorizePayment(
        AuthorizePaymentRequest(
            name=name,
            order="customers/aziz/orders/split",
            amount=Money(currency_code="EUR", units=1),
            card_token="tok_visa",
        ),
        timeout=20,
    )
    return str(payment.processed_by)


def test_two_thousand_payments_land_within_the_binomial_interval_of_90_10(
    home: Home, payments: PaymentServiceStub
) -> None:
    home.split("payment", {"v1": 90, "v2": 10})

    with ThreadPoolExecutor(8) as callers:
        versions = Counter(callers.map(lambda _: authorize(payments), range(PAYMENTS)))

    assert versions.keys() == {"v1", "v2"}
    assert abs(versions["v2"] - PAYMENTS * 0.1) <= Z_999 * math.sqrt(PAYMENTS * 0.1 * 0.9)


def test_once_the_split_is_made_every_payment_follows_the_new_weights(home: Home, payments: PaymentServiceStub) -> None:
    for weights, version in (({"v1": 0, "v2": 100}, "v2"), ({"v1": 100, "v2": 0}, "v1")):
        home.split("payment", weights)
        assert {authorize(payments) for _ in range(50)} == {version}


def test_weights_that_istio_would_reject_change_nothing(mesh: Mesh) -> None:
    for weights, named in (
        (("v1=0", "v2=0"), "all weights are zero"),
        (("v1=90", "v3=10"), "no subset v3"),
        (("v1=-1", "v2=101"), "negative"),
    ):
        assert named in mesh.souk("split", "payment", *weights, expect=1)

    routes = yaml.safe_load(mesh.souk("get", "virtualservice", "payment", "-o", "yaml"))["spec"]["http"][0]["route"]
    assert [route["weight"] for route in routes] == [90, 10]


def test_with_version_2_dead_orders_still_reach_confirmed(home: Home, rest: Rest) -> None:
    home.split("payment", {"v1": 50, "v2": 50})
    home.scale("payment-v2", 0)
    try:
        states = [settled(rest) for _ in range(10)]
    finally:
        home.scale("payment-v2", 1)

    assert states == ["STATE_CONFIRMED"] * 10


def test_with_version_2_faulty_orders_still_reach_confirmed(home: Home, rest: Rest) -> None:
    home.split("payment", {"v1": 50, "v2": 50})
    healthy = home.read("deployment", "payment-v2")
    faulty = json.loads(json.dumps(healthy).replace("acquirer:50051", NOBODY))
    assert faulty != healthy
    try:
        home.hold(faulty)
        states = [settled(rest) for _ in range(10)]
    finally:
        home.hold(healthy)

    assert states == ["STATE_CONFIRMED"] * 10


def settled(rest: Rest) -> str:
    """Places an order and waits until it is decided: what its checkout could not finish in time goes on by itself.

    A customer who is told to come back asks with the same key, and for no second order.
    """
    key = str(uuid.uuid4())
    order = {"lines": [{"product": "products/mint-tea-glass", "quantity": 1}], "cardToken": "tok_visa"}
    for _ in range(ASKED_AGAIN):
        placed = rest.post("/v1/customers/aziz/orders", order, key)
        if placed.status not in COME_BACK:
            break
    assert "name" in placed.body, placed
    return rest.settled_state(str(placed.body["name"]))
