"""What `souk check` says of overlays that go to a cluster: what this machine can't do is told, and nothing is wrong."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.mesh import ROOT


def check(name: str, home: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [ROOT / ".souk/mesh-venv/bin/souk", "check", "-k", ROOT / "deploy/kustomize/overlays" / name],
        env={**os.environ, "SOUK_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("name", ["local", "dev", "prod"])
def test_it_understands_every_object_and_finds_no_mistake(name: str, tmp_path: Path) -> None:
    done = check(name, tmp_path)
    assert done.returncode == 0, done.stderr
    assert "all of them understood" in done.stdout


def test_it_finds_nothing_in_the_overlay_that_it_runs(tmp_path: Path) -> None:
    said = check("local", tmp_path).stdout.partition("Not enforced here")[0]
    assert said.count("\n") == 2, said


@pytest.mark.parametrize(
    "said",
    [
        "ExternalSecret souk/order-database would have it made",
        "443 is a privileged port",
        "HorizontalPodAutoscaler souk/acquirer",
        "NetworkPolicy souk/acquirer",
        "Telemetry souk/access-log",
        "Certificate souk/ingress",
    ],
)
def test_it_tells_what_of_production_is_not_done_here(said: str, tmp_path: Path) -> None:
    assert said in check("prod", tmp_path).stdout
