"""One pod: its proxy first, then init containers in order, then the containers; and the same backwards."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass
from enum import StrEnum

from souk_mesh.objects import ObjectKey, PodTemplate
from souk_mesh.topology import ContainerPort, Pod, PodAddresses, Proxy, ServiceKey
from souk_mesh.workloads.container import ContainerRunner, ContainerState, Phase
from souk_mesh.workloads.ledger import Ledger
from souk_mesh.workloads.plan import PodPlan

log = logging.getLogger(__name__)


class PodPhase(StrEnum):
    """Where a pod is in its life."""

    PENDING = "Pending"
    INIT = "Init"
    RUNNING = "Running"
    SUCCEEDED = "Completed"
    FAILED = "Failed"
    TERMINATING = "Terminating"
    GONE = "Gone"

    @property
    def ended(self) -> bool:
        """Whether its containers have come to their end by themselves."""
        return self in (PodPhase.SUCCEEDED, PodPhase.FAILED)


@dataclass(frozen=True)
class PodIdentity:
    """What is settled about a pod before anything of it runs."""

    namespace: str
    name: str
    owner: ObjectKey
    """The workload that it is for."""
    revision: str
    """The hash of that workload's template."""
    template: PodTemplate
    addresses: PodAddresses
    proxy: Proxy
    created: float

    @property
    def place(self) -> str:
        """What tells it from all other pods, also as a path: `namespace/name`."""
        return f"{self.namespace}/{self.name}"

    @property
    def labels(self) -> Mapping[str, str]:
        """Its labels."""
        return self.template.metadata.labels

    @property
    def ports(self) -> tuple[ContainerPort, ...]:
        """The ports that its containers declare."""
        containers = self.template.spec.containers
        return tuple(ContainerPort(port.name, port.container_port) for each in containers for port in each.ports)

    def pod(
        self,
        addresses: PodAddresses,
        *,
        ready: bool,
        exposed: Mapping[int, int],
        calls: frozenset[ServiceKey] = frozenset(),
    ) -> Pod:
        """The pod as proxies must know it."""
        return Pod(
            namespace=self.namespace,
            name=self.name,
            service_account=self.template.spec.service_account_name,
            labels=self.labels,
            addresses=addresses,
            ports=self.ports,
            proxy=self.proxy,
            ready=ready,
            exposed=exposed,
            calls=calls,
        )


class PodRunner:
    """Runs the programs of one pod. `changed` is called whenever its state is another."""

    def __init__(self, identity: PodIdentity, plan: PodPlan, ledger: Ledger, changed: Callable[[], None]) -> None:
        self.identity = identity
        self.phase = PodPhase.PENDING
        self.ready_since: float | None = None
        self.ended_at: float | None = None
        """When its containers came to their end by themselves, on the monotonic clock."""
        self._changed = changed
        self._proxy = ContainerRunner(plan.proxy, ledger, self._moved)
        self._init = tuple(ContainerRunner(each, ledger, self._moved) for each in plan.init)
        self._containers = tuple(ContainerRunner(each, ledger, self._moved) for each in plan.containers)
        self._proxy_ready = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def ready(self) -> bool:
        """Whether it should be an endpoint: everything is ready and nothing is about to end."""
        return self.phase is PodPhase.RUNNING and all(each.state.ready for each in (self._proxy, *self._containers))

    @property
    def restarts(self) -> int:
        """How often a container of it was started again, the proxy left out."""
        return sum(each.state.restarts for each in (*self._init, *self._containers))

    @property
    def states(self) -> Mapping[str, ContainerState]:
        """The state of each container by name, in the order in which they start; the proxy is `istio-proxy`."""
        return {each.name: each.state for each in (self._proxy, *self._init, *self._containers)}

    @property
    def pids(self) -> tuple[int, ...]:
        """The processes that run now."""
        every = (self._proxy, *self._init, *self._containers)
        return tuple(each.pid for each in every if each.pid is not None)

    def start(self) -> None:
        """Begins to run it; returns at once."""
        self._run(self._proxy.keep())
        self._run(self._begin())

    async def terminate(self, withdrawn: Callable[[], Awaitable[None]], alone: asyncio.Event) -> None:
        """Ends it: endpoint removed, wait, SIGTERM, drain, proxy last. docs/rollout.md gives the reasons.

        `withdrawn` returns when no proxy sends it requests any more; only then its programs are stopped.
        `alone` is set when everything ends, and nobody need be waited for.
        """
        self.phase = PodPhase.TERMINATING
        self._moved()
        await withdrawn()
        log.info("%s: withdrawn, no proxy sends it anything new", self.identity.name)
        await asyncio.gather(*(each.stop(alone) for each in (*self._init, *self._containers)))
        await self._proxy.stop(alone)
        # Nothing runs any more, so what is left are tasks that wait to begin.
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.phase = PodPhase.GONE
        self._moved()

    async def _begin(self) -> None:
        await self._proxy_ready.wait()
        policy = self.identity.template.spec.restart_policy
        for each in self._init:
            self._enter(PodPhase.INIT)
            await (each.once() if policy == "Never" else each.complete())
            if each.state.phase is not Phase.COMPLETED:
                await self._finish(succeeded=False)
                return
        self._enter(PodPhase.RUNNING)
        if policy == "Always":
            for each in self._containers:
                self._run(each.keep())
            return
        await asyncio.gather(*(each.once() if policy == "Never" else each.complete() for each in self._containers))
        await self._finish(succeeded=all(each.state.phase is Phase.COMPLETED for each in self._containers))

    async def _finish(self, *, succeeded: bool) -> None:
        """Ends the proxy when the containers have come to their end, as a native sidecar ends."""
        if self.phase is PodPhase.TERMINATING:
            return
        await self._proxy.stop(asyncio.Event())
        self.ended_at = time.monotonic()
        self._enter(PodPhase.SUCCEEDED if succeeded else PodPhase.FAILED)

    def _enter(self, phase: PodPhase) -> None:
        if self.phase is not PodPhase.TERMINATING:
            self.phase = phase
            self._moved()

    def _moved(self) -> None:
        if self._proxy.state.ready:
            self._proxy_ready.set()
        if not self.ready:
            self.ready_since = None
        elif self.ready_since is None:
            self.ready_since = time.monotonic()
        self._changed()

    def _run(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        task.add_done_callback(self._report)
        self._tasks.append(task)

    def _report(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("pod %s: %s", self.identity.name, error, exc_info=error)
