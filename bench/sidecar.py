"""What mTLS through both sidecars adds to a call.

GetProduct of the catalog, asked as the gateway's pod asks, against the same call at the catalog's own port, where only
its sidecar calls. One connection each, one call at a time, in turns; the key is the difference of the medians. Both
calls meet the same process and the same row, so what is left is two proxies and the TLS between them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import grpc
from souk.catalog.v1.catalog_pb2_grpc import CatalogServiceStub

from bench.product import REQUEST
from bench.results import Figures
from bench.shop import shop
from bench.statistics import percentile

CALLS, WARM_UP = 2000, 200


@dataclass(frozen=True)
class Calls:
    """How long each took, in ms."""

    through: tuple[float, ...]
    direct: tuple[float, ...]

    def figures(self) -> Figures:
        """For the results."""
        medians = [percentile(self.through, 0.5), percentile(self.direct, 0.5)]
        return {"sidecar_added_ms_p50": medians[0] - medians[1], "sidecar_added_ms_p50_of": medians}


def measure(folder: Path) -> Figures:
    """Starts the shop and calls."""
    with shop(folder) as mesh:
        private = f"{mesh.pods('catalog')[0]['application']}:50051"
        with (
            grpc.insecure_channel(mesh.as_seen_by("gateway", "catalog")) as sidecars,
            grpc.insecure_channel(private) as none,
        ):
            return measured(_call(sidecars), _call(none)).figures()


def measured(through: Callable[[], float], direct: Callable[[], float]) -> Calls:
    """Calls in turns; the first calls, which connect and warm up, don't count."""
    for _ in range(WARM_UP):
        through(), direct()
    pairs = [(through(), direct()) for _ in range(CALLS)]
    return Calls(tuple(one for one, _ in pairs), tuple(other for _, other in pairs))


def _call(channel: grpc.Channel) -> Callable[[], float]:
    stub = CatalogServiceStub(channel)

    def call() -> float:
        begun = time.perf_counter()
        stub.GetProduct(REQUEST, timeout=10)
        return (time.perf_counter() - begun) * 1000

    return call
