"""The mesh on which the series runs, and the tool that is run on it: both as programs."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml
from souk_mesh.state import StateDir

from souk_canary.homes.local import LocalMesh
from trials.cases import Case

ROOT = Path(__file__).resolve().parents[2]
SOUK = ROOT / ".souk/mesh-venv/bin/souk"
TOOL = ROOT / ".souk/canary-venv/bin/souk-canary"
PORT = 8082
READY = 60.0
CANDIDATE = {"app": "payment", "version": "v2"}


class TrialFailed(Exception):
    """A program did not do what the series needs; the text has what it said."""


class Mesh:
    """A mesh of the series' own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._home = folder / "mesh"
        self._environment = {**os.environ, "SOUK_HOME": str(self._home)}

    def show(self, case: Case) -> None:
        """Runs the shop with this case's version 2 of payment."""
        overlay = self._folder / "overlays" / case.name
        overlay.mkdir(parents=True, exist_ok=True)
        (overlay / "kustomization.yaml").write_text(yaml.safe_dump(kustomization(case, overlay)))
        self._do([str(SOUK), "up", "-k", str(overlay), "--port", str(PORT)])

    def renew(self) -> None:
        """Replaces the candidate's pods, so that no ejection and no backoff of the last run is left."""
        self._do([str(SOUK), "restart", "payment-v2"])
        home = LocalMesh(StateDir(self._home))
        deadline = time.monotonic() + READY
        while not all(pod.ready for pod in home.pods("souk", CANDIDATE)):
            if time.monotonic() > deadline:
                raise TrialFailed(f"no pod of payment v2 was ready after {READY:.0f} s\n  `souk status` says why")
            time.sleep(0.2)

    def try_once(self, definition: Path, reports: Path) -> None:
        """Runs an experiment, which leaves its record."""
        self._do([str(TOOL), "run", str(definition), "--reports", str(reports)], good=(0, 3, 4, 5))

    def end(self) -> None:
        """Leaves nothing running."""
        self._do([str(SOUK), "down", "--purge"])

    def _do(self, command: Sequence[str], good: Sequence[int] = (0,)) -> None:
        done = subprocess.run(command, cwd=ROOT, env=self._environment, capture_output=True, text=True, check=False)
        if done.returncode not in good:
            raise TrialFailed(f"`{' '.join(command)}` ended with {done.returncode}:\n{done.stdout}{done.stderr}")


def kustomization(case: Case, folder: Path) -> Mapping[str, object]:
    """The shop with a case's versions of payment: a demonstration's overlay, with other faults."""
    overlay = "payment-v2-bad" if case.faults else "payment-v2-good"
    patches = []
    if case.faults:
        patches.append(_faulty("payment-v2", "2.0.0", {"FAULT_ERROR_SHARE": "0", **case.faults}))
    if case.baseline:
        patches.append(_faulty("payment-v1", "1.0.0", case.baseline))
    return {
        "resources": [os.path.relpath(ROOT / "experiments/overlays" / overlay, folder)],
        "patches": [{"patch": yaml.safe_dump(patch)} for patch in patches],
    }


def _faulty(deployment: str, tag: str, faults: Mapping[str, str]) -> Mapping[str, object]:
    image = f"souk/faulty-payment:{tag}"
    env = [{"name": name, "value": value} for name, value in faults.items()]
    pod = {
        "initContainers": [{"name": "migrate", "image": image}],
        "containers": [{"name": "app", "image": image, "env": env}],
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": deployment},
        "spec": {"template": {"spec": pod}},
    }
