"""What callers are told about where their requests and connections go, but for what each has for itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from souk_mesh.objects import VirtualService
from souk_mesh.xds.connections import Forwarding, forwarding
from souk_mesh.xds.destinations import Callees
from souk_mesh.xds.mesh_rules import MeshRules
from souk_mesh.xds.reach import named_callees
from souk_mesh.xds.remaking import Made, each_kept, kept, same_if_equal
from souk_mesh.xds.routes import Callers, Hosts, Routed, Ruled, common_hosts
from souk_mesh.xds.strangers import Strange, strange_forwarding, strange_hosts
from souk_mesh.xds.view import PortKey, encrypted, protocol

CommonHosts = Mapping[PortKey, Made[Routed, Hosts]]
"""What tables of routes have in common, by the ports of Services."""
StrangeHosts = Mapping[PortKey, Made[Strange, Hosts]]
"""The same, for Services that the callers can't name."""


@dataclass(frozen=True)
class Told:
    """What callers are told about where their requests and connections go."""

    hosts: CommonHosts = field(default_factory=dict)
    connections: Mapping[PortKey, Forwarding] = field(default_factory=dict)
    strange_hosts: StrangeHosts = field(default_factory=dict)


NOTHING = Told()
"""What nobody is told who has not called yet, and gateways never."""


@dataclass(frozen=True)
class Outbound:
    """Callers, and what they go by."""

    callers: Callers
    callees: Callees
    named: Callees
    """Those of them that the callers can name."""
    strangers: Callees
    rules: tuple[VirtualService, ...]
    """Those that the scope of the callers goes by."""
    registry_only: bool
    """Whether calls to hosts that nobody knows are refused."""

    @cached_property
    def spoken(self) -> frozenset[int]:
        """The ports on which requests are told apart."""
        ports = (port for each in self.named.values() for port in each.service.spec.ports)
        return frozenset(port.port for port in ports if protocol(port).http)


def told(given: Outbound, before: Told, elsewhere: CommonHosts) -> Told:
    """What callers are told; the very result of before if nothing in it changes.

    Args:
        given: the callers, and what they go by.
        before: what they were told.
        elsewhere: what others are told, who mostly are told the same.
    """
    rules = MeshRules(given.rules, given.callers.namespace)
    connections = same_if_equal({**_connections(given, rules), **_strange_connections(given)}, before.connections)
    after = Told(
        _hosts(given, rules, before.hosts, elsewhere), connections, _strange_hosts(given, before.strange_hosts)
    )
    return same_if_equal(after, before)


def _hosts(given: Outbound, rules: MeshRules, before: CommonHosts, elsewhere: CommonHosts) -> CommonHosts:
    callees = given.callees
    sources: dict[PortKey, Routed] = {}
    for number in sorted(given.spoken):
        caller = given.callers.on(number)
        meant = rules.on(caller, given.named)
        others = {name: Ruled(rule, named_callees(callees, rule)) for name, rule in meant.others.items()}
        for host, named_by in meant.services.items():
            callee, rule = callees[host], named_by.rule
            port = next(each for each in callee.service.spec.ports if each.port == number)
            ruled = Ruled(rule, named_callees(callees, rule)) if rule else None
            sources[callee.key, number] = Routed(
                caller, callee, port, named_by.names, ruled, others, given.registry_only
            )

    def make(routed: Routed) -> Hosts:
        return kept(elsewhere.get((routed.callee.key, routed.port.port)), routed, common_hosts).result

    return each_kept(before, sources, make)


def _connections(given: Outbound, rules: MeshRules) -> Mapping[PortKey, Forwarding]:
    return {
        (callee.key, port.port): forwarding(
            # To Istio what is encrypted is no mere connection: `tls` routes would be for it.
            () if encrypted(port) else rules.connections(host),
            callee,
            given.callees,
            given.callers.on(port.port),
        )
        for host, callee in given.named.items()
        for port in callee.service.spec.ports
        if not protocol(port).http
    }


def _strange_hosts(given: Outbound, before: StrangeHosts) -> StrangeHosts:
    spoken, namespace = given.spoken, given.callers.namespace
    sources = {
        (callee.key, port.port): Strange(callee.key, port, namespace, given.registry_only)
        for callee in given.strangers.values()
        for port in callee.service.spec.ports
        if port.port in spoken
    }
    return each_kept(before, sources, strange_hosts)


def _strange_connections(given: Outbound) -> Mapping[PortKey, Forwarding]:
    spoken = given.spoken
    return {
        (callee.key, port.port): strange_forwarding(callee.key, port, registry_only=given.registry_only)
        for callee in given.strangers.values()
        for port in callee.service.spec.ports
        if port.port not in spoken
    }
