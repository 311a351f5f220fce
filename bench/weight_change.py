"""How long a changed weight takes to be everywhere, from the edit of the stored object to the last acknowledgement.

100 changes of payment's split, each after the one before has settled, through the supervisor's control socket; the
supervisor itself takes the time, around the edit, so that no command's start is in it. Every proxy of the shop has
acknowledged what follows from the change, or it isn't over. The shop's seven Services are made ten by three that lead
to pods of catalog. Real istiod, measured once: 105 ms.
"""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from bench.overlays import with_services
from bench.processes import ROOT
from bench.results import Figures
from bench.shop import shop
from bench.statistics import percentile

CHANGES = 100


@dataclass(frozen=True)
class Changes:
    """How long each took, in ms."""

    milliseconds: tuple[float, ...]

    def figures(self) -> Figures:
        """For the results."""
        return {
            "weight_change_p50_ms": percentile(self.milliseconds, 0.5),
            "weight_change_p99_ms": percentile(self.milliseconds, 0.99),
        }


def measure(folder: Path) -> Figures:
    """Starts the shop and changes the split."""
    with shop(folder, with_services(folder / "overlay", 3)) as mesh:
        python = ROOT / ".souk/mesh-venv/bin/python"
        command = [str(python), str(ROOT / "bench/programs/splits.py"), str(mesh.home), str(CHANGES)]
        done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=300)
        return Changes(tuple(json.loads(done.stdout))).figures()
