"""A process that outlives a run that is killed, and puts its weights back.

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

from souk_canary.homes import HomeError, Key
from souk_canary.lease import BrokenLease
from souk_canary.places import Place
from souk_canary.recovery import recover

ENDED = b"."
"""What the run says last, however it ends, if it can."""
PATIENCE = 600.0
"""Seconds in which a home that does not answer is asked again."""
PAUSE = 0.5
FAREWELL = 5.0
"""Longer than a guardian takes to start and to look."""


class Charge(BaseModel):
    """What a guardian watches over."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    place: Place
    kind: str
    namespace: str
    name: str
    holder: str
    side_by_side: bool = False
    """Whether the run has put pods beside the service's own, which are to go with it."""

    @property
    def key(self) -> Key:
        """The object that the run holds."""
        return Key(self.kind, self.namespace, self.name)


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
        os.write(writing, ENDED)
        os.close(writing)
        # It finds nothing to do, unless the run could not put the weights back: then it goes on trying by itself.
        with suppress(subprocess.TimeoutExpired):
            child.wait(FAREWELL)


def main(charge: Charge) -> None:
    """Waits for the end of the run, and puts right what it has left."""
    killed = os.read(sys.stdin.fileno(), 1) != ENDED
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            if recover(charge.place.home(), charge.key, charge.holder):
                print(f"{charge.holder} was killed: the weights of {charge.key} are put back", file=sys.stderr)
            if killed and charge.side_by_side:
                charge.place.clear(charge.namespace)
            return
        except BrokenLease:
            return  # somebody has written something else there: it is theirs
        except HomeError:
            time.sleep(PAUSE)


if __name__ == "__main__":
    main(Charge.model_validate_json(sys.argv[1]))
