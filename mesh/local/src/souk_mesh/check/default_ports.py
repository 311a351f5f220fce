"""The port of a destination that names none: where Istio takes one that its Service does not have."""

from __future__ import annotations

from collections.abc import Iterator

from souk_mesh.check.view import View, covers, full_name
from souk_mesh.objects import Destination, Gateway, Service, VirtualService
from souk_mesh.objects.parsing import Steps
from souk_mesh.problems import Problem, Severity

MESH = "mesh"


def default_port_problem(
    view: View, service: VirtualService, steps: Steps, destination: Destination, target: Service
) -> Iterator[Problem]:
    """Warns of requests that would be answered with 503, since their destination has no such port."""
    offered = [each.port for each in target.spec.ports]
    if destination.port is not None:
        return
    for caller, ports in _ports_of_callers(view, service, only_port=len(offered) == 1):
        if ports and not ports & set(offered):
            shown = ", ".join(map(str, sorted(ports)))
            notes = (
                f"without a port Istio takes that of the request, which {target.key} does not have",
                f"set port.number to one of {', '.join(map(str, offered))}",
            )
            message = f"is called by {caller} on {shown} alone"
            yield Problem(service.key, (*steps, "port"), message, notes, Severity.WARNING)


def _ports_of_callers(view: View, service: VirtualService, *, only_port: bool) -> Iterator[tuple[str, set[int]]]:
    if MESH in service.spec.gateways:
        names = [full_name(host, service.metadata.namespace) for host in service.spec.hosts]
        called = [each for host, each in view.services.items() if any(covers(name, host) for name in names)]
        yield "sidecars", {port.port for each in called for port in each.spec.ports}
    if not only_port:
        # A gateway takes the only port of a Service that has no more; a sidecar does not.
        yield "gateways", {server.port.number for each in _gateways(view, service) for server in each.spec.servers}


def _gateways(view: View, service: VirtualService) -> Iterator[Gateway]:
    for reference in service.spec.gateways:
        namespace, _, name = reference.rpartition("/")
        found = view.objects.get(Gateway, namespace or service.metadata.namespace, name)
        if isinstance(found, Gateway):
            yield found
