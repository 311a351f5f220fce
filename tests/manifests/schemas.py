"""What kubeconform says of manifests, by the schemas and the words of `make lint`.

What schemas can't say (CEL rules, Istio's validating webhook, what refers to what) is left to the local mesh's own
checks and to a cluster.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

import yaml

from tests.manifests.overlays import Manifest
from tests.mesh import ROOT


def problems(manifests: Sequence[Manifest]) -> Sequence[str]:
    """What is wrong with some objects, a line each."""
    text = yaml.safe_dump_all([manifest.body for manifest in manifests])
    done = subprocess.run(
        [ROOT / "scripts/kubeconform"], input=text, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode in (0, 1), done.stderr
    assert bool(done.returncode) == bool(done.stdout), done.stdout + done.stderr
    return done.stdout.splitlines()
