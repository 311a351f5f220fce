"""Keeps as many pods of each Deployment as it asks for, and replaces them when its template changes."""

from __future__ import annotations

import random
from collections.abc import Callable

from souk_mesh.objects import Deployment
from souk_mesh.workloads.availability import available
from souk_mesh.workloads.naming import pod_name
from souk_mesh.workloads.pods import OwnPods, PodOrder, Pods
from souk_mesh.workloads.rollout import Limits, Plan, Replica, plan, plan_recreate
from souk_mesh.workloads.templates import labelled, revision


class Deployments:
    """Applies the rule in `rollout` to the pods that there are."""

    def __init__(self, pods: Pods, changed: Callable[[], None]) -> None:
        self._pods = pods
        self._changed = changed
        # Names need no secrecy, only to differ.
        self._random = random.Random()

    def roll(self, deployment: Deployment) -> None:
        """Starts and ends what is due now."""
        current = revision(deployment.spec.template)
        own = self._pods.of(deployment.key)
        by_name = {pod.identity.name: pod for pod in own.staying}
        due = self._plan(deployment, current, own)
        for name in due.delete:
            self._pods.delete(by_name[name])
        template = labelled(deployment.spec.template, {"pod-template-hash": current})
        for _ in range(due.create):
            name = pod_name(deployment.metadata.name, current, self._random)
            self._pods.create(PodOrder(deployment.key, name, template, current))

    def _plan(self, deployment: Deployment, current: str, own: OwnPods) -> Plan:
        spec = deployment.spec
        replicas = [
            Replica(
                pod.identity.name,
                pod.identity.revision,
                available(pod, spec.min_ready_seconds, self._changed),
                pod.identity.created,
            )
            for pod in own.staying
        ]
        if spec.strategy.type == "Recreate":
            return plan_recreate(spec.replicas, current, replicas, terminating=len(own.leaving))
        rolling = spec.strategy.rolling
        limits = Limits(rolling.surge(spec.replicas), rolling.unavailable(spec.replicas))
        return plan(spec.replicas, current, replicas, limits)
