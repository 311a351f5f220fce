"""Everything is replaced, scaled, rerouted and given new certificates while the shop is busy: no request fails.

`make torture` runs the long version.
"""

from __future__ import annotations

import os
import time
import uuid
from collections import Counter
from collections.abc import Sequence
from itertools import cycle
from threading import Event, Thread

import pytest

from tests.mesh import Mesh
from tests.reliability.audit import Finding, audit
from tests.reliability.books import read_books
from tests.rest import Rest
from tests.rollout.changes import awaited, rolled, scaled
from tests.rollout.load import load
from tests.rollout.requests import Goods
from tests.rollout.tally import Tally

TORTURE = os.environ.get("TORTURE") == "full"
ENOUGH = 200_000 if TORTURE else 20_000
ROUNDS = 5 if TORTURE else 1
EVERY = ("catalog", "inventory", "acquirer", "payment-v1", "payment-v2", "order", "gateway", "ingress")
SPLITS = ("v1=100 v2=0", "v1=50 v2=50", "v1=0 v2=100", "v1=90 v2=10")
REROUTE_EVERY = 1.0
PIECES = 1_000_000
PRODUCT = "products/carpet"


@pytest.fixture(scope="module")
def goods(shop: Mesh) -> Goods:
    """A product that doesn't run out, and an order for it that is confirmed."""
    rest = Rest(f"http://127.0.0.1:{shop.port}")
    carpet = {"displayName": "Carpet", "price": {"currencyCode": "EUR", "units": "3"}}
    assert rest.post("/v1/products?productId=carpet", carpet).status == 200
    assert rest.post(f"/v1/{PRODUCT}/stock:adjust", {"delta": PIECES}).status == 200
    order = {"lines": [{"product": PRODUCT, "quantity": 1}], "cardToken": "tok_visa"}
    placed = rest.post("/v1/customers/first/orders", order, str(uuid.uuid4()))
    assert placed.body["state"] == "STATE_CONFIRMED", placed
    return Goods(PRODUCT, placed.body["name"])


class Rerouting(Thread):
    """Changes weights and certificates in turn until it is told to end."""

    def __init__(self, shop: Mesh) -> None:
        super().__init__(name="rerouting")
        self.over = Event()
        self.done: Counter[str] = Counter()
        self._shop = shop

    def run(self) -> None:
        """Goes on whatever it is told by `souk`: a change that fails is an error of the test that counts them."""
        for split in cycle(SPLITS):
            for command in (["split", "payment", *split.split()], ["rotate"]):
                self._shop.souk(*command)
                self.done[command[0]] += 1
                if self.over.wait(REROUTE_EVERY):
                    return


def everything_changed(shop: Mesh, tally: Tally) -> None:
    """Each Deployment in turn is rolled, and scaled to three pods and back."""
    began = time.monotonic()
    for deployment in EVERY * ROUNDS:
        rolled(shop, deployment)
        scaled(shop, deployment, 3)
        scaled(shop, deployment, 1)
        print(f"  {time.monotonic() - began:5.1f} s, {deployment} done: {tally.total} requests", flush=True)
    awaited(lambda: len(shop.pods()) == len(EVERY), "every old pod is gone")


def findings_when_settled(shop: Mesh, tally: Tally) -> Sequence[Finding]:
    """What is wrong in the books."""

    def findings() -> Sequence[Finding]:
        return audit(read_books(shop.home), {PRODUCT: PIECES}, tally.told)

    awaited(lambda: not any("settled" in each.rule for each in findings()), "every order is settled")
    return findings()


def test_no_request_fails_while_everything_is_replaced_scaled_rerouted_and_given_new_certificates(
    shop: Mesh, goods: Goods
) -> None:
    rerouting = Rerouting(shop)
    with load(shop.port, goods, ENOUGH) as tally:
        rerouting.start()
        try:
            everything_changed(shop, tally)
        finally:
            rerouting.over.set()
            rerouting.join()

    print(f"  {dict(tally.answered)}; meanwhile {dict(rerouting.done)}")
    assert not tally.failures, f"{len(tally.failures)} of {tally.total}:\n" + "\n".join(tally.failures[:20])
    assert min(rerouting.done["split"], rerouting.done["rotate"]) >= len(SPLITS)
    assert findings_when_settled(shop, tally) == ()
