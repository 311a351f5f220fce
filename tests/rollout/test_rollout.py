"""Everything is replaced, scaled, rerouted and given new certificates while the shop is busy: no request fails.

`make torture` runs the long version.
"""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable, Iterator
from itertools import cycle
from threading import Event, Thread

import pytest

from tests.conftest import LOCAL_OVERLAY
from tests.mesh import Mesh, free_port
from tests.reliability.audit import audit
from tests.reliability.books import read_books
from tests.rest import Rest
from tests.rollout.load import Goods, Tally, load

TORTURE = os.environ.get("TORTURE") == "full"
ENOUGH = 200_000 if TORTURE else 20_000
ROUNDS = 5 if TORTURE else 1
EVERY = ("catalog", "inventory", "acquirer", "payment-v1", "payment-v2", "order", "gateway", "ingress")
PIECES = 1_000_000
PATIENCE_SECONDS = 60
# Each look starts a program, which costs a fifth of a second of a core; and changes must not be all that the shop does.
LOOK_EVERY, REROUTE_EVERY = 0.7, 1.0
SPLITS = ("v1=100 v2=0", "v1=50 v2=50", "v1=0 v2=100", "v1=90 v2=10")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mesh]:
    """A mesh for this file alone."""
    mesh = Mesh(home=tmp_path_factory.mktemp("rollout"), port=free_port())
    try:
        mesh.up(LOCAL_OVERLAY)
        yield mesh
    finally:
        mesh.down()


@pytest.fixture(scope="module")
def goods(shop: Mesh) -> Goods:
    """A product that doesn't run out, and an order for it that is confirmed."""
    rest = Rest(f"http://127.0.0.1:{shop.port}")
    price = {"currencyCode": "EUR", "units": "3"}
    assert rest.post("/v1/products?productId=carpet", {"displayName": "Carpet", "price": price}).status == 200
    assert rest.post("/v1/products/carpet/stock:adjust", {"delta": PIECES}).status == 200
    body = {"lines": [{"product": "products/carpet", "quantity": 1}], "cardToken": "tok_visa"}
    placed = rest.post("/v1/customers/first/orders", body, str(uuid.uuid4()))
    assert placed.body["state"] == "STATE_CONFIRMED", placed
    return Goods("products/carpet", placed.body["name"])


def awaited(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"{what} within {PATIENCE_SECONDS} s"
        time.sleep(LOOK_EVERY)


def ready(shop: Mesh, deployment: str) -> set[str]:
    return {pod["name"] for pod in shop.pods(deployment) if pod["ready"]}


def rolled(shop: Mesh, deployment: str) -> None:
    """Replaces the pods of a Deployment; the old ones may still be ending when it returns."""
    before = ready(shop, deployment)
    shop.souk("restart", deployment)
    awaited(lambda: len(now := ready(shop, deployment)) == len(before) and not now & before, f"{deployment} is rolled")


def scaled(shop: Mesh, deployment: str, replicas: int) -> None:
    shop.souk("scale", deployment, "--replicas", str(replicas))
    awaited(lambda: len(ready(shop, deployment)) == replicas, f"{deployment} has {replicas} pods")


def rerouted(shop: Mesh, over: Event, counts: list[str]) -> None:
    """Changes weights and certificates in turn until it is over."""
    for split in cycle(SPLITS):
        shop.souk("split", "payment", *split.split())
        counts.append("split")
        if over.wait(REROUTE_EVERY):
            return
        shop.souk("rotate")
        counts.append("rotate")
        if over.wait(REROUTE_EVERY):
            return


def test_no_request_fails_while_everything_is_replaced_scaled_rerouted_and_given_new_certificates(
    shop: Mesh, goods: Goods
) -> None:
    changes: list[str] = []
    over = Event()
    rerouting = Thread(target=rerouted, args=(shop, over, changes))
    began = time.monotonic()
    with load(shop.port, goods, ENOUGH) as tally:
        rerouting.start()
        try:
            for _ in range(ROUNDS):
                for deployment in EVERY:
                    rolled(shop, deployment)
                    scaled(shop, deployment, 3)
                    scaled(shop, deployment, 1)
                    print(f"{time.monotonic() - began:5.1f} s {deployment}: {tally.total} requests", flush=True)
            awaited(lambda: len(shop.pods()) == len(EVERY), "every old pod is gone")
        finally:
            over.set()
            rerouting.join()

    print(f"  {dict(tally.answered)} in {time.monotonic() - began:.1f} s; {changes.count('split')} splits")
    assert not tally.failures, f"{len(tally.failures)} of {tally.total}:\n" + "\n".join(tally.failures[:20])
    assert_books_agree(shop, tally)


def assert_books_agree(shop: Mesh, tally: Tally) -> None:
    def findings() -> str:
        return "\n".join(map(str, audit(read_books(shop.home), {"products/carpet": PIECES}, tally.told)))

    awaited(lambda: not findings(), "the books agree")
