"""What kubeconform says of manifests, by the schemas and the words of `make lint`.

What schemas can't say (CEL rules, Istio's validating webhook, what refers to what) is left to the local mesh's own
checks and to a cluster.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

import yaml

from tests.manifests.overlays import Manifest
from tests.mesh import ROOT


def problems(manifests: Sequence[Manifest]) -> Sequence[str]:
    """What is wrong with some objects, a line each."""
    return _said(yaml.safe_dump_all([manifest.body for manifest in manifests]))


def problems_in(folder: Path) -> Sequence[str]:
    """What is wrong with the files of a folder, a line each."""
    return _said("", str(folder))


def _said(text: str, *files: str) -> Sequence[str]:
    done = subprocess.run(
        [ROOT / "scripts/kubeconform", *files], input=text, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode in (0, 1), done.stderr
    assert bool(done.returncode) == bool(done.stdout), done.stdout + done.stderr
    return done.stdout.splitlines()
