"""Where a sidecar sends its application's requests (RDS): one table for every port of every Service."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from envoy.config.route.v3 import route_components_pb2, route_pb2
from envoy.config.route.v3.route_components_pb2 import VirtualHost
from google.protobuf import wrappers_pb2

from souk_mesh.objects import ServicePort, VirtualService
from souk_mesh.topology import ServiceKey
from souk_mesh.xds.destinations import Callee, Callees, covers
from souk_mesh.xds.matches import everything
from souk_mesh.xds.protos import duration
from souk_mesh.xds.rules import MESH, Caller, Rewritten, applies, rule_routes, service_route
from souk_mesh.xds.view import full_host, passthrough_name


def routes_name(key: ServiceKey, port: int) -> str:
    """What the table of one port of a Service is called."""
    return f"{key.host}:{port}"


@dataclass(frozen=True)
class Callers:
    """Pods that are told the same about everybody else."""

    namespace: str
    labels: tuple[tuple[str, str], ...]
    """Those that some rule asks a caller for."""


@dataclass(frozen=True)
class Routed:
    """One port of a Service, and what its table is made from but for the caller's own address."""

    callers: Callers
    callee: Callee
    port: ServicePort
    rule: VirtualService | None
    named: Callees
    """The Services that the rule leads to."""


@dataclass(frozen=True, eq=False)
class Hosts:
    """What all callers of one port of a Service have in common: to be compared by identity."""

    table: str
    by_name: VirtualHost
    by_address: VirtualHost
    """Without the address, which each pod has for itself."""
    others: VirtualHost


def common_hosts(given: Routed) -> Hosts:
    """The virtual hosts of one port of a Service."""
    key, number = given.callee.key, given.port.port
    names = known_names(key, given.callers.namespace)
    # The supervisor wrote a virtual address where the application had a name: to everybody else the call must look as
    # if it still had.
    rewritten = Rewritten(f"{names[0]}:{number}")
    return Hosts(
        table=routes_name(key, number),
        by_name=VirtualHost(
            name=f"{key.host}:{number}",
            domains=names,
            routes=_routes(given, None),
            include_request_attempt_count=True,
        ),
        by_address=VirtualHost(
            name=f"{key.host}:{number}|address",
            routes=_routes(given, rewritten),
            include_request_attempt_count=True,
        ),
        others=_allow_any(key, given.port),
    )


@dataclass(frozen=True)
class OwnTable:
    """The table of one pod: what is common, and the pod's own address for the Service."""

    hosts: Hosts
    address: str


def outbound_table(given: OwnTable) -> route_pb2.RouteConfiguration:
    """Where requests go that a pod sends to one port of a Service."""
    table = route_pb2.RouteConfiguration(
        name=given.hosts.table,
        virtual_hosts=[given.hosts.by_name, given.hosts.by_address, given.hosts.others],
        ignore_port_in_host_matching=True,
        validate_clusters=wrappers_pb2.BoolValue(value=False),
    )
    table.virtual_hosts[1].domains.append(given.address)
    return table


def known_names(key: ServiceKey, namespace: str) -> list[str]:
    """The authorities that mean a Service to a caller in `namespace`, the usual one first."""
    names = [f"{key.name}.{key.namespace}", f"{key.name}.{key.namespace}.svc", key.host, f"{key.host}."]
    return [key.name, *names] if namespace == key.namespace else names


def _routes(given: Routed, rewritten: Rewritten | None) -> list[route_components_pb2.Route]:
    if given.rule is None:
        return [service_route(given.callee, given.port.port, rewritten)]
    caller = Caller(given.callers.namespace, dict(given.callers.labels), given.port.port)
    return list(rule_routes(given.named, given.rule, caller, rewritten))


class MeshRules:
    """The VirtualServices that speak to sidecars, to be found by the host that is called; the oldest comes first."""

    def __init__(self, rules: Iterable[VirtualService]) -> None:
        self._by_host: dict[str, VirtualService] = {}
        for rule in rules:
            if applies(rule, MESH):
                for host in rule.spec.hosts:
                    self._by_host.setdefault(full_host(host, rule.metadata.namespace), rule)
        self._wildcards = sorted((host for host in self._by_host if host.startswith("*")), key=len, reverse=True)

    def of(self, key: ServiceKey) -> VirtualService | None:
        """The one that wins for a Service: one that names it before one with a wildcard."""
        if key.host in self._by_host:
            return self._by_host[key.host]
        return next((self._by_host[host] for host in self._wildcards if covers(host, key.host)), None)


def _allow_any(key: ServiceKey, port: ServicePort) -> VirtualHost:
    """Takes what carries an authority that is no name of the Service: past all rules and in plain text, as in Istio."""
    action = route_components_pb2.RouteAction(
        cluster=passthrough_name(key, port.port),
        timeout=duration(timedelta()),
        max_grpc_timeout=duration(timedelta()),
    )
    return VirtualHost(
        name="allow_any",
        domains=["*"],
        routes=[route_components_pb2.Route(name="allow_any", match=everything(), route=action)],
        include_request_attempt_count=True,
    )
