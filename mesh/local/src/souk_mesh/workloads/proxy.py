"""How a pod's Envoy is run: as a container of its own, started first and stopped last."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from souk_mesh.topology import Pod
from souk_mesh.workloads.plan import Check, ContainerPlan
from souk_mesh.workloads.probes import HttpProbe
from souk_mesh.workloads.processes import Command
from souk_mesh.workloads.readiness import Thresholds
from souk_mesh.xds import bootstrap

NAME = "istio-proxy"
ADMIN_PORT = 15000
"""Envoy's admin pages are at the application's private address, as they are inside a pod in a cluster."""

# Envoy ends at once on SIGTERM; this is for one that hangs.
GRACE = 5.0
READY = Thresholds(initial_delay=0, period=5, timeout=1, success=1, failure=3)


@dataclass(frozen=True)
class ProxyPrograms:
    """The Envoy to run, where it asks for its configuration, and where it tells of requests."""

    envoy: Path
    xds_socket: Path
    observer_socket: Path

    def plan(self, pod: Pod, folder: Path, log: Path) -> ContainerPlan:
        """Writes the proxy's bootstrap into `folder` and says how to run it."""
        folder.mkdir(parents=True, mode=0o700, exist_ok=True)
        admin = (pod.addresses.application, ADMIN_PORT)
        config = folder / "envoy.json"
        config.write_text(
            bootstrap.bootstrap(pod, xds_socket=self.xds_socket, observer_socket=self.observer_socket, admin=admin)
        )
        return ContainerPlan(
            name=NAME,
            command=Command(
                label=f"{pod.name}/{NAME}",
                arguments=tuple(bootstrap.command(self.envoy, config)),
                environment={},
                folder=folder,
                log=log,
            ),
            grace=GRACE,
            readiness=Check(HttpProbe(*admin, "/ready", ()), READY),
        )
