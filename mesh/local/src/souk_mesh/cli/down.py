"""`souk down`: ends everything, and says what a killed supervisor had left."""

from __future__ import annotations

import os
import shutil
import signal
from enum import Enum
from pathlib import Path

from souk_mesh.cli import daemon
from souk_mesh.cli.context import state
from souk_mesh.cli.failures import Failed
from souk_mesh.state import StateDir

# Kubernetes' default grace of 30 s, twice, and some time to clear up.
PATIENCE = 90.0


class Data(Enum):
    """What becomes of what the pods have stored."""

    KEPT = "kept"
    REMOVED = "removed"


def down(home: Path | None, data: Data) -> None:
    """Ends the mesh of a state folder; one that does not run is no mistake.

    Raises:
        Failed: it does not end.
    """
    folder = state(home)
    pid = folder.supervisor()
    if pid is not None:
        os.kill(pid, signal.SIGTERM)
        daemon.wait_for_end(folder, PATIENCE)
        print("the mesh is down: no process and no port is left")
    else:
        if folder.lock.exists():
            daemon.clear_up(folder)
            folder.discard_runtime()
            shutil.rmtree(folder.pods, ignore_errors=True)
        print(f"no mesh runs in {folder.root}")
    if data is Data.REMOVED and folder.root.exists():
        _remove(folder)


def _remove(folder: StateDir) -> None:
    # A state folder is known by its lock: nothing else is ever removed.
    if not folder.lock.exists():
        raise Failed(f"{folder.root} is not the state folder of a mesh, so it is left alone")
    shutil.rmtree(folder.root)
    print(f"removed all data in {folder.root}")
