"""Recomputes what every proxy should have whenever something changes, and hands it to the discovery server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from souk_mesh.identity import Identities
from souk_mesh.topology import Pod
from souk_mesh.xds.ads import AdsServer, ProxyStatus
from souk_mesh.xds.configuration import Configuration
from souk_mesh.xds.translation import Translation, translate
from souk_mesh.xds.view import View

# Long enough that the objects of one `apply` are taken together, too short for anybody to notice.
QUIET_SECONDS = 0.003


class Publisher:
    """Keeps proxies up to date; knows nothing of where objects and pods are kept."""

    def __init__(
        self,
        ads: AdsServer,
        identities: Identities,
        *,
        configuration: Callable[[], Configuration],
        pods: Callable[[], Sequence[Pod]],
    ) -> None:
        self._ads = ads
        self._identities = identities
        self._configuration = configuration
        self._pods = pods
        self._told = Translation()
        self._observed = False
        self._dirty = asyncio.Event()

    def changed(self) -> None:
        """Says that objects, pods or certificates are not what they were. Cheap: call it as often as you like."""
        self._dirty.set()

    async def run(self) -> None:
        """Publishes after every change, and renews certificates, until cancelled."""
        self._dirty.set()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._identities.keep_fresh(self.changed))
            while True:
                await self._dirty.wait()
                await asyncio.sleep(QUIET_SECONDS)
                self.catch_up()

    def catch_up(self) -> None:
        """Publishes at once if something has changed, without waiting for more to come."""
        if self._dirty.is_set():
            self.publish()

    def publish(self) -> None:
        """Publishes what holds at this moment."""
        self._dirty.clear()
        view = View(self._configuration(), tuple(self._pods()), self._observed)
        self._told = translate(view, self._identities.certificate, self._identities.roots, self._told)
        for pod in view.pods:
            self._ads.publish(pod.node, self._told.resources(pod))
        for gone in self._ads.nodes() - {pod.node for pod in view.pods}:
            self._ads.forget(gone)

    def observe(self, *, observed: bool) -> None:
        """Says whether proxies shall tell an observer of requests; told with the next publication."""
        self._observed = observed

    def renew_certificates(self) -> int:
        """Gives every identity a new certificate, which is handed out with the next publication; says how many."""
        return self._identities.renew_all()

    async def settled(self, timeout: float) -> dict[str, ProxyStatus]:
        """Publishes what holds now and waits until every connected proxy has taken or refused it."""
        self.publish()
        return await self._ads.acknowledged(timeout)
