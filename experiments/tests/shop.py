"""The shop on a local mesh of the tests' own, driven by its command."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from souk_mesh.state import StateDir

ROOT = Path(__file__).resolve().parents[2]
OVERLAY = ROOT / "deploy/kustomize/overlays/local"
PATIENCE_SECONDS = 120


@dataclass(frozen=True)
class Shop:
    """A mesh with a state folder and a port of its own."""

    home: Path
    port: int

    @property
    def state(self) -> StateDir:
        return StateDir(self.home)

    def souk(self, *arguments: str) -> str:
        """Runs `souk` and returns what it said; fails if the command does."""
        done = subprocess.run(
            [ROOT / ".souk/mesh-venv/bin/souk", *arguments],
            cwd=ROOT,
            env={**os.environ, "SOUK_HOME": str(self.home), "COLUMNS": "200"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
        assert done.returncode == 0, f"souk {' '.join(arguments)} ended with {done.returncode}:\n{done.stdout}"
        return done.stdout


@contextmanager
def running(home: Path, overlay: Path = OVERLAY) -> Iterator[Shop]:
    """Starts the shop; leaves nothing of it behind."""
    shop = Shop(home, _free_port())
    try:
        shop.souk("up", "-k", str(overlay), "--port", str(shop.port))
        yield shop
    finally:
        shop.souk("down", "--purge")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
