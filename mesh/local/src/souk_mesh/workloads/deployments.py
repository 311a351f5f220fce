"""Keeps as many pods of each Deployment as it asks for, and replaces them when its template changes."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Sequence

from souk_mesh.objects import Deployment
from souk_mesh.workloads.naming import pod_name, template_hash
from souk_mesh.workloads.pod import PodRunner
from souk_mesh.workloads.rollout import Limits, Plan, Replica, plan, plan_recreate

log = logging.getLogger(__name__)

Launch = Callable[[Deployment, str, str], PodRunner]
"""Makes the runner of a new pod, from its Deployment, its name and the hash of the template."""

Retire = Callable[[PodRunner], Awaitable[None]]
"""Ends a pod, and returns when nothing of it is left."""


class Deployments:
    """The controller: call `changed` whenever a Deployment or a pod is another, and it does what is due."""

    def __init__(self, wanted: Callable[[], Sequence[Deployment]], launch: Launch, retire: Retire) -> None:
        self._wanted = wanted
        self._launch = launch
        self._retire = retire
        self._pods: dict[str, PodRunner] = {}
        self._retiring: dict[str, asyncio.Task[None]] = {}
        self._due = asyncio.Event()
        # Names need no secrecy, only to differ.
        self._random = random.Random()

    @property
    def pods(self) -> tuple[PodRunner, ...]:
        """Every pod that exists, those that are about to end among them."""
        return tuple(self._pods.values())

    def changed(self) -> None:
        """Says that something is not what it was. Cheap: call it as often as you like."""
        self._due.set()

    async def run(self) -> None:
        """Does what is due, until cancelled."""
        while True:
            await self._due.wait()
            self._due.clear()
            self.reconcile()

    def reconcile(self) -> None:
        """Starts and ends pods as the Deployments ask for at this moment."""
        wanted = {(each.metadata.namespace, each.metadata.name): each for each in self._wanted()}
        for pod in self.pods:
            if (pod.identity.namespace, pod.identity.deployment) not in wanted:
                self.delete(pod)
        for deployment in wanted.values():
            self._roll(deployment)

    def delete(self, pod: PodRunner) -> None:
        """Begins to end one pod; its Deployment makes another if it lacks one then."""
        name = pod.identity.name
        if name not in self._retiring:
            self._retiring[name] = asyncio.create_task(self._end(pod))

    async def shut_down(self) -> None:
        """Ends all pods at the same time, and returns when they are gone."""
        for pod in self.pods:
            self.delete(pod)
        await asyncio.gather(*self._retiring.values())

    def _roll(self, deployment: Deployment) -> None:
        template = current_hash(deployment)
        due = self._plan(deployment, template)
        for name in due.delete:
            self.delete(self._pods[name])
        for _ in range(due.create):
            name = pod_name(deployment.metadata.name, template, self._random)
            pod = self._launch(deployment, name, template)
            self._pods[name] = pod
            pod.start()

    def _plan(self, deployment: Deployment, template: str) -> Plan:
        own = [pod for pod in self.pods if _belongs(pod, deployment)]
        staying = [pod for pod in own if pod.identity.name not in self._retiring]
        replicas = [self._replica(pod, deployment.spec.min_ready_seconds) for pod in staying]
        wanted, strategy = deployment.spec.replicas, deployment.spec.strategy
        if strategy.type == "Recreate":
            return plan_recreate(wanted, template, replicas, terminating=len(own) - len(staying))
        limits = Limits(strategy.rolling.surge(wanted), strategy.rolling.unavailable(wanted))
        return plan(wanted, template, replicas, limits)

    def _replica(self, pod: PodRunner, settled_after: float) -> Replica:
        since = pod.ready_since
        missing = settled_after - (time.monotonic() - since) if since is not None else 0.0
        if since is not None and missing > 0:
            asyncio.get_running_loop().call_later(missing, self.changed)
        identity = pod.identity
        return Replica(identity.name, identity.template_hash, since is not None and missing <= 0, identity.created)

    async def _end(self, pod: PodRunner) -> None:
        name = pod.identity.name
        try:
            await self._retire(pod)
        except Exception:
            log.exception("pod %s did not end as it should", name)
        finally:
            del self._pods[name]
            del self._retiring[name]
            self.changed()


def current_hash(deployment: Deployment) -> str:
    """The hash of a Deployment's template: pods that carry it are up to date."""
    return template_hash(deployment.spec.template.model_dump(mode="json", by_alias=True, exclude_unset=True))


def _belongs(pod: PodRunner, deployment: Deployment) -> bool:
    identity = pod.identity
    return (identity.namespace, identity.deployment) == (deployment.metadata.namespace, deployment.metadata.name)
