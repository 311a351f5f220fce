"""What mTLS through both sidecars adds to a call.

GetProduct of the catalog, asked as the gateway's pod asks, against the same call at the catalog's own port, where only
its sidecar calls. One connection each, one call at a time, in turns; the key is the difference of the medians. All
calls meet the same process and the same row, so what is left is two proxies and the TLS between them. A third way, in
turn with the others, leads through two Envoys that only forward: what they add is what two proxies cost here at least.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import grpc
from souk.catalog.v1.catalog_pb2_grpc import CatalogServiceStub

from bench.plain_envoys import plain_envoys
from bench.product import REQUEST
from bench.results import Figures
from bench.shop import shop
from bench.statistics import percentile

CALLS, WARM_UP = 2000, 200

Call = Callable[[], float]
"""Calls once; ms."""


@dataclass(frozen=True)
class Calls:
    """How long each took, in ms."""

    through: tuple[float, ...]
    plain: tuple[float, ...]
    direct: tuple[float, ...]

    def figures(self) -> Figures:
        """For the results."""
        through, plain, direct = (percentile(each, 0.5) for each in (self.through, self.plain, self.direct))
        return {
            "sidecar_added_ms_p50": through - direct,
            "sidecar_added_ms_p50_of": [through, plain, direct],
            "sidecar_vs_plain_envoys": (through - direct) / (plain - direct),
        }


def measure(folder: Path) -> Figures:
    """Starts the shop and calls."""
    with shop(folder) as mesh, ExitStack() as stack:
        private = f"{mesh.pods('catalog')[0]['application']}:50051"
        plain = stack.enter_context(plain_envoys(private, folder))
        ways = (mesh.as_seen_by("gateway", "catalog"), plain, private)
        return measured(*(_call(stack.enter_context(grpc.insecure_channel(way))) for way in ways)).figures()


def measured(through: Call, plain: Call, direct: Call) -> Calls:
    """Calls in turns; the first calls, which connect and warm up, don't count."""
    for _ in range(WARM_UP):
        through(), plain(), direct()
    rounds = [(through(), plain(), direct()) for _ in range(CALLS)]
    return Calls(*zip(*rounds, strict=True))


def _call(channel: grpc.Channel) -> Call:
    stub = CatalogServiceStub(channel)

    def call() -> float:
        begun = time.perf_counter()
        stub.GetProduct(REQUEST, timeout=10)
        return (time.perf_counter() - begun) * 1000

    return call
