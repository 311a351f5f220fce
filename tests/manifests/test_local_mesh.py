"""What `souk check` says of overlays that go to a cluster: what this machine can't do is told, and nothing is wrong."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from tests.mesh import ROOT


@dataclass(frozen=True)
class Said:
    """How `souk check` ended, and what it said."""

    code: int
    output: str
    errors: str


@cache
def check(name: str) -> Said:
    """Asks about an overlay, once."""
    command: list[str | Path] = [
        ROOT / ".souk/mesh-venv/bin/souk",
        "check",
        "-k",
        ROOT / "deploy/kustomize/overlays" / name,
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    return Said(done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize("name", ["local", "dev", "prod"])
def test_it_understands_every_object_and_finds_no_mistake(name: str) -> None:
    said = check(name)
    assert said.code == 0, said.errors
    assert "all of them understood" in said.output


def test_it_finds_nothing_in_the_overlay_that_it_runs() -> None:
    before, _, _ = check("local").output.partition("Not enforced here")
    assert before.split("\n")[1:] == ["", ""]


@pytest.mark.parametrize(
    "object_or_field",
    [
        "ExternalSecret souk/order-database would have it made",
        "443 is a privileged port",
        "HorizontalPodAutoscaler souk/acquirer",
        "NetworkPolicy souk/acquirer",
        "Telemetry souk/access-log",
        "Certificate souk/ingress",
    ],
)
def test_it_tells_what_of_production_is_not_done_here(object_or_field: str) -> None:
    assert object_or_field in check("prod").output
