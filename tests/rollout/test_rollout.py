"""Everything is replaced, scaled, rerouted and given new certificates while the shop is busy: no request fails.

`make torture` runs the long version.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import cycle
from threading import Event

from tests.homes import Home
from tests.homes.local import LocalMesh
from tests.mesh import Mesh
from tests.reliability.audit import Finding, audit
from tests.rollout.changes import rolled, scaled
from tests.rollout.conftest import PIECES, PRODUCT
from tests.rollout.load import load
from tests.rollout.requests import Goods
from tests.rollout.tally import Tally
from tests.waiting import awaited

TORTURE = os.environ.get("TORTURE") == "full"
ENOUGH = 200_000 if TORTURE else 20_000
ROUNDS = 5 if TORTURE else 1
EVERY = ("catalog", "inventory", "acquirer", "payment-v1", "payment-v2", "order", "gateway", "ingress")
SPLITS: Sequence[Mapping[str, int]] = (
    {"v1": 100, "v2": 0},
    {"v1": 50, "v2": 50},
    {"v1": 0, "v2": 100},
    {"v1": 90, "v2": 10},
)
REROUTE_EVERY = 1.0
ROTATIONS = 8


class Rerouting:
    """Changes weights until it is told to end."""

    def __init__(self, home: Home) -> None:
        self.over = Event()
        self.done = 0
        self._home = home

    def run(self) -> None:
        """Makes one change after the other; raises when one fails."""
        for split in cycle(SPLITS):
            self._home.split("payment", split)
            self.done += 1
            if self.over.wait(REROUTE_EVERY):
                return


@contextmanager
def rerouted(home: Home) -> Iterator[Rerouting]:
    """Changes weights as long as the block runs; a change that failed fails the block."""
    rerouting = Rerouting(home)
    with ThreadPoolExecutor(1) as beside:
        running = beside.submit(rerouting.run)
        try:
            yield rerouting
        finally:
            rerouting.over.set()
        running.result()


def everything_changed(home: Home, tally: Tally) -> None:
    """Each Deployment in turn is rolled, and scaled to three pods and back."""
    began = time.monotonic()
    for deployment in EVERY * ROUNDS:
        rolled(home, deployment)
        scaled(home, deployment, 3)
        scaled(home, deployment, 1)
        print(f"  {time.monotonic() - began:5.1f} s, {deployment} done: {tally.total} requests", flush=True)
    awaited(lambda: all(pod.ready for pod in home.pods()), "every old pod is gone", home.patience)


def findings_when_settled(home: Home, tally: Tally) -> Sequence[Finding]:
    """What is wrong in the books."""

    def findings() -> Sequence[Finding]:
        return audit(home.books(), {PRODUCT: PIECES}, tally.told)

    awaited(lambda: not any("settled" in each.rule for each in findings()), "every order is settled", home.patience)
    return findings()


def nothing_failed(tally: Tally) -> None:
    """Every answer was as it should be."""
    print(f"  {dict(tally.answered)}")
    assert not tally.failures, f"{len(tally.failures)} of {tally.total}:\n" + "\n".join(tally.failures[:20])


def test_no_request_fails_while_everything_is_replaced_scaled_and_rerouted(home: Home, goods: Goods) -> None:
    with load(home.address, goods, ENOUGH) as tally, rerouted(home) as rerouting:
        everything_changed(home, tally)

    nothing_failed(tally)
    assert rerouting.done >= len(SPLITS)
    assert findings_when_settled(home, tally) == ()


def test_no_request_fails_while_every_proxy_gets_new_certificates(mesh: Mesh, goods: Goods) -> None:
    with load(LocalMesh(mesh).address, goods, 0) as tally:
        for _ in range(ROTATIONS):
            mesh.souk("rotate")

    nothing_failed(tally)
    assert tally.total > ROTATIONS
