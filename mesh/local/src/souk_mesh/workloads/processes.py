"""Children of the supervisor: each in a session of its own, noted in the ledger, its output in a file."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from souk_mesh.workloads.ledger import Ledger


@dataclass(frozen=True)
class Command:
    """A program to run, complete: nothing is taken from the supervisor's own environment."""

    label: str
    """Whose it is, for people: `catalog-x-y/catalog`."""
    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    folder: Path
    log: Path


class CannotStart(Exception):
    """The program could not be started at all; the text says why."""


class Child:
    """A process that runs; `exited` tells when it has ended."""

    def __init__(self, process: subprocess.Popen[bytes], ledger: Ledger) -> None:
        self._process = process
        self._ledger = ledger
        self._handle = os.pidfd_open(process.pid)
        self._done: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.started = time.monotonic()
        asyncio.get_running_loop().add_reader(self._handle, self._reap)

    @property
    def pid(self) -> int:
        """The process id, which is also that of its session."""
        return self._process.pid

    @property
    def ran(self) -> float:
        """Seconds since it was started."""
        return time.monotonic() - self.started

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        return not self._done.done()

    async def exited(self) -> int:
        """Waits for the end; the exit code, or minus the signal that ended it."""
        return await asyncio.shield(self._done)

    def signal(self, number: signal.Signals) -> None:
        """Signals the process itself, unless it has ended."""
        if self.running:
            signal.pidfd_send_signal(self._handle, number)

    async def stop(self, grace: float) -> int:
        """Asks it to end, waits at most `grace` seconds, then ends it and whatever it started."""
        self.signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(grace):
                await self.exited()
        except TimeoutError:
            self.signal(signal.SIGKILL)
        return await self.exited()

    def _reap(self) -> None:
        asyncio.get_running_loop().remove_reader(self._handle)
        self._kill_group()
        code = self._process.wait()
        os.close(self._handle)
        self._ledger.remove(self.pid)
        self._done.set_result(code)

    def _kill_group(self) -> None:
        """Ends what the process started and left: a container's processes end with its first one.

        Called while the leader is still a zombie, so the group's number cannot belong to anybody else.
        """
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            return


def start(command: Command, ledger: Ledger) -> Child:
    """Starts a program with its output appended to its log.

    Raises:
        CannotStart: the program does not exist or may not be run.
    """
    command.log.parent.mkdir(parents=True, exist_ok=True)
    with command.log.open("ab") as log:
        try:
            process = subprocess.Popen(
                command.arguments,
                env=dict(command.environment),
                cwd=command.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            raise CannotStart(f"cannot start {command.arguments[0]}: {error.strerror}") from error
    ledger.add(process.pid, command.label)
    return Child(process, ledger)


async def run(command: Command, ledger: Ledger, timeout: float) -> int:
    """Runs a program to its end; a program that takes longer than `timeout` is ended.

    Raises:
        CannotStart: the program does not exist or may not be run.
        TimeoutError: it was ended.
    """
    child = start(command, ledger)
    try:
        async with asyncio.timeout(timeout):
            return await child.exited()
    finally:
        if child.running:
            child.signal(signal.SIGKILL)
            await child.exited()


def size(log: Path) -> int:
    """How long a log is; nothing when there is none."""
    return log.stat().st_size if log.exists() else 0


def tail(log: Path, lines: int, since: int = 0) -> tuple[str, ...]:
    """Reads the last lines of a log, of what was written after the offset `since`; none when there is no log."""
    # A line of a log is rarely longer than 1 KiB; more than that is cut, which a tail may do.
    window = max(lines, 1) * 1024
    try:
        with log.open("rb") as file:
            end = file.seek(0, os.SEEK_END)
            # An offset past the end means that the log was cut meanwhile.
            file.seek(max(since if since <= end else 0, end - window))
            text = file.read().decode(errors="replace")
    except FileNotFoundError:
        return ()
    return tuple(text.splitlines()[-lines:])


def bound(logs: Sequence[Path], limit: int) -> None:
    """Cuts logs that have grown past `limit` bytes, keeping the last part of each in `<log>.1`.

    The writers append, so cutting the file under them is safe; a line written in between may be lost.
    """
    for log in logs:
        if log.stat().st_size > limit:
            log.with_suffix(".log.1").write_bytes(log.read_bytes()[-limit:])
            os.truncate(log, 0)
