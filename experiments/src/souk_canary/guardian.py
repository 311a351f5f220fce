"""A process that outlives a run that is killed, and takes away what it has left: its weights, and pods beside others.

It waits for the end of a pipe whose other end only the run holds, so that it notices whatever way the run ends.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from pydantic import BaseModel, ConfigDict

from souk_canary import lease, routing
from souk_canary.homes import HomeError
from souk_canary.lease import BrokenLease
from souk_canary.places import Place
from souk_canary.recovery import recover

PATIENCE = 600.0
"""Seconds in which a home that does not answer is asked again."""
PAUSE = 0.5
FAREWELL = 5.0
"""Longer than a guardian takes to start and to look."""


class Charge(BaseModel):
    """What a guardian watches over."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    place: Place
    namespace: str
    holder: str
    side_by_side: bool = False
    """Whether the run puts pods beside the service's own, which are to go with it."""


@contextmanager
def guarded(charge: Charge) -> Iterator[int]:
    """Has a guardian as long as the context lasts, and gives its process id."""
    reading, writing = os.pipe()
    # A session of its own: Ctrl-C in the terminal is for the run, which then puts the weights back itself.
    child = subprocess.Popen(
        [sys.executable, "-m", "souk_canary.guardian", charge.model_dump_json()],
        stdin=reading,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    os.close(reading)
    try:
        yield child.pid
    finally:
        os.close(writing)
        # It finds nothing to do, unless the run could not do it all: then it goes on trying by itself.
        with suppress(subprocess.TimeoutExpired):
            child.wait(FAREWELL)


def main(charge: Charge) -> None:
    """Waits for the end of the run, and puts right what it has left."""
    os.read(sys.stdin.fileno(), 1)
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            _put_back(charge)
            if charge.side_by_side:
                charge.place.clear(charge.namespace)
            return
        except HomeError:
            time.sleep(PAUSE)


def _put_back(charge: Charge) -> None:
    home = charge.place.home()
    for rule in home.list("VirtualService", charge.namespace):
        try:
            held = lease.read(rule)
        except BrokenLease:
            continue  # somebody has written something else there: it is theirs
        key = routing.key(rule)
        if held is not None and held.holder == charge.holder and recover(home, key, charge.holder):
            print(f"{charge.holder} is gone: the weights of {key} are put back", file=sys.stderr)


if __name__ == "__main__":
    main(Charge.model_validate_json(sys.argv[1]))
