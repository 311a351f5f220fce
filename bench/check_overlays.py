"""How long `souk check` takes to read and judge an overlay, from the command to its end.

Of every overlay that is shipped, five checks after one that doesn't count; the key is the median of the slowest one.
Nothing is running, and nothing is started.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.processes import ROOT
from bench.results import Figures

CHECKS = 5


@dataclass(frozen=True)
class Checks:
    """Seconds that each check took, by the overlay's name."""

    seconds: Mapping[str, tuple[float, ...]]

    def figures(self) -> Figures:
        """For the results."""
        slowest = max(self.seconds.values(), key=median)
        return {"check_seconds": median(slowest), "check_seconds_spread": [min(slowest), max(slowest)]}


def measure(_folder: Path) -> Figures:
    """Checks what is shipped."""
    overlays = sorted((ROOT / "deploy/kustomize/overlays").iterdir())
    return Checks({each.name: _checks(each) for each in overlays}).figures()


def _checks(overlay: Path) -> tuple[float, ...]:
    _check(overlay)
    return tuple(_check(overlay) for _ in range(CHECKS))


def _check(overlay: Path) -> float:
    began = time.perf_counter()
    command = [str(ROOT / ".souk/mesh-venv/bin/souk"), "check", "-k", str(overlay)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    took = time.perf_counter() - began
    # What only a cluster has a program for is refused, and takes as long.
    if done.returncode and not done.stderr.startswith(f"error: overlays/{overlay.name}"):
        raise RuntimeError(f"`souk check -k {overlay}` did not come to judge it:\n{done.stderr}")
    return took
