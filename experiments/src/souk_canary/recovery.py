"""Undoes what a run has left: puts its weights back, unless somebody has set others since."""

from __future__ import annotations

import os
import socket
from datetime import UTC, datetime

from souk_canary import lease, routing
from souk_canary.homes import Document, Home, Key
from souk_canary.homes.rewriting import rewrite
from souk_canary.lease import Lease


class RunningElsewhere(Exception):
    """Another run holds the object; the text says which."""

    def __init__(self, held: Lease) -> None:
        super().__init__(
            f"the run {held.holder} experiments with {held.service} (process {held.pid} on {held.host})\n"
            f"  wait for it, or end it with `souk canary abort {held.service}`"
        )


def gone(held: Lease) -> bool:
    """Tells whether the run that holds a lease is dead: it did not renew it, or its process is not on this machine."""
    if held.left(datetime.now(UTC)) <= 0:
        return True
    if held.host != socket.gethostname():
        return False
    try:
        os.kill(held.pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass  # somebody else's process, but there
    return False


def recover(home: Home, key: Key, holder: str) -> bool:
    """Takes a run's lease off an object and puts back the weights from before it; False when the lease is not there.

    Raises:
        HomeError: the home does not answer, or others keep changing the object.
    """

    def freed(document: Document) -> Document | None:
        held = lease.read(document)
        if held is None or held.holder != holder:
            return None
        ended = lease.with_lease(document, None)
        if routing.has_weights(held.service, document, held.written):
            ended = routing.with_weights(held.service, ended, held.before)
        return ended

    stored = rewrite(home, key, freed)
    if stored is None:
        return False
    home.release(stored)
    return True
