"""The same shop on a real Kubernetes with a real Istio on this machine, against the local mesh: start and memory.

The cluster is a lab outside of this repository, by the folders of its command and of what it runs:
`SOUK_LAB=/path/to/lab LAB_HOME=/where/it/runs make bench ONLY=cluster`, after its `lab up`. The images of this
working tree are built and loaded first. Then `overlays/dev` is applied into a cluster without it, twice; the second
time counts, when every image is loaded and every cache is warm: from `kubectl apply -k` to the moment when every
Deployment and StatefulSet has rolled out. Against it, `make up` of `overlays/local` as it is measured for
`up_seconds`, in the same run.

Memory is the PSS of every process of the cluster, its control plane too, without which no pod would run, against that
of every process of the local mesh as it is measured for `mesh_pss_mb`, in the same run.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import cast

import psutil

from bench import mesh_memory, up
from bench.processes import ROOT, pss_mb
from bench.results import Figures

VARIABLE = "SOUK_LAB"
OVERLAY = ROOT / "deploy/kustomize/overlays/dev"
_NAMESPACE = "souk"
_PATIENCE_SECONDS = 600
_REST_SECONDS = 30
_SHIM = "containerd-shim-runc-v2"


@dataclass(frozen=True)
class Both:
    """The cluster and the local mesh."""

    cluster_seconds: float
    local_seconds: float
    cluster_mb: float
    local_mb: float

    def figures(self) -> Figures:
        """For the results."""
        return {
            "local_vs_cluster_start": self.cluster_seconds / self.local_seconds,
            "local_vs_cluster_start_seconds": [self.local_seconds, self.cluster_seconds],
            "local_vs_cluster_memory": self.cluster_mb / self.local_mb,
            "local_vs_cluster_memory_mb": [self.local_mb, self.cluster_mb],
        }


@dataclass(frozen=True)
class Lab:
    """The lab's command, and where it keeps what runs."""

    command: Path
    home: Path

    def run(self, *arguments: str) -> str:
        """Runs one of its commands.

        Raises:
            RuntimeError: it failed; with what it said.
        """
        command = [str(self.command), *arguments]
        done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True, timeout=_PATIENCE_SECONDS)
        if done.returncode:
            raise RuntimeError(f"`{' '.join(command)}` failed\n  is the lab up? `{self.command} up`\n{done.stderr}")
        return done.stdout

    def processes(self) -> Sequence[psutil.Process]:
        """The daemons, the shims of the pods, and whatever they have started."""
        daemons = [int(file.read_text()) for file in (self.home / "var/pids").iterdir()]
        shims = [each.pid for each in psutil.process_iter() if each.name().startswith(_SHIM[:15])]
        found: dict[int, psutil.Process] = {}
        for pid in (*daemons, *shims):
            if psutil.pid_exists(pid):
                process = psutil.Process(pid)
                found |= {each.pid: each for each in (process, *process.children(recursive=True))}
        return list(found.values())


def measure(folder: Path) -> Figures:
    """Builds, starts twice, weighs; then the same for the local mesh.

    Raises:
        RuntimeError: there is no lab.
    """
    lab = _lab()
    builder = f"{lab.command} image build"
    subprocess.run([str(ROOT / "scripts/images")], env={**os.environ, "IMAGE_BUILDER": builder}, check=True)
    with _applied(lab):
        pass
    with _applied(lab) as took:
        time.sleep(_REST_SECONDS)
        heavy = pss_mb(lab.processes())
    (folder / "up").mkdir()
    seconds = median(up.up(ROOT, folder / "up/mesh", {}) for _ in range(3))
    light = cast("float", mesh_memory.measure(folder)["mesh_pss_mb"])
    return Both(took, seconds, heavy, light).figures()


@contextmanager
def _applied(lab: Lab) -> Iterator[float]:
    """The shop in the cluster; yields how many seconds it took to roll out; removed afterwards."""
    begun = time.monotonic()
    try:
        lab.run("kubectl", "apply", "-k", str(OVERLAY))
        for kind in ("statefulset", "deployment"):
            for name in _names(lab, kind):
                lab.run("kubectl", "-n", _NAMESPACE, "rollout", "status", f"{kind}/{name}", "--timeout=540s")
        yield time.monotonic() - begun
    finally:
        lab.run("kubectl", "delete", "namespace", _NAMESPACE, "--wait=true", "--ignore-not-found=true")


def _names(lab: Lab, kind: str) -> Sequence[str]:
    found = json.loads(lab.run("kubectl", "-n", _NAMESPACE, "get", kind, "-o", "json"))
    return [item["metadata"]["name"] for item in found["items"]]


def _lab() -> Lab:
    folder = os.environ.get(VARIABLE, "")
    command = Path(folder) / "lab"
    if not folder or not command.exists():
        raise RuntimeError(f"{VARIABLE} is {folder!r}, where no lab is\n  give the folder of the lab's command, `lab`")
    if "LAB_HOME" not in os.environ:
        raise RuntimeError(
            "LAB_HOME is not set\n  give the folder where the lab keeps what runs, as its `lab help` says"
        )
    return Lab(command, Path(os.environ["LAB_HOME"]))
