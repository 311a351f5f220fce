"""StatefulSets: the headless Service that gives their pods names."""

from __future__ import annotations

from collections.abc import Iterator

from souk_mesh.check.view import View, full_name
from souk_mesh.objects import Service, StatefulSet, VirtualService
from souk_mesh.problems import Problem, Severity
from souk_mesh.topology import ServiceKey


def problems(view: View) -> Iterator[Problem]:
    """Lists what is wrong between StatefulSets, their Services and what speaks for those."""
    governing: dict[str, StatefulSet] = {}
    for each in view.objects.list(StatefulSet):
        name, namespace = each.spec.service_name, each.metadata.namespace
        service = view.objects.get(Service, namespace, name)
        if service is not None and service.spec.headless:
            governing[ServiceKey(namespace, name).host] = each
        elif name:
            notes = ("its pods have no names in the network: add a Service of that name with clusterIP: None",)
            message = f'"{name}" is no headless Service'
            yield Problem(each.key, ("spec", "serviceName"), message, notes, Severity.WARNING)
    for rule in view.objects.list(VirtualService):
        for index, host in enumerate(rule.spec.hosts if "mesh" in rule.spec.gateways else ()):
            if (owner := governing.get(full_name(host, rule.metadata.namespace))) is not None:
                remedies = (
                    f"in a cluster its routes also hold for calls to one pod of {owner.key} by name; here they don't",
                    "give the pods another Service, without clusterIP: None, and route that",
                )
                yield Problem(rule.key, ("spec", "hosts", index), f'"{host}" is a headless Service', remedies)
