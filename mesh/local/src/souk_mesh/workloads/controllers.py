"""Makes the pods be what the workloads ask for: one loop over all of them, one controller for each kind."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from souk_mesh.objects import Deployment, Job, ObjectKey, StatefulSet, Workload
from souk_mesh.workloads.deployments import Deployments
from souk_mesh.workloads.jobs import Jobs, JobState
from souk_mesh.workloads.pods import Launch, Pods, Retire
from souk_mesh.workloads.stateful_sets import StatefulSets


class Controllers:
    """Call `changed` whenever a workload or a pod is another, and what is due is done."""

    def __init__(self, wanted: Callable[[], Sequence[Workload]], launch: Launch, retire: Retire) -> None:
        self._wanted = wanted
        self._due = asyncio.Event()
        self.pods = Pods(launch, retire, self.changed)
        self._deployments = Deployments(self.pods, self.changed)
        self._stateful_sets = StatefulSets(self.pods, self.changed)
        self._jobs = Jobs(self.pods, self.changed)

    def changed(self) -> None:
        """Says that something is not what it was. Cheap: call it as often as you like."""
        self._due.set()

    def job(self, key: ObjectKey) -> JobState:
        """How far a Job is."""
        return self._jobs.state(key)

    async def run(self) -> None:
        """Does what is due, until cancelled."""
        while True:
            await self._due.wait()
            self._due.clear()
            self.reconcile()

    def reconcile(self) -> None:
        """Starts and ends pods as the workloads ask for at this moment."""
        wanted = {each.key: each for each in self._wanted()}
        self._stateful_sets.forget_all_but(wanted.keys())
        self._jobs.forget_all_but(wanted.keys())
        for pod in self.pods.every:
            if pod.identity.owner not in wanted:
                self.pods.delete(pod)
        for workload in wanted.values():
            match workload:
                case Deployment():
                    self._deployments.roll(workload)
                case StatefulSet():
                    self._stateful_sets.roll(workload)
                case Job():
                    self._jobs.advance(workload)
