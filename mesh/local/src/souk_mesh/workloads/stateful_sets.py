"""Keeps the numbered pods of each StatefulSet running, each with its own name and claims."""

from __future__ import annotations

from collections.abc import Callable, Collection

from souk_mesh.objects import ObjectKey, PodTemplate, StatefulSet
from souk_mesh.workloads.availability import available
from souk_mesh.workloads.ordered import Member, Wish, plan_ordered
from souk_mesh.workloads.pod import PodRunner
from souk_mesh.workloads.pods import OwnPods, PodOrder, Pods
from souk_mesh.workloads.templates import claiming, labelled, revision


class StatefulSets:
    """Applies the rule in `ordered` to the pods that there are."""

    def __init__(self, pods: Pods, changed: Callable[[], None]) -> None:
        self._pods = pods
        self._changed = changed
        self._settled: dict[ObjectKey, PodTemplate] = {}
        """The template that all pods of a StatefulSet had last: pods below its partition get it again."""

    def forget_all_but(self, keys: Collection[ObjectKey]) -> None:
        """Drops what was kept of StatefulSets that are no more."""
        for gone in self._settled.keys() - keys:
            del self._settled[gone]

    def roll(self, wanted: StatefulSet) -> None:
        """Starts and ends what is due now."""
        current = revision(wanted.spec.template)
        own = self._pods.of(wanted.key)
        by_ordinal = {ordinal(pod.identity.name): pod for pod in own.staying}
        members = self._members(wanted, own)
        whole = len(members) == wanted.spec.replicas and all(
            each.revision == current and each.available for each in members
        )
        if whole or wanted.key not in self._settled:
            self._settled[wanted.key] = wanted.spec.template
        due = plan_ordered(wish(wanted, current), members)
        for number in due.delete:
            self._pods.delete(by_ordinal[number])
        for number in due.create:
            self._pods.create(self._order(wanted, number))

    def _members(self, wanted: StatefulSet, own: OwnPods) -> list[Member]:
        def member(pod: PodRunner, *, leaving: bool) -> Member:
            ready = not leaving and available(pod, wanted.spec.min_ready_seconds, self._changed)
            return Member(ordinal(pod.identity.name), pod.identity.revision, ready, leaving)

        return [
            *(member(pod, leaving=False) for pod in own.staying),
            *(member(pod, leaving=True) for pod in own.leaving),
        ]

    def _order(self, wanted: StatefulSet, number: int) -> PodOrder:
        spec, name = wanted.spec, f"{wanted.metadata.name}-{number}"
        held_back = number < spec.ordinals.start + spec.update_strategy.partition
        template = self._settled.get(wanted.key, spec.template) if held_back else spec.template
        made_from = revision(template)
        labels = {
            "apps.kubernetes.io/pod-index": str(number),
            "controller-revision-hash": f"{wanted.metadata.name}-{made_from}",
            "statefulset.kubernetes.io/pod-name": name,
        }
        claims = tuple(each.metadata.name for each in spec.volume_claim_templates)
        return PodOrder(wanted.key, name, claiming(labelled(template, labels), claims, name), made_from)


def wish(wanted: StatefulSet, current: str) -> Wish:
    """What a StatefulSet asks for, as the rule reads it."""
    spec = wanted.spec
    return Wish(
        start=spec.ordinals.start,
        replicas=spec.replicas,
        revision=current,
        in_order=spec.pod_management_policy == "OrderedReady",
        update_from=None if spec.update_strategy.type == "OnDelete" else spec.update_strategy.partition,
    )


def ordinal(pod: str) -> int:
    """The number at the end of a pod's name."""
    return int(pod.rpartition("-")[2])
