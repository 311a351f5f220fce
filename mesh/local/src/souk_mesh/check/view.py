"""What the checks look up in the objects: hosts, and the pods that selectors choose."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from souk_mesh.images import Images
from souk_mesh.objects import (
    AnyObject,
    Deployment,
    DestinationRule,
    Job,
    ObjectKey,
    PodTemplate,
    Service,
    ServiceEntry,
    StatefulSet,
    Workload,
)
from souk_mesh.objects.entry_services import as_services
from souk_mesh.objects.inert import Inert
from souk_mesh.objects.meta import contains
from souk_mesh.store import Snapshot, collect
from souk_mesh.topology import ServiceKey

ROOT_NAMESPACE = "istio-system"
"""Istio's policies in it hold for the whole mesh."""


class View:
    """The objects, indexed."""

    def __init__(self, objects: tuple[AnyObject, ...], images: Images) -> None:
        self.objects: Snapshot = collect(objects)
        self.images = images

    @cached_property
    def services(self) -> Mapping[str, Service]:
        """Every Service by its full name, and every host of a ServiceEntry as if it were one."""
        entered = (each for entry in self.objects.list(ServiceEntry) for each in as_services(entry))
        # A Kubernetes Service comes before an entry for the same host, as in Istio.
        found = (*entered, *self.objects.list(Service))
        return {ServiceKey(each.metadata.namespace, each.metadata.name).host: each for each in found}

    @cached_property
    def workloads(self) -> tuple[Workload, ...]:
        """Everything that pods are made for."""
        return (*self.objects.list(Deployment), *self.objects.list(StatefulSet), *self.objects.list(Job))

    @cached_property
    def makers(self) -> Mapping[ObjectKey, Inert]:
        """What operators of a cluster would make Secrets of, by Secret."""
        return {each.secret: each for each in self.objects.list(Inert) if each.secret is not None}

    def service(self, host: str, namespace: str) -> Service | None:
        """Finds the Service that a rule in this namespace means by a host."""
        return self.services.get(full_name(host, namespace))

    def pods(self, labels: Mapping[str, str], namespace: str | None) -> tuple[PodTemplate, ...]:
        """Finds the templates of the pods that have these labels, in one namespace or in all."""
        return tuple(
            each.spec.template
            for each in self.workloads
            if namespace in (None, each.metadata.namespace) and contains(each.spec.template.metadata.labels, labels)
        )

    def namespaces(self, labels: Mapping[str, str]) -> tuple[str, ...]:
        """Finds the namespaces in which there are pods that have these labels."""
        found = (each for each in self.workloads if contains(each.spec.template.metadata.labels, labels))
        return tuple(sorted({each.metadata.namespace for each in found}))

    def rules(self, host: str) -> tuple[DestinationRule, ...]:
        """Finds the DestinationRules of a full name, those with a wildcard too."""
        found = self.objects.list(DestinationRule)
        return tuple(each for each in found if covers(full_name(each.spec.host, each.metadata.namespace), host))


def covers(pattern: str, host: str) -> bool:
    """Tells whether a host, perhaps with a leading wildcard, means another."""
    return host.endswith(pattern[1:]) if pattern.startswith("*") else pattern == host


def full_name(host: str, namespace: str) -> str:
    """Completes a host as Istio does: only a name without a dot is short, and the rule's namespace is meant."""
    return host if host == "*" or "." in host else ServiceKey(namespace, host).host


def unknown_host(view: View, host: str, namespace: str) -> tuple[str, ...]:
    """Says what hosts there are, and why a name that looks right is not."""
    known = ", ".join(view.services) or "none"
    for suffix in (".svc.cluster.local", ".cluster.local"):
        if host + suffix in view.services:
            return (f"Istio takes a name with a dot as it is: write {host}{suffix}",)
    return (f"Services of the mesh: {known}", f"a name without a dot is one of the namespace {namespace}")
