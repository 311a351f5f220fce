"""Workloads under their controllers, with real processes; another program stands in each proxy's place."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable, Coroutine
from pathlib import Path

from souk_mesh.objects import Workload, parse
from souk_mesh.topology import PodAddresses, Proxy
from souk_mesh.workloads.controllers import Controllers
from souk_mesh.workloads.ledger import Ledger
from souk_mesh.workloads.plan import ContainerPlan, PodPlan
from souk_mesh.workloads.pod import PodIdentity, PodRunner
from souk_mesh.workloads.pods import PodOrder
from souk_mesh.workloads.processes import Command

SLEEPS = "import time; time.sleep(60)"


class Controlled:
    """Controllers over workloads that a test may change."""

    def __init__(self, folder: Path, *workloads: Workload) -> None:
        self.workloads = list(workloads)
        self.begun: list[str] = []
        self.ended: list[str] = []
        self._folder = folder
        self._ledger = Ledger(folder / "children")
        self.controllers = Controllers(lambda: self.workloads, self._launch, self._retire)

    @property
    def pods(self) -> tuple[PodRunner, ...]:
        return self.controllers.pods.every

    def pod(self, name: str) -> PodRunner:
        return self.controllers.pods.by_place[f"default/{name}"]

    def change(self, *workloads: Workload) -> None:
        """Puts workloads in place of those of the same name."""
        keys = {each.key for each in workloads}
        self.workloads = [each for each in self.workloads if each.key not in keys] + list(workloads)
        self.controllers.changed()

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(20):
            while not condition():
                await asyncio.sleep(0.01)

    def run(self, story: Callable[[], Coroutine[None, None, None]]) -> None:
        """Runs a story while the controllers do what is due, and ends all pods."""

        async def whole() -> None:
            running = asyncio.create_task(self.controllers.run())
            self.controllers.changed()
            try:
                await story()
            finally:
                running.cancel()
                await self.controllers.pods.shut_down()

        asyncio.run(asyncio.wait_for(whole(), 40))

    def _launch(self, order: PodOrder) -> PodRunner:
        self.begun.append(order.name)
        identity = PodIdentity(
            namespace=order.owner.namespace,
            name=order.name,
            owner=order.owner,
            revision=order.revision,
            template=order.template,
            addresses=PodAddresses("127.9.1.1", "127.9.1.2", {}),
            proxy=Proxy.SIDECAR,
            created=time.time(),
        )
        containers = tuple(self._plan(order.name, each.name, each.args) for each in order.template.spec.containers)
        plan = PodPlan(self._plan(order.name, "istio-proxy", (SLEEPS,)), (), containers)
        return PodRunner(identity, plan, self._ledger, self.controllers.changed)

    def _plan(self, pod: str, container: str, code: tuple[str, ...]) -> ContainerPlan:
        log = self._folder / f"{pod}-{container}.log"
        command = Command(f"{pod}/{container}", (sys.executable, "-c", *code), {"POD": pod}, self._folder, log)
        return ContainerPlan(container, command, grace=2)

    async def _retire(self, pod: PodRunner) -> None:
        async def withdrawn() -> None:
            self.ended.append(pod.identity.name)

        await pod.terminate(withdrawn, asyncio.Event())


def workload(kind: str, code: str, restart_policy: str = "Always", **spec: object) -> Workload:
    """A workload of one container that runs Python code."""
    containers = [{"name": "app", "image": "souk/app", "args": [code]}]
    template = {
        "metadata": {"labels": {"app": "a"}},
        "spec": {"containers": containers, "restartPolicy": restart_policy},
    }
    selector = {} if kind == "Job" else {"selector": {"matchLabels": {"app": "a"}}}
    parsed = parse(
        {
            "apiVersion": "batch/v1" if kind == "Job" else "apps/v1",
            "kind": kind,
            "metadata": {"name": "a"},
            "spec": {"template": template, **selector, **spec},
        }
    )
    assert isinstance(parsed, Workload)
    return parsed
