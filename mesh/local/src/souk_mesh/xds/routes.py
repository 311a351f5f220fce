"""Where a sidecar sends its application's requests (RDS): one table for every port of every Service."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from envoy.config.route.v3 import route_components_pb2, route_pb2
from envoy.config.route.v3.route_components_pb2 import VirtualHost

from souk_mesh.objects import ServicePort, VirtualService
from souk_mesh.objects.route_answers import LARGEST_BODY
from souk_mesh.topology import ServiceKey
from souk_mesh.xds.actions import timed_action
from souk_mesh.xds.destinations import Callee, Callees
from souk_mesh.xds.matches import everything
from souk_mesh.xds.mesh_rules import known_names
from souk_mesh.xds.protos import flag, uint32
from souk_mesh.xds.reach import Caller, Reach
from souk_mesh.xds.rules import rule_routes, service_route
from souk_mesh.xds.scopes import Scope
from souk_mesh.xds.view import passthrough_name


def routes_name(key: ServiceKey, port: int) -> str:
    """What the table of one port of a Service is called."""
    return f"{key.host}:{port}"


Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Callers:
    """Pods that are told the same about everybody else."""

    namespace: str
    labels: Labels
    """Those that some rule asks a caller for."""
    scope: Scope

    def on(self, port: int) -> Caller:
        """These as the callers of one port."""
        return Caller(self.namespace, dict(self.labels), port)


@dataclass(frozen=True)
class Ruled:
    """A VirtualService and the Services that it leads to."""

    rule: VirtualService
    leads_to: Callees


@dataclass(frozen=True)
class Routed:
    """One port of a Service, and what its table is made from but for the caller's own address."""

    caller: Caller
    callee: Callee
    port: ServicePort
    names: tuple[str, ...]
    """The authorities that mean the Service."""
    ruled: Ruled | None
    others: Mapping[str, Ruled]
    """Authorities that mean no Service, and yet a rule has them on this port."""
    registry_only: bool
    """Whether calls to hosts that nobody knows are refused."""


@dataclass(frozen=True, eq=False)
class Hosts:
    """What all callers of one port of a Service have in common: to be compared by identity."""

    table: str
    by_address: VirtualHost
    """Without the address, which each pod has for itself."""
    by_name: tuple[VirtualHost, ...]


def common_hosts(given: Routed) -> Hosts:
    """The virtual hosts of one port of a Service."""
    key, number = given.callee.key, given.port.port
    # The supervisor wrote a virtual address where the application had a name: to everybody else the call must look as
    # if it still had.
    sent_with = f"{known_names(key, given.caller.namespace)[0]}:{number}"
    by_name = [
        virtual_host(f"{name}:{number}", [name], _ruled_routes(ruled, given.caller))
        for name, ruled in given.others.items()
    ]
    if given.names:
        by_name.append(virtual_host(f"{key.host}:{number}", given.names, _routes(given, "")))
    return Hosts(
        table=routes_name(key, number),
        by_address=virtual_host(f"{key.host}:{number}|address", (), _routes(given, sent_with)),
        by_name=(*by_name, others(key, given.port, registry_only=given.registry_only)),
    )


class OwnTable(NamedTuple):
    """The table of one pod: what is common, and the pod's own address for the Service.

    A tuple: of all inputs these are compared most, one for each Service and pod.
    """

    hosts: Hosts
    address: str


def outbound_table(given: OwnTable) -> route_pb2.RouteConfiguration:
    """Where requests go that a pod sends to one port of a Service."""
    table = route_table(given.hosts.table)
    table.virtual_hosts.append(given.hosts.by_address)
    table.virtual_hosts[0].domains.append(given.address)
    table.virtual_hosts.extend(given.hosts.by_name)
    return table


def route_table(name: str) -> route_pb2.RouteConfiguration:
    """A table without hosts, as all tables are: hosts are told apart without their ports, clusters may be missing."""
    return route_pb2.RouteConfiguration(
        name=name,
        ignore_port_in_host_matching=True,
        validate_clusters=flag(False),
        max_direct_response_body_size_bytes=uint32(LARGEST_BODY),
    )


def _routes(given: Routed, sent_with: str) -> list[route_components_pb2.Route]:
    if given.ruled is None:
        return [service_route(given.callee, given.port.port, sent_with)]
    return _ruled_routes(given.ruled, given.caller, sent_with)


def _ruled_routes(ruled: Ruled, caller: Caller, sent_with: str = "") -> list[route_components_pb2.Route]:
    return list(rule_routes(Reach(ruled.leads_to, ruled.rule, caller), sent_with))


def others(key: ServiceKey, port: ServicePort, *, registry_only: bool) -> VirtualHost:
    """Takes what carries an authority that nobody has: refuses it, or lets it through as Istio does."""
    return _block_all() if registry_only else _allow_any(key, port)


def _allow_any(key: ServiceKey, port: ServicePort) -> VirtualHost:
    """Takes what carries an authority that nobody has: past all rules and in plain text, as in Istio."""
    action = timed_action(None)
    action.cluster = passthrough_name(key, port.port)
    return virtual_host(
        "allow_any", ["*"], [route_components_pb2.Route(name="allow_any", match=everything(), route=action)]
    )


def _block_all() -> VirtualHost:
    """Refuses what carries an authority that nobody has."""
    refusal = route_components_pb2.DirectResponseAction(status=502)
    return virtual_host(
        "block_all",
        ["*"],
        [route_components_pb2.Route(name="block_all", match=everything(), direct_response=refusal)],
    )


def virtual_host(name: str, domains: Iterable[str], routes: Iterable[route_components_pb2.Route]) -> VirtualHost:
    """Hosts that are routed alike; how often a request was tried is told to whoever takes it."""
    return VirtualHost(name=name, domains=domains, routes=routes, include_request_attempt_count=True)
