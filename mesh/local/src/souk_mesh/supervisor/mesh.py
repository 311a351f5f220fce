"""The running mesh: store, controllers and proxies, wired together. One event loop, one thread."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from souk_mesh.addresses import PodIndexes, Range, ServiceNumbers
from souk_mesh.identity import CertificateAuthority, Identities
from souk_mesh.images import Images
from souk_mesh.objects import Deployment, Job, PodTemplate, Service, ServiceEntry, StatefulSet, Workload
from souk_mesh.objects.entry_services import callable_services
from souk_mesh.ports import exposed
from souk_mesh.state import StateDir
from souk_mesh.store import Event, Store
from souk_mesh.topology import Pod, PodAddresses, Proxy, ServiceKey
from souk_mesh.workloads.controllers import Controllers
from souk_mesh.workloads.draining import drain
from souk_mesh.workloads.ledger import Ledger
from souk_mesh.workloads.plan import PodPlan
from souk_mesh.workloads.pod import PodIdentity, PodRunner
from souk_mesh.workloads.pods import PodOrder
from souk_mesh.workloads.proxy import ADMIN_PORT, ProxyPrograms
from souk_mesh.workloads.resolve import Resolver
from souk_mesh.workloads.rewriting import Rewrite
from souk_mesh.xds import AdsServer, Configuration, Publisher

# How long a pod waits for every proxy to have heard that it leaves; an acknowledgement takes milliseconds.
WITHDRAWAL = 5.0

# When a mesh starts, its pods become ready within a second, and what each proxy is told takes 5 ms to work out.
TOGETHER = 0.05


@dataclass(frozen=True)
class Programs:
    """What pods are made of on this machine."""

    images: Images
    proxy: ProxyPrograms


class Mesh:
    """Everything that runs between `start` and `stop`."""

    def __init__(self, state: StateDir, addresses: Range, programs: Programs) -> None:
        self.store = Store()
        self.port: int | None = None
        """Where the first LoadBalancer port is bound on 127.0.0.1, if not where its Service says."""
        self.rewrites: dict[str, tuple[Rewrite, ...]] = {}
        """What was rewritten for each pod, by its place."""
        self.ads = AdsServer(state.xds_socket)
        self.ledger = Ledger(state.children)
        self.controllers = Controllers(self.workloads, self._launch, self._retire)
        self._state = state
        self._range = addresses
        self._programs = programs
        self._resolver = Resolver(self.store, programs.images, state)
        self._indexes = PodIndexes()
        self._index: dict[str, int] = {}
        self._numbers = ServiceNumbers()
        self._addressed: Mapping[ServiceKey, int] = {}
        self._addresses: dict[int, PodAddresses] = {}
        """Of each pod, by its index, as long as Services have the numbers in `_addressed`."""
        self._published: tuple[Pod, ...] = ()
        self._leaving = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self.publisher = Publisher(
            self.ads,
            Identities(CertificateAuthority.open(state.identity)),
            configuration=lambda: Configuration.of(self.store.snapshot().objects.values()),
            pods=self.pods,
        )

    async def start(self) -> None:
        """Begins to serve proxies and to do what the store's objects ask."""
        await self.ads.start()
        self.store.subscribe(self._stored)
        self._tasks = [asyncio.create_task(self.publisher.run()), asyncio.create_task(self.controllers.run())]

    async def stop(self) -> None:
        """Ends all pods at once and then everything else."""
        self._leaving.set()
        self._tasks[1].cancel()
        await self.controllers.pods.shut_down()
        self._tasks[0].cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.ads.stop()

    async def failed(self) -> None:
        """Returns only if a part of the mesh fails, which none should; raises what it raised."""
        done, _ = await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()

    def pods(self) -> tuple[Pod, ...]:
        """The pods as proxies must know them at this moment."""
        numbers = self._services()
        # One that has come to its end has no proxy any more that could be told anything.
        runners = (each for each in self.controllers.pods.every if not each.phase.ended)
        return tuple(self._topology(runner, numbers) for runner in runners)

    def workloads(self) -> tuple[Workload, ...]:
        """What pods are wanted for."""
        return (*self.store.list(Deployment), *self.store.list(StatefulSet), *self.store.list(Job))

    def rebind(self, port: int | None) -> None:
        """Changes where the first LoadBalancer port is bound."""
        self.port = port
        self.publisher.changed()

    def _launch(self, order: PodOrder) -> PodRunner:
        index = self._indexes.take()
        try:
            identity = PodIdentity(
                namespace=order.owner.namespace,
                name=order.name,
                owner=order.owner,
                revision=order.revision,
                template=order.template,
                addresses=self._range.addresses(index, self._services()),
                proxy=self._kind(order.template),
                created=time.time(),
            )
            runner = PodRunner(identity, self._plan(identity), self.ledger, self._moved)
        except Exception:
            self._indexes.release(index)
            raise
        self._index[identity.place] = index
        return runner

    def _plan(self, identity: PodIdentity) -> PodPlan:
        folder, logs = self._state.pods / identity.place, self._state.logs / identity.place
        init, containers = self._resolver.containers(identity) if identity.proxy is Proxy.SIDECAR else ((), ())
        self.rewrites[identity.place] = tuple(item for each in (*init, *containers) for item in each.rewrites)
        # The node's name and addresses are all that a bootstrap says of a pod; the rest is told over xDS.
        bare = identity.pod(identity.addresses, ready=False, exposed={})
        return PodPlan(
            proxy=self._programs.proxy.plan(bare, folder, logs / "istio-proxy.log"),
            init=tuple(each.plan for each in init),
            containers=tuple(each.plan for each in containers),
        )

    def _kind(self, template: PodTemplate) -> Proxy:
        kinds = {self._programs.images.find(each.image) for each in template.spec.containers}
        return Proxy.ROUTER if Proxy.ROUTER in kinds else Proxy.SIDECAR

    async def _retire(self, pod: PodRunner) -> None:
        identity = pod.identity
        await pod.terminate(lambda: self._withdrawn(pod), self._leaving)
        self._resolver.volumes.discard(identity)
        self._indexes.release(self._index.pop(identity.place))
        self.rewrites.pop(identity.place, None)

    async def _withdrawn(self, pod: PodRunner) -> None:
        """Returns when no proxy sends a pod anything any more, or when all of them end anyway."""
        if self._leaving.is_set():
            return
        ways = [asyncio.create_task(self._withdraw(pod)), asyncio.create_task(self._leaving.wait())]
        done, others = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for other in others:
            other.cancel()
        for each in done:
            each.result()

    async def _withdraw(self, pod: PodRunner) -> bool:
        statuses = await self.publisher.settled(WITHDRAWAL)
        if pod.identity.proxy is Proxy.ROUTER:
            grace = pod.identity.template.spec.termination_grace_period_seconds
            await drain(pod.identity.addresses.application, ADMIN_PORT, grace)
        return all(each.current for each in statuses.values())

    def _callable(self) -> Iterator[Service]:
        store = self.store
        return callable_services(store.list(Service), store.list(StatefulSet), store.list(ServiceEntry))

    def _services(self) -> Mapping[ServiceKey, int]:
        return self._numbers.sync(ServiceKey(each.metadata.namespace, each.metadata.name) for each in self._callable())

    def _topology(self, runner: PodRunner, numbers: Mapping[ServiceKey, int]) -> Pod:
        identity = runner.identity
        addresses = self._addresses_of(self._index[identity.place], numbers)
        bound: Mapping[int, int] = {}
        if identity.proxy is Proxy.ROUTER:
            services = self.store.list(Service)
            bound = exposed(services, self.port, identity.namespace, identity.labels, identity.ports)
        given = {each.after.rpartition(":")[0] for each in self.rewrites.get(identity.place, ())}
        calls = frozenset(key for key, address in addresses.virtual.items() if address in given)
        return identity.pod(addresses, ready=runner.ready, exposed=bound, calls=calls)

    def _addresses_of(self, index: int, numbers: Mapping[ServiceKey, int]) -> PodAddresses:
        if numbers is not self._addressed:
            self._addressed, self._addresses = numbers, {}
        if index not in self._addresses:
            self._addresses[index] = self._range.addresses(index, numbers)
        return self._addresses[index]

    def _stored(self, event: Event) -> None:
        if isinstance(event.object, Deployment | StatefulSet | Job):
            self.controllers.changed()
        self.publisher.changed()

    def _moved(self) -> None:
        self.controllers.changed()
        # Most moves concern nobody else: a container that waits for another reason is the same pod to every proxy.
        if (pods := self.pods()) != self._published:
            # A proxy that starts waits for its configuration; who else became ready may be told a little later.
            awaited = {pod.node for pod in pods} - {pod.node for pod in self._published}
            self._published = pods
            if awaited:
                self.publisher.changed()
            else:
                asyncio.get_running_loop().call_later(TOGETHER, self.publisher.changed)
