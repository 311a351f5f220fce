"""Kills processes of one mesh, at random: programs, sidecars, gateways, the supervisor itself."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.mesh import Mesh


@dataclass(frozen=True)
class Victim:
    """A process that the supervisor of this mesh started, told from a later owner of its pid by its start time."""

    pid: int
    started: int
    label: str

    @property
    def program(self) -> str:
        """The container and its Deployment, whose name two hashes follow in the pod's."""
        pod, _, container = self.label.partition("/")
        return f"{pod.rsplit('-', 2)[0]}/{container}"

    def kill(self) -> None:
        """SIGKILL: it has no time to finish anything."""
        # A handle on the process, so that what is killed is what was looked at.
        with suppress(ProcessLookupError):
            handle = os.pidfd_open(self.pid)
            try:
                if _started(self.pid) == self.started:
                    signal.pidfd_send_signal(handle, signal.SIGKILL)
            finally:
                os.close(handle)


@dataclass(frozen=True)
class Blow:
    """One kill: after a pause, of the supervisor or of whoever stands at that place in the row."""

    after: float
    aim: float
    at_supervisor: bool


def blows(seed: int, every: float, supervisor_at: Sequence[int]) -> Iterator[Blow]:
    """Blows without end, about so many seconds apart; those with the numbers given strike the supervisor."""
    random = Random(seed)
    number = 0
    while True:
        yield Blow(random.uniform(0.5, 1.5) * every, random.random(), number in supervisor_at)
        number += 1


def victims(mesh: Mesh) -> Sequence[Victim]:
    """Every process of the mesh but the supervisor, as its ledger has them."""
    found = []
    for file in (mesh.home / "children").iterdir():
        # It may be gone by now, or half written.
        with suppress(OSError, ValueError, KeyError):
            noted = json.loads(file.read_text())
            found.append(Victim(int(file.name), int(noted["started"]), str(noted["label"])))
    return sorted(found, key=lambda victim: (victim.label, victim.pid))


def rage(mesh: Mesh, overlay: Path, plan: Iterator[Blow], until: Callable[[], bool]) -> Sequence[str]:
    """Strikes until it is enough, and returns who was struck. A dead supervisor is started again as a person would."""
    struck: list[str] = []
    for blow in plan:
        time.sleep(blow.after)
        if until():
            return struck
        if blow.at_supervisor:
            struck.append("supervisor")
            os.kill(mesh.supervisor(), signal.SIGKILL)
            mesh.up(overlay)
            continue
        alive = victims(mesh)
        if alive:
            victim = alive[int(blow.aim * len(alive))]
            struck.append(victim.program)
            victim.kill()
    return struck


def _started(pid: int) -> int:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return -1
    return int(text[text.rindex(")") + 2 :].split()[19])
