"""Random messages for every RPC: whatever comes, the answer is one that the contract knows, and all go on."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from random import Random

import grpc
import pytest
from souk_chassis import pages

from tests.api import Rpc, rpcs
from tests.contract.calls import Calls, Outcome
from tests.contract.fuzz import Names, request
from tests.homes import Home
from tests.rest import Rest

MESSAGES = 5_000
SEED = 1001
CALLERS = 8
RPCS = list(rpcs())
LIST_PRODUCTS = "souk.catalog.v1.CatalogService/ListProducts"
# What a request may be told. The rest says that a service is broken, hangs, or is not there.
EXPECTED = {
    grpc.StatusCode.OK,
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.ALREADY_EXISTS,
    grpc.StatusCode.FAILED_PRECONDITION,
    grpc.StatusCode.ABORTED,
}


@pytest.fixture(scope="module")
def names(rest: Rest) -> Names:
    """A product of our own with plenty of stock, an order of it, and what belongs to that order."""
    product, customer = f"fuzz-{uuid.uuid4().hex[:8]}", f"customers/{uuid.uuid4()}"
    price = {"currencyCode": "EUR", "units": "1"}
    created = rest.post(f"/v1/products?productId={product}", {"displayName": "Fuzz", "price": price})
    assert created.status == 200, created
    assert rest.post(f"/v1/products/{product}/stock:adjust", {"delta": 1_000_000}).status == 200
    line = {"product": f"products/{product}", "quantity": 1}
    order = rest.post(f"/v1/{customer}/orders", {"lines": [line], "cardToken": "tok_visa"}).body
    cursors: tuple[tuple[str | int, ...], ...] = ((), ("products/a",), (2**70, "x"), (1, "\0"), ("\0",), ("x", 1, 2))
    tokens = [pages.encode(cursor, query=query) for query in (LIST_PRODUCTS, customer) for cursor in cursors]
    identifier = order["name"].rsplit("/", 1)[1]
    return Names(
        known=(
            *(f"products/{product}", f"products/{product}/stock", customer, order["name"], order["payment"]),
            *(f"reservations/{identifier}", "tok_visa", "tok_declined", "tok_flaky", product),
        ),
        request_ids=[str(uuid.UUID(int=number, version=4)) for number in range(20)],
        page_tokens=["", "nonsense", *tokens],
    )


def restarts(home: Home) -> Mapping[str, tuple[bool, tuple[int, ...]]]:
    return {pod.name: (pod.ready, pod.restarts) for pod in home.pods()}


def test_no_message_breaks_a_service(home: Home, rest: Rest, calls: Calls, names: Names) -> None:
    before = restarts(home)

    def send(number: int) -> tuple[Rpc, bytes, Outcome]:
        # Each message has a seed of its own, so that it can be made again without those before it.
        rpc = RPCS[number % len(RPCS)]
        message = request(rpc.request, names, Random(f"{SEED}-{number}"))
        return rpc, message, calls.answer(rpc, message)

    with ThreadPoolExecutor(CALLERS) as callers:
        answers = list(callers.map(send, range(MESSAGES)))

    wrong = [
        f"{rpc}: {message[:300].hex()}: {outcome}"
        for rpc, message, outcome in answers
        if outcome.code not in EXPECTED or (outcome.code is not grpc.StatusCode.OK and outcome.domain != "souk.dev")
    ]
    assert not wrong, f"{len(wrong)} of {MESSAGES}:\n" + "\n".join(wrong[:10])
    for rpc in RPCS:
        codes = {outcome.code for asked, _, outcome in answers if asked is rpc}
        assert grpc.StatusCode.INVALID_ARGUMENT in codes
        assert len(codes) > 1, f"nothing got as far as the rules of {rpc}: the generator makes no right request"
    # An autoscaler may have brought others.
    after = restarts(home)
    assert {pod: after.get(pod) for pod in before} == before
    line = {"product": names.known[0], "quantity": 1}
    placed = rest.post(f"/v1/{names.known[2]}/orders", {"lines": [line], "cardToken": "tok_visa"})
    assert placed.body.get("state") == "STATE_CONFIRMED", placed
