"""Sidecars: whom they mean, and whether what they show is there."""

from __future__ import annotations

from collections.abc import Iterator

from souk_mesh.check.view import ROOT_NAMESPACE, View, covers
from souk_mesh.objects import Sidecar
from souk_mesh.objects.parsing import Steps
from souk_mesh.problems import Problem, Severity


def problems(view: View) -> Iterator[Problem]:
    """Lists what is wrong with each Sidecar."""
    defaults: dict[str, Sidecar] = {}
    for sidecar in view.objects.list(Sidecar):
        selector = sidecar.spec.workload_selector
        if selector is None:
            first = defaults.setdefault(sidecar.metadata.namespace, sidecar)
            if first is not sidecar:
                notes = (f"{first.key} has none either; Istio takes the older of the two", "remove one")
                said = "is missing, and a namespace has one such Sidecar"
                yield Problem(sidecar.key, ("spec", "workloadSelector"), said, notes)
        elif not view.pods(selector.labels, sidecar.metadata.namespace):
            shown = ", ".join(f"{name}={value}" for name, value in selector.labels.items())
            hint = ("a Sidecar selects pods of its own namespace: is a label misspelt?",)
            steps: Steps = ("spec", "workloadSelector")
            yield Problem(sidecar.key, steps, f"({shown}) selects no pods", hint, Severity.WARNING)
        yield from _hosts(view, sidecar)


def _hosts(view: View, sidecar: Sidecar) -> Iterator[Problem]:
    for index, listener in enumerate(sidecar.spec.egress):
        for number, entry in enumerate(listener.hosts):
            namespace, _, host = entry.partition("/")
            # What is left out, and what is said for the namespaces of others, need not be there.
            if entry.startswith("~") or "*" in (namespace, host) or sidecar.metadata.namespace == ROOT_NAMESPACE:
                continue
            owner = sidecar.metadata.namespace if namespace == "." else namespace
            there = [name for name, each in view.services.items() if each.metadata.namespace == owner]
            if not any(covers(host, name) for name in there):
                notes = (f"hosts in {owner}: {', '.join(there) or 'none'}",)
                where: Steps = ("spec", "egress", index, "hosts", number)
                yield Problem(sidecar.key, where, f'"{entry}" means no host', notes, Severity.WARNING)
