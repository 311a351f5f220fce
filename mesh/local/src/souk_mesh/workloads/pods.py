"""The pods that there are, whatever they are for: begun here and ended here."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from souk_mesh.objects import ObjectKey, PodTemplate
from souk_mesh.workloads.pod import PodRunner

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PodOrder:
    """A pod to make."""

    owner: ObjectKey
    name: str
    template: PodTemplate
    """Complete: with the labels and volumes that its owner adds."""
    revision: str
    """The hash of the owner's template."""


Launch = Callable[[PodOrder], PodRunner]
"""Makes the runner of a new pod."""

Retire = Callable[[PodRunner], Awaitable[None]]
"""Ends a pod, and returns when nothing of it is left."""


@dataclass(frozen=True)
class OwnPods:
    """The pods of one workload."""

    staying: tuple[PodRunner, ...]
    leaving: tuple[PodRunner, ...]
    """Those that are about to end."""


class Pods:
    """Every pod, by its place. Whoever controls some of them creates and deletes them here."""

    def __init__(self, launch: Launch, retire: Retire, changed: Callable[[], None]) -> None:
        self._launch = launch
        self._retire = retire
        self._changed = changed
        self._pods: dict[str, PodRunner] = {}
        self._retiring: dict[str, asyncio.Task[None]] = {}

    @property
    def every(self) -> tuple[PodRunner, ...]:
        """Every pod that exists, those that are about to end among them."""
        return tuple(self._pods.values())

    @property
    def by_place(self) -> Mapping[str, PodRunner]:
        """The same by `namespace/name`."""
        return self._pods

    def of(self, owner: ObjectKey) -> OwnPods:
        """The pods of one workload."""
        own = [pod for pod in self._pods.values() if pod.identity.owner == owner]
        return OwnPods(
            staying=tuple(pod for pod in own if pod.identity.place not in self._retiring),
            leaving=tuple(pod for pod in own if pod.identity.place in self._retiring),
        )

    def create(self, order: PodOrder) -> None:
        """Begins a pod."""
        pod = self._launch(order)
        self._pods[pod.identity.place] = pod
        pod.start()

    def delete(self, pod: PodRunner) -> None:
        """Begins to end one pod; its owner makes another if it lacks one then."""
        place = pod.identity.place
        if place not in self._retiring:
            self._retiring[place] = asyncio.create_task(self._end(pod))

    async def shut_down(self) -> None:
        """Ends all pods at the same time, and returns when they are gone."""
        for pod in self.every:
            self.delete(pod)
        await asyncio.gather(*self._retiring.values())

    async def _end(self, pod: PodRunner) -> None:
        place = pod.identity.place
        try:
            await self._retire(pod)
        except Exception:
            log.exception("pod %s did not end as it should", place)
        finally:
            del self._pods[place]
            del self._retiring[place]
            self._changed()
