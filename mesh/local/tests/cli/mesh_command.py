"""The real `souk` command, bound to a state folder of the tests' own."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

DATA = Path(__file__).parents[1] / "data"
OVERLAY = DATA / "overlay"
SOUK = Path(sys.executable).with_name("souk")


@dataclass(frozen=True)
class Result:
    """What a command printed and how it ended."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Souk:
    """The command, bound to one state folder."""

    home: Path
    port: int

    def __call__(self, *arguments: str, **environment: str) -> Result:
        done = subprocess.run(
            [SOUK, *arguments],
            env={**os.environ, **self.environment, **environment},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return Result(done.returncode, done.stdout, done.stderr)

    @property
    def environment(self) -> Mapping[str, str]:
        return {"SOUK_HOME": str(self.home), "SOUK_IMAGES": str(DATA / "images.toml")}

    def up(self, overlay: Path = OVERLAY, *more: str) -> Result:
        return self("up", "-k", str(overlay), "--port", str(self.port), "--timeout", "30", *more)

    def pods(self) -> dict[str, list[str]]:
        """The words of `souk get pods`, by the pod's name."""
        rows = [line.split() for line in self("get", "pods").out.splitlines()[2:]]
        return {row[0]: row for row in rows if row}

    def supervisor(self) -> int:
        return int((self.home / "lock").read_text())


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def processes_of(home: Path) -> dict[int, str]:
    """The processes whose command line or environment names a state folder."""
    found = {}
    for folder in Path("/proc").iterdir():
        if re.fullmatch(r"\d+", folder.name) and int(folder.name) != os.getpid():
            try:
                words = (folder / "cmdline").read_bytes() + (folder / "environ").read_bytes()
                state = (folder / "stat").read_text().rpartition(")")[2].split()[0]
            except OSError:
                continue
            if os.fsencode(home) in words and state not in "ZX":
                found[int(folder.name)] = words.decode(errors="replace")
    return found
