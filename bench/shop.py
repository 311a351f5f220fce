"""The whole shop on a local mesh of its own, and which of its processes is what."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.processes import ROOT
from tests.mesh import Mesh, free_port

LOCAL = ROOT / "deploy/kustomize/overlays/local"
INGRESS = "ingress"


@contextmanager
def shop(folder: Path, overlay: Path = LOCAL) -> Iterator[Mesh]:
    """The overlay, every pod ready and with the demo catalog; ended and removed afterwards."""
    mesh = Mesh(folder / "mesh", free_port())
    try:
        mesh.up(overlay)
        demo = [sys.executable, str(ROOT / "scripts/demo.py"), "--port", str(mesh.port)]
        subprocess.run(demo, check=True, stdout=subprocess.DEVNULL)
        yield mesh
    finally:
        mesh.down()


@dataclass(frozen=True)
class Part:
    """One process of a mesh."""

    pod: str
    """Its Deployment and what it is there, `order app`, `order sidecar`; or `supervisor`."""
    process: psutil.Process

    @property
    def is_sidecar(self) -> bool:
        """A proxy beside an application. The ingress is none: it is a pod of its own."""
        return self.pod.endswith(" sidecar")

    @property
    def is_application(self) -> bool:
        """What would run in a cluster in the same way, with a mesh or without."""
        return self.pod.endswith(" app")


def parts(mesh: Mesh) -> Sequence[Part]:
    """Every process."""
    supervisor = psutil.Process(mesh.supervisor())
    deployments = {pod["name"]: str(pod["workload"]) for pod in mesh.pods()}
    named = [
        Part(_called(each, deployments, mesh), each)
        for each in supervisor.children(recursive=True)
        if each.is_running()
    ]
    return [Part("supervisor", supervisor), *named]


def _called(process: psutil.Process, deployments: Mapping[str, str], mesh: Mesh) -> str:
    command = process.cmdline()
    # The proxy of a pod has its configuration there; the gateway's own Envoy has it in a volume.
    configured = [word for word in command if word.startswith(f"{mesh.home}/pods/") and "/volumes/" not in word]
    for pod, deployment in deployments.items():
        if any(f"/{pod}/" in word for word in configured):
            return INGRESS if deployment == INGRESS else f"{deployment} sidecar"
    for pod, deployment in deployments.items():
        if process.environ().get("HOSTNAME") == pod or pod in " ".join(command):
            return f"{deployment} app"
    return f"{command[-1].removeprefix('souk_')} app"
