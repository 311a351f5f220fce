"""A local mesh under test, driven by its command line as a person would."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SOUK = ROOT / ".souk/mesh-venv/bin/souk"
# Generous: CI shares its cores. What is waited for is a condition, not this time.
PATIENCE_SECONDS = 120


def free_port() -> int:
    """A port on 127.0.0.1 that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Mesh:
    """A mesh with a state folder and a port of its own."""

    home: Path
    port: int

    def souk(self, *arguments: str, expect: int = 0) -> str:
        """Runs `souk` and returns what it said.

        Raises:
            AssertionError: it ended otherwise than expected.
        """
        done = subprocess.run(
            [str(SOUK), *arguments],
            cwd=ROOT,
            env=self.environment,
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE_SECONDS,
        )
        assert done.returncode == expect, f"souk {' '.join(arguments)} ended with {done.returncode}:\n{done.stdout}"
        return done.stdout

    @property
    def environment(self) -> Mapping[str, str]:
        """For commands that are to speak to this mesh."""
        return {**os.environ, "SOUK_HOME": str(self.home), "PORT": str(self.port), "COLUMNS": "200"}

    def up(self, overlay: Path, expect: int = 0) -> str:
        """Applies an overlay and waits until all of it is ready."""
        return self.souk("up", "-k", str(overlay), "--port", str(self.port), expect=expect)

    def down(self) -> None:
        """Ends it and removes its data."""
        self.souk("down", "--purge")

    def load_demo_catalog(self) -> None:
        """Loads what `make up` loads."""
        subprocess.run([sys.executable, str(ROOT / "scripts/demo.py"), "--port", str(self.port)], check=True)

    def supervisor(self) -> int:
        """The process id of the supervisor."""
        found = re.search(r"supervisor pid (\d+)", self.souk("status"))
        assert found
        return int(found[1])

    def pods(self, deployment: str | None = None) -> Sequence[Mapping[str, Any]]:
        """The pods, or those of one Deployment."""
        pods: Sequence[Mapping[str, Any]] = json.loads(self.souk("get", "pods", "-o", "json"))
        return [pod for pod in pods if deployment in (None, pod["workload"])]

    def as_seen_by(self, deployment: str, service: str) -> str:
        """Where a pod of a Deployment calls a Service: a call to this address carries that pod's identity."""
        address = self.pods(deployment)[0]["virtual"][f"{service}.souk.svc.cluster.local"]
        return f"{address}:50051"
