"""What the hosts that a VirtualService names mean to one caller."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from souk_mesh.objects import ConsistentHash, Destination, HTTPRoute, VirtualService
from souk_mesh.xds.destinations import Callee, Callees
from souk_mesh.xds.hashing import destination_hash
from souk_mesh.xds.view import cluster_name, full_host

MESH = "mesh"
"""What rules call all sidecars, where they name gateways."""


@dataclass(frozen=True)
class Caller:
    """Whose requests are routed: the proxy, and the listener that they came in by."""

    namespace: str
    labels: Mapping[str, str]
    port: int
    gateway: str = MESH
    """`mesh`, or namespace/name of a Gateway."""
    scheme: str = "http"
    """How requests come in, as far as the proxy can see: `https` where a gateway ends TLS."""


@dataclass(frozen=True)
class Reach:
    """The Services that a rule leads to."""

    callees: Callees
    rule: VirtualService
    caller: Caller

    def cluster(self, destination: Destination) -> str:
        """Where requests are sent that a route sends to a destination."""
        # A sidecar's table is made for one port, so that of each Service Istio sees that port alone.
        return self._cluster(destination, None if self.caller.gateway == MESH else self._only_port(destination))

    def connection_cluster(self, destination: Destination) -> str:
        """Where connections are sent that a TCP route sends to a destination."""
        return self._cluster(destination, self._only_port(destination))

    def callee(self, destination: Destination) -> Callee | None:
        """The Service, if there is one."""
        return self.callees.get(full_host(destination.host, self.rule.metadata.namespace))

    def hash(self, destination: Destination) -> ConsistentHash | None:
        """What a pod of the destination is picked by."""
        return destination_hash(self.callee(destination), destination)

    def _cluster(self, destination: Destination, only_port: int | None) -> str:
        port = destination.port.number if destination.port else only_port or self.caller.port
        callee = self.callee(destination)
        if callee is not None:
            return cluster_name(callee.key, port, destination.subset)
        # A host that nobody knows has no cluster, and its callers are told so: 503, no cluster.
        return f"outbound|{port}|{destination.subset}|{full_host(destination.host, self.rule.metadata.namespace)}"

    def _only_port(self, destination: Destination) -> int | None:
        callee = self.callee(destination)
        ports = callee.service.spec.ports if callee else ()
        return ports[0].port if len(ports) == 1 else None


def request_destinations(entry: HTTPRoute) -> Iterator[Destination]:
    """Everything that a route sends requests or copies of them to."""
    yield from (share.destination for share in entry.route)
    yield from (copy.destination for copy in entry.mirrors)
    if entry.mirror is not None:
        yield entry.mirror


def destinations(rule: VirtualService) -> Iterator[Destination]:
    """Everything that a rule leads to."""
    for entry in rule.spec.http:
        yield from request_destinations(entry)
    for connection in rule.spec.tcp:
        yield from (share.destination for share in connection.route)


def named_callees(callees: Callees, rule: VirtualService) -> Callees:
    """The Services that a rule leads to."""
    hosts = {full_host(each.host, rule.metadata.namespace) for each in destinations(rule)}
    return {host: callees[host] for host in sorted(hosts) if host in callees}
