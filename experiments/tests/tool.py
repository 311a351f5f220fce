"""The tool as a person runs it, beside a shop of the tests' own."""

from __future__ import annotations

import os
import queue
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from souk_canary import lease, routing
from souk_canary.homes import Key
from souk_canary.homes.local import LocalMesh
from tests.shop import ROOT, Shop

RULE = Key("VirtualService", "souk", "payment")
PATIENCE = 60.0

Found = TypeVar("Found")

LASTING = """\
experiment: payment
service: payment
baseline: v1
candidate: v2
steps:
  - {percent: 30, duration: 60s}
window: 1s
settle: 500ms
timebox: 90s
guards: {unconfirmed: 20s}
"""
"""An experiment that goes on until something happens to it."""


def until(look: Callable[[], Found], good: Callable[[Found], bool], patience: float = PATIENCE) -> Found:
    """Looks until what is found is good."""
    deadline = time.monotonic() + patience
    while not good(found := look()):
        assert time.monotonic() < deadline, f"after {patience} s it was still {found}"
        time.sleep(0.05)
    return found


class Tool:
    """A running `souk canary run`."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.said: list[str] = []
        self._lines: queue.Queue[str | None] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()

    def says(self, text: str) -> None:
        """Waits until it says so."""
        while (line := self._lines.get(timeout=PATIENCE)) is not None:
            self.said.append(line)
            if text in line:
                return
        raise AssertionError(f"it ended without saying {text!r}:\n{''.join(self.said)}")

    def ends(self) -> int:
        """Waits for its end, and returns its exit code."""
        code = self.process.wait(PATIENCE)
        while (line := self._lines.get(timeout=PATIENCE)) is not None:
            self.said.append(line)
        return code

    def _listen(self) -> None:
        assert self.process.stdout is not None, "it was started with a pipe"
        for line in self.process.stdout:
            self._lines.put(line)
        self._lines.put(None)


class Canary:
    """The tool for one shop, and what it finds and leaves there."""

    def __init__(self, shop: Shop, folder: Path, repository: Path = ROOT) -> None:
        self.shop = shop
        self.folder = folder
        self.repository = repository
        self._home = LocalMesh(shop.state)

    @contextmanager
    def run(self, definition: str, *more: str) -> Iterator[Tool]:
        """Runs an experiment; it is over when the context is."""
        path = self.folder / "definition.yaml"
        path.write_text(definition)
        command = [*self._program, "run", str(path), "--reports", str(self.folder / "runs"), *more]
        process = subprocess.Popen(
            command, env=self._environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        tool = Tool(process)
        try:
            yield tool
        finally:
            process.kill()
            process.wait()
            print("".join(tool.said))  # shown when the test fails

    def does(self, *arguments: str) -> str:
        """Runs another command, and returns what it says."""
        done = subprocess.run(
            [*self._program, *arguments], env=self._environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    @property
    def weights(self) -> Mapping[str, int]:
        """The split that the mesh holds."""
        return routing.weights("payment", self._home.read(RULE))

    @property
    def is_held(self) -> bool:
        """Whether there is a lease."""
        return lease.read(self._home.read(RULE)) is not None

    @property
    def guardians(self) -> list[int]:
        """The guardians of this shop's runs that are alive."""
        return [pid for pid in processes("souk_canary.guardian") if str(self.shop.home) in command(pid)]

    @property
    def _program(self) -> list[str]:
        return [str(ROOT / ".souk/canary-venv/bin/souk-canary")]

    @property
    def _environment(self) -> Mapping[str, str]:
        return {
            **os.environ,
            "SOUK_HOME": str(self.shop.home),
            "SOUK_ROOT": str(self.repository),
            "PYTHONUNBUFFERED": "1",
        }


def command(pid: int) -> str:
    """How a process was started; empty when there is none."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except (FileNotFoundError, ProcessLookupError):
        return ""


def processes(text: str) -> list[int]:
    """The processes whose command has this in it."""
    pids = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]
    return [pid for pid in pids if text in command(pid)]
