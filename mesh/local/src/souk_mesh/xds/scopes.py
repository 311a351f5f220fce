"""Which pods see the mesh alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from souk_mesh.objects import DestinationRule, ObjectKey, Sidecar, contains
from souk_mesh.topology import Pod, Proxy
from souk_mesh.xds.configuration import ROOT_NAMESPACE


@dataclass(frozen=True)
class Scope:
    """Pods that see the mesh alike: their proxies are told the same clusters and endpoints."""

    namespace: str
    router: bool
    sidecar: ObjectKey | None
    labels: tuple[tuple[str, str], ...]
    """Those by which DestinationRules of the namespace tell callers apart."""


def scopes(pods: Iterable[Pod], sidecars: Sequence[Sidecar], rules: Iterable[DestinationRule]) -> Mapping[str, Scope]:
    """The scope of each pod, by its node."""
    asked: dict[str, set[str]] = {}
    for rule in rules:
        if rule.spec.workload_selector is not None:
            asked.setdefault(rule.metadata.namespace, set()).update(rule.spec.workload_selector.match_labels)
    by_namespace: dict[str, list[Sidecar]] = {}
    # Those that choose their pods come before those that are for all the others.
    for sidecar in sorted(sidecars, key=lambda each: each.spec.workload_selector is None):
        by_namespace.setdefault(sidecar.metadata.namespace, []).append(sidecar)
    return {pod.node: _scope(pod, by_namespace, asked.get(pod.namespace, set())) for pod in pods}


def _scope(pod: Pod, sidecars: Mapping[str, Sequence[Sidecar]], asked: set[str]) -> Scope:
    router = pod.proxy is Proxy.ROUTER
    found = None if router else _sidecar(pod, sidecars)
    labels = tuple(sorted((name, pod.labels[name]) for name in asked if name in pod.labels))
    return Scope(pod.namespace, router, found.key if found else None, labels)


def _sidecar(pod: Pod, sidecars: Mapping[str, Sequence[Sidecar]]) -> Sidecar | None:
    for each in sidecars.get(pod.namespace, ()):
        selector = each.spec.workload_selector
        if selector is None or contains(pod.labels, selector.labels):
            return each
    return next((each for each in sidecars.get(ROOT_NAMESPACE, ()) if each.spec.workload_selector is None), None)
