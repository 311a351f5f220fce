"""ServiceEntries: what answers for their hosts, and on which ports."""

from __future__ import annotations

from collections.abc import Iterator

from souk_mesh.check.exports import exports
from souk_mesh.check.view import View
from souk_mesh.objects import ServiceEntry
from souk_mesh.objects.entry_services import OWN_TLS
from souk_mesh.objects.parsing import Steps
from souk_mesh.problems import Problem, Severity


def problems(view: View) -> Iterator[Problem]:
    """Lists what is wrong with each ServiceEntry."""
    owners: dict[tuple[str, str], ServiceEntry] = {}
    for entry in view.objects.list(ServiceEntry):
        yield from exports(entry.key, entry.spec.export_to)
        yield from _endpoints(entry)
        yield from _selected(view, entry)
        yield from _encrypted(entry)
        for index, host in enumerate(entry.spec.hosts):
            first = owners.setdefault((entry.metadata.namespace, host), entry)
            if first is not entry:
                notes = (f"{first.key} has it too", "put both into one")
                yield Problem(entry.key, ("spec", "hosts", index), f'"{host}" is entered twice', notes)


def _endpoints(entry: ServiceEntry) -> Iterator[Problem]:
    names = [port.name for port in entry.spec.ports]
    for index, endpoint in enumerate(entry.spec.endpoints):
        steps: Steps = ("spec", "endpoints", index)
        if entry.spec.resolution == "STATIC" and not endpoint.numeric:
            notes = ("write an address, or let the resolution be DNS",)
            yield Problem(entry.key, (*steps, "address"), f'"{endpoint.address}" is no address', notes)
        for name in endpoint.ports:
            if name not in names:
                notes = (f"its ports are: {', '.join(names)}",)
                yield Problem(entry.key, (*steps, "ports", name), "is no port of the entry", notes)
    if entry.spec.resolution == "STATIC" and not entry.spec.endpoints and entry.spec.workload_selector is None:
        notes = ("calls to its hosts fail: list endpoints, or select pods by workloadSelector",)
        yield Problem(entry.key, ("spec", "endpoints"), "are missing", notes, Severity.WARNING)


def _selected(view: View, entry: ServiceEntry) -> Iterator[Problem]:
    selector = entry.spec.workload_selector
    if selector is not None and not view.pods(selector.labels, entry.metadata.namespace):
        shown = ", ".join(f"{name}={value}" for name, value in selector.labels.items())
        yield Problem(entry.key, ("spec", "workloadSelector"), f"({shown}) selects no pods", (), Severity.WARNING)


def _encrypted(entry: ServiceEntry) -> Iterator[Problem]:
    for index, port in enumerate(entry.spec.ports):
        if port.protocol.lower() in OWN_TLS:
            notes = (
                "an application that encrypts by itself must know the host by its name: here it calls it directly",
                "to have it pass the sidecar, call plain HTTP and let a DestinationRule encrypt (tls: SIMPLE)",
            )
            where: Steps = ("spec", "ports", index, "protocol")
            said = f"{port.protocol} does not pass the sidecar here"
            yield Problem(entry.key, where, said, notes, Severity.WARNING)
