"""What translation looks at: the objects, the pods, and the few questions that every part of it asks of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from souk_mesh.objects import Service, ServicePort, contains
from souk_mesh.topology import Pod, ServiceKey
from souk_mesh.xds.configuration import Configuration

DOMAIN = "svc.cluster.local"

PortKey = tuple[ServiceKey, int]
"""One port of a Service."""


class Protocol(StrEnum):
    """How a port is spoken to, as far as the proxy must know."""

    HTTP1 = "HTTP"
    HTTP2 = "HTTP2"
    TCP = "TCP"

    @property
    def http(self) -> bool:
        """Whether requests can be told apart."""
        return self is not Protocol.TCP


_PROTOCOLS = {
    "grpc": Protocol.HTTP2,
    "grpc-web": Protocol.HTTP2,
    "http2": Protocol.HTTP2,
    "kubernetes.io/h2c": Protocol.HTTP2,
    "http": Protocol.HTTP1,
    "kubernetes.io/ws": Protocol.HTTP1,
}


def named_protocol(name: str) -> Protocol:
    """Reads a protocol off an appProtocol or a port's name; what says nothing is TCP."""
    lowered = name.lower()
    if lowered in _PROTOCOLS:
        return _PROTOCOLS[lowered]
    if lowered.startswith("grpc-web"):
        return Protocol.HTTP2
    return _PROTOCOLS.get(lowered.partition("-")[0], Protocol.TCP)


def protocol(port: ServicePort) -> Protocol:
    """How a port of a Service is spoken to."""
    return named_protocol(port.app_protocol or port.name)


def encrypted(port: ServicePort) -> bool:
    """Whether what passes a port is the applications' own TLS, as its appProtocol or name says."""
    said = (port.app_protocol or port.name).lower()
    return said.partition("-")[0] in ("https", "tls") or said == "kubernetes.io/wss"


@dataclass(frozen=True)
class Endpoint:
    """A pod behind a port of a Service."""

    pod: Pod
    port: int


@dataclass(frozen=True)
class View:
    """Everything that translation may look at."""

    configuration: Configuration
    pods: tuple[Pod, ...]
    observed: bool = False
    """Whether proxies shall tell an observer of requests."""


def backends(services: Iterable[Service], pods: Iterable[Pod]) -> Mapping[PortKey, tuple[Endpoint, ...]]:
    """The pods that each Service selects, ready or not, with the port that it leads to."""
    by_label: dict[tuple[str, str], list[Pod]] = {}
    for pod in pods:
        for label in pod.labels.items():
            by_label.setdefault(label, []).append(pod)
    found: dict[PortKey, tuple[Endpoint, ...]] = {}
    for service in services:
        namespace = service.metadata.namespace
        first = next(iter(service.spec.selector.items()), None)
        chosen = [pod for pod in by_label.get(first, ()) if selects(service, pod)] if first else []
        for port in service.spec.ports:
            numbers = ((pod, target(port, pod)) for pod in chosen)
            found[ServiceKey(namespace, service.metadata.name), port.port] = tuple(
                Endpoint(pod, number) for pod, number in numbers if number is not None
            )
    return found


def full_host(host: str, namespace: str) -> str:
    """Completes a host that has no dot, in the namespace of the rule that names it."""
    return host if "." in host or "*" in host else f"{host}.{namespace}.{DOMAIN}"


def covers(pattern: str, host: str) -> bool:
    """Whether a host, perhaps with a leading wildcard, means another."""
    return host.endswith(pattern[1:]) if pattern.startswith("*") else pattern == host


def selects(service: Service, pod: Pod) -> bool:
    """Whether a pod is behind a Service; a Service without a selector has none."""
    selector = service.spec.selector
    return bool(selector) and service.metadata.namespace == pod.namespace and contains(pod.labels, selector)


def target(port: ServicePort, pod: Pod) -> int | None:
    """The port of the pod that a Service's port leads to; None when the pod has none of that name."""
    wanted = port.target_port
    if isinstance(wanted, str):
        return next((each.number for each in pod.ports if each.name == wanted), None)
    return wanted or port.port


def cluster_name(key: ServiceKey, port: int, subset: str = "") -> str:
    """What Envoy calls the pods of a Service, or a subset of them."""
    return f"outbound|{port}|{subset}|{key.host}"


def passthrough_name(key: ServiceKey, port: int) -> str:
    """What Envoy calls the same pods when they are reached past all rules, in plain text."""
    return f"PassthroughCluster|{port}||{key.host}"


def inbound_name(port: int) -> str:
    """What Envoy calls the application behind its own proxy."""
    return f"inbound|{port}||"
