"""Runs the pods of each Job to their end, and tries again what failed."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from souk_mesh.objects import Job, ObjectKey
from souk_mesh.workloads.backoff import Backoff
from souk_mesh.workloads.completions import Outcome, Tally, Task, plan_job
from souk_mesh.workloads.naming import suffixed
from souk_mesh.workloads.pod import PodPhase, PodRunner
from souk_mesh.workloads.pods import PodOrder, Pods
from souk_mesh.workloads.templates import labelled, revision


@dataclass(frozen=True)
class JobState:
    """How far a Job is."""

    outcome: Outcome = Outcome.RUNNING
    succeeded: int = 0
    failures: int = 0


class Jobs:
    """Applies the rule in `completions` to the pods that there are. Pods that have ended stay, for their logs."""

    def __init__(self, pods: Pods, changed: Callable[[], None]) -> None:
        self._pods = pods
        self._changed = changed
        self._states: dict[ObjectKey, JobState] = {}
        self._random = random.Random()

    def state(self, key: ObjectKey) -> JobState:
        """How far a Job is."""
        return self._states.get(key, JobState())

    def forget_all_but(self, keys: Collection[ObjectKey]) -> None:
        """Drops what was kept of Jobs that are no more."""
        for gone in self._states.keys() - keys:
            del self._states[gone]

    def advance(self, job: Job) -> None:
        """Starts and ends what is due now. A Job that has ended stays as it is."""
        if self.state(job.key).outcome is not Outcome.RUNNING:
            return
        own = self._pods.of(job.key).staying
        active = [pod for pod in own if not pod.phase.ended]
        tally = _tally(own, active)
        due = plan_job(Task(job.spec.wanted, job.spec.parallelism, job.spec.backoff_limit), tally)
        self._states[job.key] = JobState(due.outcome, tally.succeeded, tally.failed + tally.restarts)
        ending = active if due.outcome is not Outcome.RUNNING else active[len(active) - due.surplus :]
        for pod in ending:
            self._pods.delete(pod)
        if due.create and self._may_try(own):
            for _ in range(due.create):
                self._pods.create(self._order(job))

    def _may_try(self, own: Sequence[PodRunner]) -> bool:
        """Tells whether the pause after the last failure is over; if not, looks again when it is."""
        ends = [pod.ended_at for pod in own if pod.phase is PodPhase.FAILED and pod.ended_at is not None]
        if not ends:
            return True
        # The first failure of a pod is already one that is tried again.
        missing = Backoff(len(ends) + 1).delay - (time.monotonic() - max(ends))
        if missing > 0:
            asyncio.get_running_loop().call_later(missing, self._changed)
        return missing <= 0

    def _order(self, job: Job) -> PodOrder:
        name = job.metadata.name
        labels = {"batch.kubernetes.io/job-name": name, "job-name": name}
        template = labelled(job.spec.template, labels)
        return PodOrder(job.key, suffixed(name, self._random), template, revision(job.spec.template))


def _tally(own: Sequence[PodRunner], active: Sequence[PodRunner]) -> Tally:
    on_failure = [pod for pod in active if pod.identity.template.spec.restart_policy == "OnFailure"]
    return Tally(
        active=len(active),
        succeeded=sum(pod.phase is PodPhase.SUCCEEDED for pod in own),
        failed=sum(pod.phase is PodPhase.FAILED for pod in own),
        restarts=sum(pod.restarts for pod in on_failure),
    )
