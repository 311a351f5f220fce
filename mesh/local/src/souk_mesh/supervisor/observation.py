"""Who observes requests: one at a time, for as long as it holds the line."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from souk_mesh.control.messages import ObserveReply, ObserveRequest
from souk_mesh.control.server import Refusal
from souk_mesh.supervisor.mesh import Mesh
from souk_mesh.supervisor.reporting import late_proxies

# Two round trips of a proxy take milliseconds; one that needs longer than this is not coming back.
ACKNOWLEDGEMENT = 10.0


class Observation:
    """Lets proxies tell an observer of requests while it is there, and at no other time."""

    def __init__(self, link: Path, mesh: Mesh) -> None:
        self._link = link
        """What proxies call: they are told once where that is, when they start."""
        self._mesh = mesh
        self._socket = ""

    async def hold(self, request: ObserveRequest) -> AsyncIterator[ObserveReply]:
        """Begins, says so when proxies know, and goes on until the observer ends the call or is no more.

        Raises:
            Refusal: somebody else observes.
        """
        if self._socket:
            raise Refusal(f"{self._socket}: somebody observes there already\n  wait until that has ended, or end it")
        self._socket = request.socket
        try:
            self._link.unlink(missing_ok=True)
            self._link.symlink_to(request.socket)
            self._mesh.publisher.observe(observed=True)
            statuses = await self._mesh.publisher.settled(ACKNOWLEDGEMENT)
            yield ObserveReply(late=tuple(late_proxies(self._mesh.pods(), statuses)))
            await asyncio.Event().wait()
        finally:
            self._socket = ""
            self._link.unlink(missing_ok=True)
            # An observer that was killed has left its socket behind.
            if Path(request.socket).is_socket():
                Path(request.socket).unlink(missing_ok=True)
            self._mesh.publisher.observe(observed=False)
            self._mesh.publisher.changed()
