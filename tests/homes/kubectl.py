"""Commands to the cluster that kubectl speaks to, in the namespace of the shop."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from typing import Any

NAMESPACE = "souk"
# Deleting a namespace waits for its slowest pod to drain.
PATIENCE_SECONDS = 300


def shop(*arguments: str) -> str:
    """Runs a command in the namespace of the shop; returns and raises as `kubectl` does."""
    return kubectl("--namespace", NAMESPACE, *arguments)


def kubectl(*arguments: str, text: str | None = None) -> str:
    """Runs a command and returns what it said.

    Raises:
        AssertionError: it failed, or it warned: what a cluster warns of today it refuses tomorrow.
    """
    done = subprocess.run(
        ["kubectl", *arguments],
        input=text,
        check=False,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
    )
    said = f"kubectl {' '.join(arguments)} ended with {done.returncode}:\n{done.stderr}{done.stdout[-1000:]}"
    assert done.returncode == 0, said
    assert "Warning:" not in done.stderr, said
    return done.stdout


def read(*arguments: str) -> Mapping[str, Any]:
    """What `kubectl get` finds in the namespace of the shop, or without one."""
    found: Mapping[str, Any] = json.loads(shop("get", *arguments, "-o", "json"))
    return found


def apply(text: str) -> None:
    """Applies documents in YAML or JSON."""
    kubectl("apply", "-f", "-", text=text)


def rolled_out(deployment: str) -> None:
    """Returns when every pod of a Deployment is as it says."""
    shop("rollout", "status", f"deployment/{deployment}", f"--timeout={PATIENCE_SECONDS - 10}s")
