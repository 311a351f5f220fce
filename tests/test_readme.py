"""The README keeps its word."""

from __future__ import annotations

import subprocess
import sys

from tests.mesh import ROOT, Mesh


def test_the_tour_runs_as_it_is_printed(mesh: Mesh) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts/tour.py")],
        env=mesh.environment,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
    )

    assert done.returncode == 0, done.stdout
