"""How much memory the shop takes on the local mesh, `overlays/local` with the demo catalog, at rest.

PSS (`smaps_rollup`) of every process, so that what several share counts once; the overhead is all but the applications:
the supervisor, the sidecars and the ingress proxy. The gateway's Envoy is an application. Private memory is what would
come free if that one sidecar ended; the key is the largest of them.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from bench.processes import private_mb, pss_mb
from bench.results import Figures
from bench.shop import parts, shop

# The supervisor and Python's allocator have given back by then what starting took.
_REST_SECONDS = 10


@dataclass(frozen=True)
class Memory:
    """MB."""

    everything: float
    overhead: float
    sidecars: int
    largest_sidecar: float

    def figures(self) -> Figures:
        """For the results."""
        return {
            "mesh_pss_mb": self.everything,
            "mesh_overhead_pss_mb": self.overhead,
            "sidecars": self.sidecars,
            "sidecar_private_mb": self.largest_sidecar,
        }


def measure(folder: Path) -> Figures:
    """Starts the shop and looks."""
    with shop(folder) as mesh:
        time.sleep(_REST_SECONDS)
        found = parts(mesh)
        sidecars = [each.process for each in found if each.is_sidecar]
        return Memory(
            everything=pss_mb([each.process for each in found]),
            overhead=pss_mb([each.process for each in found if not each.is_application]),
            sidecars=len(sidecars),
            largest_sidecar=max(map(private_mb, sidecars)),
        ).figures()
