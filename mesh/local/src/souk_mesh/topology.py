"""What runs where on this machine: the pods, as the controllers know them and the proxies must be told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple


class ServiceKey(NamedTuple):
    """Names what can be called: a Kubernetes Service, or a host of a ServiceEntry.

    The name of the latter is the host itself. It has a dot, which the name of a Service never has. So it is of the
    stable name of a StatefulSet's pod, `db-0.db.souk.svc.cluster.local`. A tuple, for it is looked up more often than
    anything else.
    """

    namespace: str
    name: str

    @property
    def host(self) -> str:
        """The full name, as Istio writes it: `payment.souk.svc.cluster.local`, or the ServiceEntry's host."""
        return self.name if self.entered else f"{self.name}.{self.namespace}.svc.cluster.local"

    @property
    def entered(self) -> bool:
        """Whether its name is the host itself."""
        return "." in self.name

    @property
    def governing(self) -> str:
        """The host whose DestinationRules hold: of a pod's own name that of its headless Service."""
        return self.name.partition(".")[2] if self.of_pod else self.host

    @property
    def of_pod(self) -> bool:
        """Whether it is the stable name of one pod."""
        return self.name.count(".") == 5 and self.name.endswith(f".{self.namespace}.svc.cluster.local")


LOWEST_PORT = 1025
"""The first port that takes no privileges."""
NO_PRIVILEGES = f"the local mesh has no privileges: take a port from {LOWEST_PORT}"


def listening_port(port: int) -> int:
    """Where a sidecar listens for calls to a port of a Service: there, if that takes no privileges.

    The ports of hosts outside are what they are, 80 more often than not. Those are moved behind all others.
    """
    return port if port >= LOWEST_PORT else 65535 - LOWEST_PORT + port + 1


@dataclass(frozen=True)
class PodAddresses:
    """The loopback addresses of one pod; ports on them are those of the YAML."""

    pod: str
    """Where the sidecar takes inbound calls: what a pod's IP is in a cluster."""
    application: str
    """Where the application listens; only its own sidecar should call it."""
    virtual: Mapping[ServiceKey, str]
    """Where the sidecar takes outbound calls: one address per Service, private to this pod."""


class Proxy(StrEnum):
    """The part that a pod's Envoy plays, as in Istio's node type."""

    SIDECAR = "sidecar"
    ROUTER = "router"
    """An ingress gateway: the proxy is the whole pod."""


@dataclass(frozen=True)
class ContainerPort:
    """A port that a container declares."""

    name: str
    number: int


@dataclass(frozen=True)
class Pod:
    """One pod: a proxy and, for a sidecar, the application's processes."""

    namespace: str
    name: str
    service_account: str
    labels: Mapping[str, str]
    addresses: PodAddresses
    ports: tuple[ContainerPort, ...]
    proxy: Proxy
    ready: bool
    """Whether it is an endpoint of the Services that select it."""
    exposed: Mapping[int, int]
    """For a router behind a LoadBalancer Service: container port → the port on 127.0.0.1 where it is also bound."""
    calls: frozenset[ServiceKey] = frozenset()
    """The Services whose addresses its containers were given."""

    @cached_property
    def node(self) -> str:
        """The proxy's node id, as Istio writes it."""
        return f"{self.proxy}~{self.addresses.pod}~{self.name}.{self.namespace}~{self.namespace}.svc.cluster.local"

    @property
    def identity(self) -> str:
        """The SPIFFE id that its certificate carries (istio-semantics 24)."""
        return f"spiffe://cluster.local/ns/{self.namespace}/sa/{self.service_account}"
