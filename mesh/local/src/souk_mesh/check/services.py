"""Services: the pods and ports behind them."""

from __future__ import annotations

from collections.abc import Iterator

from souk_mesh.check.view import View
from souk_mesh.objects import PodTemplate, Service, ServicePort
from souk_mesh.objects.parsing import Steps
from souk_mesh.problems import Problem, Severity
from souk_mesh.topology import LOWEST_PORT, NO_PRIVILEGES

PROTOCOLS = frozenset({"grpc", "http", "http2", "https", "mongo", "mysql", "redis", "tcp", "tls"})
"""What Istio reads off appProtocol, or off a port's name up to its first hyphen."""


def problems(view: View) -> Iterator[Problem]:
    """Lists what is wrong with each Service."""
    yield from _exposed(view)
    for service in view.objects.list(Service):
        pods = view.pods(service.spec.selector, service.metadata.namespace) if service.spec.selector else ()
        if not pods:
            yield _without_pods(view, service)
        yield from _ports(service, pods)


def _exposed(view: View) -> Iterator[Problem]:
    """In a cluster each LoadBalancer has an address of its own; here all of them have 127.0.0.1."""
    owners: dict[int, Service] = {}
    for service in view.objects.list(Service):
        for index, port in enumerate(service.spec.ports if service.spec.type == "LoadBalancer" else ()):
            first = owners.setdefault(port.port, service)
            if first is not service:
                notes = (f"{first.key} is a LoadBalancer on that port, too: choose another",)
                yield Problem(service.key, ("spec", "ports", index, "port"), f"{port.port} is taken here", notes)


def _without_pods(view: View, service: Service) -> Problem:
    steps: Steps = ("spec", "selector")
    if not service.spec.selector:
        return Problem(
            service.key, steps, "is empty", ("endpoints by hand are not supported: name labels of its pods",)
        )
    shown = ", ".join(f"{name}={value}" for name, value in service.spec.selector.items())
    namespace = service.metadata.namespace
    labels = sorted(
        f"{each.key}: " + ", ".join(f"{name}={value}" for name, value in each.spec.template.metadata.labels.items())
        for each in view.workloads
        if each.metadata.namespace == namespace
    )
    return Problem(service.key, steps, f"({shown}) selects no pods", (f"pods in {namespace} are labelled", *labels))


def _ports(service: Service, pods: tuple[PodTemplate, ...]) -> Iterator[Problem]:
    names: set[str] = set()
    numbers: set[int] = set()
    for index, port in enumerate(service.spec.ports):
        steps: Steps = ("spec", "ports", index)
        if port.port < LOWEST_PORT:
            notes = (NO_PRIVILEGES,)
            message = f"{port.port} is a privileged port"
            yield Problem(service.key, (*steps, "port"), message, notes, Severity.NOT_HERE)
        if not port.name and len(service.spec.ports) > 1:
            yield Problem(service.key, (*steps, "name"), "is required when a Service has several ports")
        if port.name in names or port.port in numbers:
            yield Problem(service.key, steps, "repeats the name or the number of another port")
        if not _says_protocol(port):
            unsaid = (
                "Istio would find out from the first bytes; here the port is TCP: no routes, retries or timeouts",
                "let the name begin with grpc, http, http2 or tcp (`http-web`), or set appProtocol",
            )
            said = f'"{port.name}" says no protocol'
            yield Problem(service.key, (*steps, "name"), said, unsaid, Severity.WARNING)
        names.add(port.name)
        numbers.add(port.port)
        yield from _target(service, pods, steps, port)


def _says_protocol(port: ServicePort) -> bool:
    said = (port.app_protocol or port.name).lower()
    return said.startswith("kubernetes.io/") or said.partition("-")[0] in PROTOCOLS


def _target(service: Service, pods: tuple[PodTemplate, ...], steps: Steps, port: ServicePort) -> Iterator[Problem]:
    for template in pods if isinstance(port.target_port, str) else ():
        known = [each.name for container in template.spec.containers for each in container.ports]
        if port.target_port not in known:
            yield Problem(
                service.key,
                (*steps, "targetPort"),
                f'"{port.target_port}" is no port of the pods that it selects',
                (f"their ports are: {', '.join(known) or 'none'}", "name one of these, or add it to the container"),
            )
            return
