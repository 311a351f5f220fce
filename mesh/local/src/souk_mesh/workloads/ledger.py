"""A record of every child on disk, so that the next supervisor can end what a killed one left behind."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

GRACE = 3.0
"""Seconds that leftovers get between SIGTERM and SIGKILL; nobody is served by them any more."""


@dataclass(frozen=True)
class Entry:
    """A child: the leader of a session of its own, told from a later owner of its pid by its start time."""

    pid: int
    started: int
    """In clock ticks since boot, as /proc says it."""
    label: str


@dataclass(frozen=True)
class ProcessStat:
    """What /proc/<pid>/stat says about a process."""

    state: str
    session: int
    started: int


def process_stat(pid: int) -> ProcessStat | None:
    """Reads a process's state; None when there is no such process."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The program's name stands in parentheses and may itself hold spaces and parentheses.
    fields = text[text.rindex(")") + 2 :].split()
    return ProcessStat(state=fields[0], session=int(fields[3]), started=int(fields[19]))


class Ledger:
    """One small file per child that runs, in a folder of the state directory."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def add(self, pid: int, label: str) -> None:
        """Notes a child that has just been started."""
        stat = process_stat(pid)
        if stat is not None:
            (self._folder / str(pid)).write_text(json.dumps({"started": stat.started, "label": label}))

    def remove(self, pid: int) -> None:
        """Strikes out a child that has ended."""
        (self._folder / str(pid)).unlink(missing_ok=True)

    def entries(self) -> tuple[Entry, ...]:
        """Reads what is noted; a file that was cut off while it was written is skipped and removed."""
        return tuple(self._read())

    def _read(self) -> Iterator[Entry]:
        for file in sorted(self._folder.iterdir()):
            try:
                data = json.loads(file.read_text())
                yield Entry(int(file.name), int(data["started"]), str(data["label"]))
            except (ValueError, KeyError):
                file.unlink(missing_ok=True)

    def leftovers(self) -> tuple[Entry, ...]:
        """Says which noted children still run, themselves or through processes that they started."""
        return tuple(entry for entry in self.entries() if members(entry))

    def end_leftovers(self) -> tuple[Entry, ...]:
        """Ends them, politely and then for certain, clears the record, and says which they were."""
        found = self.leftovers()
        _signal_all(found, signal.SIGTERM)
        deadline = time.monotonic() + GRACE
        while any(members(entry) for entry in found) and time.monotonic() < deadline:
            time.sleep(0.02)
        _signal_all(found, signal.SIGKILL)
        for entry in self.entries():
            self.remove(entry.pid)
        return found


def members(entry: Entry) -> tuple[int, ...]:
    """Lists the living processes of a child's session; none when its pid now belongs to somebody else."""
    leader = process_stat(entry.pid)
    if leader is not None and leader.started != entry.started:
        return ()
    return tuple(pid for pid, stat in _processes() if stat.session == entry.pid and stat.state not in "ZX")


def _processes() -> Iterator[tuple[int, ProcessStat]]:
    for name in os.listdir("/proc"):
        if name.isdigit() and (stat := process_stat(int(name))) is not None:
            yield int(name), stat


def _signal_all(entries: Sequence[Entry], number: signal.Signals) -> None:
    for entry in entries:
        for pid in members(entry):
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                continue
