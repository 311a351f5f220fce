"""Starts the supervisor in the background, waits for its end, and clears up after one that was killed."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from souk_mesh.cli.failures import Failed
from souk_mesh.state import StateDir, StateError

START_PATIENCE = 20.0
LOOK_EVERY = 0.02


@dataclass(frozen=True)
class Starting:
    """A supervisor that was started a moment ago; meanwhile the command can get ready itself."""

    state: StateDir
    process: subprocess.Popen[bytes]

    def wait(self) -> None:
        """Returns when it takes orders.

        Raises:
            Failed: it ended instead, with what it said; or it does not begin.
        """
        deadline = time.monotonic() + START_PATIENCE
        while not _answers(self.state.control_socket):
            if self.process.poll() is not None:
                lines = self.state.supervisor_log.read_text(errors="replace").strip().splitlines()[-12:]
                said = "\n  ".join(lines)
                raise Failed(said or f"the supervisor ended with code {self.process.returncode} and said nothing")
            if time.monotonic() > deadline:
                self.process.kill()
                raise Failed(
                    f"the supervisor did not start within {START_PATIENCE:g} s\n  see {self.state.supervisor_log}"
                )
            time.sleep(LOOK_EVERY)

    def give_up(self) -> None:
        """Ends it, since there is nothing for it to do."""
        self.process.terminate()
        self.process.wait()


def start(state: StateDir) -> Starting | None:
    """Starts a supervisor in the background, unless one runs; first ends what a killed one left behind.

    Raises:
        Failed: the state folder cannot be written to.
    """
    prepare(state)
    clear_up(state)
    if state.supervisor() is not None:
        return None
    environment = dict(os.environ)
    # Compiled files save the supervisor half a second at every later start.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    state.control_socket.unlink(missing_ok=True)
    with state.supervisor_log.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "souk_mesh.supervisor", "--home", str(state.root)],
            env=environment,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return Starting(state, process)


def wait_for_end(state: StateDir, patience: float) -> None:
    """Returns when the supervisor of a folder has ended.

    Raises:
        Failed: it has not after `patience` seconds.
    """
    deadline = time.monotonic() + patience
    while (pid := state.supervisor()) is not None:
        if time.monotonic() > deadline:
            raise Failed(f"the supervisor (pid {pid}) still runs after {patience:g} s\n  see {state.supervisor_log}")
        time.sleep(LOOK_EVERY)


def clear_up(state: StateDir) -> None:
    """Ends what a killed supervisor left behind, if nobody holds the folder, and says so."""
    # Imported here: most commands find a running supervisor and have nothing to clear up.
    from souk_mesh.workloads.ledger import Ledger  # noqa: PLC0415

    held = state.take_lock()
    if held is None:
        return
    try:
        ended = Ledger(state.children).end_leftovers()
    finally:
        os.close(held)
    if ended:
        print(f"the supervisor was killed earlier; ended the {len(ended)} processes that it left:")
        print("\n".join(f"  {entry.label} (pid {entry.pid})" for entry in ended))


def prepare(state: StateDir) -> None:
    """Makes the state folder.

    Raises:
        Failed: it cannot be written to.
    """
    try:
        state.prepare()
    except StateError as error:
        raise Failed(str(error)) from error


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.connect(str(path))
        except OSError:
            return False
    return True
