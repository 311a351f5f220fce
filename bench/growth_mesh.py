"""How the local mesh's control plane fares when the mesh grows: configuration only, with proxies that are simulated.

10, 50 and 200 services with two pods each. Services stand in areas of 20; a Sidecar lets each see its own area and one
hub. The control plane, which is the supervisor's own store, publisher and discovery server, has one core; ADS clients
that ask and acknowledge as Envoy does, one for each pod, have another.

`first_push_ms`: from nothing told to everything acknowledged. `area_change_ms`: the weight of a service of one area is
edited in the store, and its area's proxies have acknowledged it (20 to 40 of them); the median of 20. `hub_change_ms`:
the same with the hub, which concerns every proxy there is. `memory_mb`: PSS of the control plane after all that.
`…_affected` are the proxies that were told something: nobody else was.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import cast

from bench.processes import LOAD_CORE, ROOT, SERVER_CORE
from bench.results import Figures, Series

SERVICES = (10, 50, 200)
CHANGES = 20


@dataclass(frozen=True)
class Size:
    """What was found with so many services."""

    services: int
    first_push_ms: float
    area: Sequence[tuple[float, float]]
    """Of each change: proxies affected, ms."""
    hub: Sequence[tuple[float, float]]
    memory_mb: float


@dataclass(frozen=True)
class Growth:
    """Every size."""

    sizes: Sequence[Size]

    def figures(self) -> Figures:
        """For the results: points by the number of services."""
        series: Mapping[str, Series] = {
            "first_push_ms": [[each.services, each.first_push_ms] for each in self.sizes],
            "area_change_ms": [[each.services, _typical(each.area)] for each in self.sizes],
            "hub_change_ms": [[each.services, _typical(each.hub)] for each in self.sizes],
            "memory_mb": [[each.services, each.memory_mb] for each in self.sizes],
            "area_change_affected": [[each.services, _affected(each.area)] for each in self.sizes],
            "hub_change_affected": [[each.services, _affected(each.hub)] for each in self.sizes],
        }
        return {"growth_mesh": series}


def measure(_folder: Path) -> Figures:
    """One size after the other."""
    return Growth([_measured(services) for services in SERVICES]).figures()


def _measured(services: int) -> Size:
    python = ROOT / ".souk/mesh-venv/bin/python"
    program = [str(python), "-m", "bench.programs.mesh_growth", str(services), str(CHANGES), str(LOAD_CORE)]
    command = ["taskset", "-c", str(SERVER_CORE), *program]
    done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True, timeout=600)
    found = json.loads(done.stdout)
    return Size(
        services=services,
        first_push_ms=cast("float", found["first_push_ms"]),
        area=cast("Sequence[tuple[float, float]]", found["area"]),
        hub=cast("Sequence[tuple[float, float]]", found["hub"]),
        memory_mb=cast("float", found["memory_mb"]),
    )


def _typical(changes: Sequence[tuple[float, float]]) -> float:
    return median(took for _, took in changes)


def _affected(changes: Sequence[tuple[float, float]]) -> float:
    return max(affected for affected, _ in changes)
