"""Changes payment's split again and again, and prints how many ms each change took to be everywhere.

Runs in the environment of the local mesh, whose control messages it speaks.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from souk_mesh.control import methods
from souk_mesh.control.client import ControlClient
from souk_mesh.control.messages import SplitRequest
from souk_mesh.state import StateDir

# Long enough for the proxies to come to rest, so that each change is one by itself.
_PAUSE_SECONDS = 0.05


def main() -> None:
    """Arguments: the mesh's folder, how many changes."""
    home, changes = Path(sys.argv[1]), int(sys.argv[2])
    with ControlClient(StateDir(home).control_socket) as client:
        took = []
        for number in range(changes):
            v1 = number % 2 * 40 + 30
            request = SplitRequest(service="payment", weights={"v1": v1, "v2": 100 - v1})
            took.append(client.ask(methods.SPLIT, request).milliseconds)
            time.sleep(_PAUSE_SECONDS)
    print(json.dumps(took))


if __name__ == "__main__":
    main()
