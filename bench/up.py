"""How long `make up` takes, from the command to the line that says that every pod is ready.

Warm: this clone, started before; as when a person stops the shop and starts it again, its data is there. The key is the
median of five. New: the same with its data removed before each start, so that every table is made anew. Cold: a fresh
clone of the last commit in an empty folder, everything under `.souk/` still to be made, with the package managers' and
compilers' caches as they are. Empty: the same with these caches empty, too, so that everything is downloaded and
compiled; only when it is asked for, since that takes minutes of the registries' time.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.processes import ROOT
from bench.results import Figures
from tests.mesh import free_port

STARTS, NEW_STARTS = 5, 3
# Where uv, pip, Go and npm keep what they have downloaded or built.
_CACHES = ("UV_CACHE_DIR", "PIP_CACHE_DIR", "GOMODCACHE", "GOCACHE", "npm_config_cache")
_READY = re.compile(r"(\d+) of (\d+) pods ready in")


@dataclass(frozen=True)
class Starts:
    """How long each start took, in seconds."""

    warm: tuple[float, ...]
    new: tuple[float, ...]

    def figures(self) -> Figures:
        """For the results."""
        return {
            "up_seconds": median(self.warm),
            "up_seconds_spread": [min(self.warm), max(self.warm)],
            "up_new_seconds": median(self.new),
        }


def measure(folder: Path) -> Figures:
    """Starts this clone several times; the first, which warms up, doesn't count."""
    home = folder / "mesh"
    up(ROOT, home, {})
    warm = tuple(up(ROOT, home, {}) for _ in range(STARTS))
    return Starts(warm, tuple(_new(home) for _ in range(NEW_STARTS))).figures()


def _new(home: Path) -> float:
    shutil.rmtree(home)
    return up(ROOT, home, {})


def measure_cold(folder: Path) -> Figures:
    """Starts a fresh clone once."""
    return {"up_cold_seconds": up(_cloned(folder), folder / "mesh", {})}


def measure_empty(folder: Path) -> Figures:
    """Starts a fresh clone once, with every cache in an empty folder."""
    caches = {name: str(folder / name) for name in _CACHES}
    return {"up_empty_seconds": up(_cloned(folder), folder / "mesh", caches)}


def _cloned(folder: Path) -> Path:
    clone = folder / "clone"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
    return clone


def up(clone: Path, home: Path, caches: Mapping[str, str]) -> float:
    """Seconds from `make up` to the last pod's readiness; then stops it. Its data stays in `home`.

    Raises:
        RuntimeError: it ended without saying that all are ready.
    """
    environment = {**os.environ, **caches, "SOUK_HOME": str(home)}
    begun, said, took = time.monotonic(), "", None
    command = ["make", "up", f"PORT={free_port()}"]
    try:
        with subprocess.Popen(
            command, cwd=clone, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as make:
            assert make.stdout is not None
            for line in make.stdout:
                said += line
                ready = _READY.search(line)
                if ready and ready[1] == ready[2]:
                    took = time.monotonic() - begun
    finally:
        subprocess.run(["make", "down"], cwd=clone, env=environment, check=True, stdout=subprocess.DEVNULL)
    if took is None or make.returncode:
        raise RuntimeError(f"`make up` in {clone} ended with {make.returncode}:\n{said}")
    return took
