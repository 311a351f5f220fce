"""`kill -9` of anything, again and again, while orders are placed: in the end every book agrees with every other.

`make torture` runs the long version: 500 orders at a time, and more seeds.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import LOCAL_OVERLAY
from tests.mesh import Mesh, free_port
from tests.reliability.audit import Finding, Told, audit
from tests.reliability.books import read_books
from tests.reliability.havoc import blows, rage
from tests.reliability.shoppers import crowd
from tests.rest import Rest

TORTURE = os.environ.get("TORTURE") == "full"
# The last of these is scarce: some orders find too little of it.
STOCK = {"products/carpet": 5000, "products/lantern": 5000, "products/incense": 5000, "products/sword": 25}
# What was in the hands of a killed process is taken up when its lease is over, 15 s after its last write; what waits
# behind a pause after many failures, up to 30 s later. The rest is for a slow machine.
SETTLED_SECONDS = 90


@dataclass(frozen=True)
class Storm:
    """One bout of orders and kills."""

    seed: int
    replicas: int
    orders: int
    seconds: float
    """For how long processes are killed; the orders come in this time."""
    supervisor: range
    """Which of the blows strike the supervisor; it takes all the others with it when it starts again."""
    patience: float
    """How much longer customers ask; who gives up leaves an order that must end well all the same."""

    def __str__(self) -> str:
        return f"seed {self.seed}, {self.orders} orders, replicas of order and payment: {self.replicas}"


LONG = [[Storm(seed, 1 + seed % 2, 500, 60.0, range(40, 1000, 60), 40.0)] for seed in range(1, 7)]
# Both before one settling: that's mostly waiting for leases to end.
SHORT = [[Storm(1, 1, 120, 9.0, range(0), 6.0), Storm(2, 2, 120, 9.0, range(15, 16), 8.0)]]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mesh]:
    """A mesh for this file alone, with products of its own."""
    mesh = Mesh(home=tmp_path_factory.mktemp("torture"), port=free_port())
    try:
        mesh.up(LOCAL_OVERLAY)
        stocked(Rest(f"http://127.0.0.1:{mesh.port}"))
        yield mesh
    finally:
        mesh.down()


def stocked(rest: Rest) -> None:
    for number, (product, pieces) in enumerate(STOCK.items(), start=1):
        body = {"displayName": product, "price": {"currencyCode": "EUR", "units": str(number), "nanos": 990_000_000}}
        assert rest.post(f"/v1/products?productId={product.partition('/')[2]}", body).status == 200
        assert rest.post(f"/v1/{product}/stock:adjust", {"delta": pieces}).status == 200


def overlay_with(replicas: int, folder: Path) -> Path:
    """The local overlay with so many pods of order and of each version of payment."""
    folder.mkdir()
    patches = "".join(f"  - {{name: {name}, count: {replicas}}}\n" for name in ("order", "payment-v1", "payment-v2"))
    base = os.path.relpath(LOCAL_OVERLAY, folder.resolve())
    (folder / "kustomization.yaml").write_text(f"resources: [{base}]\nreplicas:\n{patches}")
    return folder


def weathered(shop: Mesh, storm: Storm, overlay: Path) -> Sequence[Told]:
    """What the customers know after a storm."""
    shop.up(overlay)
    rest = Rest(f"http://127.0.0.1:{shop.port}")
    began = time.monotonic()
    with ThreadPoolExecutor(storm.orders) as pool:
        customers = crowd(storm.seed, storm.orders, storm.seconds, tuple(STOCK))
        answers = [pool.submit(customer.shop, rest, storm.seconds + storm.patience) for customer in customers]
        plan = blows(storm.seed, every=0.35, supervisor_at=storm.supervisor)
        struck = rage(shop, overlay, plan, until=lambda: time.monotonic() > began + storm.seconds)
        told = [answer.result() for answer in answers]
    known = [each for each in told if each is not None]
    print(f"{storm}: killed {len(struck)} {dict(Counter(struck))}")
    print(f"  customers: {dict(Counter(each.state or 'accepted' for each in known))} of {len(told)}")
    return known


def findings_when_settled(shop: Mesh, told: Sequence[Told]) -> Sequence[Finding]:
    """What is wrong in the books once nothing changes any more, or when that was waited for too long."""
    deadline = time.monotonic() + SETTLED_SECONDS
    while (findings := audit(read_books(shop.home), STOCK, told)) and time.monotonic() < deadline:
        time.sleep(0.5)
    return findings


@pytest.mark.parametrize("storms", LONG if TORTURE else SHORT, ids=lambda storms: "-".join(str(s.seed) for s in storms))
def test_whatever_is_killed_no_order_is_lost_none_charged_twice_and_nothing_oversold(
    shop: Mesh, storms: Sequence[Storm], tmp_path: Path
) -> None:
    told = [
        each
        for storm in storms
        for each in weathered(shop, storm, overlay_with(storm.replicas, tmp_path / f"overlay-{storm.seed}"))
    ]

    began = time.monotonic()
    findings = findings_when_settled(shop, told)
    books = read_books(shop.home)

    print(f"  settled {time.monotonic() - began:.1f} s later: {dict(Counter(order.state for order in books.orders))}")
    assert not findings, f"{'; '.join(map(str, storms))}:\n" + "\n".join(map(str, findings))
    # It would prove nothing if nothing had got through.
    states = Counter(each.state for each in books.orders)
    assert states["CONFIRMED"] > len(told) / 4, states
    assert states["CANCELLED"] > len(told) / 20, states
