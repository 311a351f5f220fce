"""What the proxies of a namespace are told alike: clusters, their endpoints, and most of what routes say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from souk_mesh.objects import DestinationRule, Service, VirtualService
from souk_mesh.topology import ServiceKey
from souk_mesh.xds.clusters import Called, outbound_clusters
from souk_mesh.xds.configuration import Configuration
from souk_mesh.xds.connections import Forwarding, forwarding
from souk_mesh.xds.destinations import Callee, Callees, RulesByHost, merged
from souk_mesh.xds.endpoints import Behind, endpoints
from souk_mesh.xds.mesh_rules import MeshRules, visible
from souk_mesh.xds.reach import MESH, named_callees
from souk_mesh.xds.remaking import Made, each_kept, same_if_equal
from souk_mesh.xds.resources import ByName, Resource, named
from souk_mesh.xds.routes import Callers, Hosts, Routed, Ruled, common_hosts
from souk_mesh.xds.view import Endpoint, PortKey, protocol

Several = tuple[Resource, ...]


@dataclass(frozen=True)
class Common:
    """What proxies are told alike, and what it was made from."""

    made_callees: Mapping[ServiceKey, Made[tuple[Service, tuple[DestinationRule, ...]], Callee]]
    made_clusters: Mapping[PortKey, Made[Called, Several]]
    made_endpoints: Mapping[PortKey, Made[Behind, Several]]
    callees: Callees
    clusters: ByName
    endpoints: ByName
    gateway_rules: tuple[VirtualService, ...]
    """The VirtualServices that the namespace sees and that are bound to some gateway."""


NOTHING = Common({}, {}, {}, {}, {}, {}, ())

CommonHosts = Mapping[PortKey, Made[Routed, Hosts]]
"""What tables of routes have in common, by the ports of Services."""


@dataclass(frozen=True)
class Told:
    """What callers are told about where their requests and connections go."""

    hosts: CommonHosts = field(default_factory=dict)
    connections: Mapping[PortKey, Forwarding] = field(default_factory=dict)


@dataclass(frozen=True)
class Sources:
    """The objects and pods of a mesh, sorted so that what concerns a Service is found at once."""

    configuration: Configuration
    behind: Mapping[PortKey, tuple[Endpoint, ...]]
    rules: RulesByHost


def common(namespace: str, sources: Sources, before: Common | None) -> Common:
    """What all proxies of a namespace are told; the very result of before if nothing in it changes."""
    before, configuration, behind = before or NOTHING, sources.configuration, sources.behind
    made = each_kept(
        before.made_callees,
        {key: (each, sources.rules.of(namespace, key)) for key, each in configuration.services.items()},
        _callee,
    )
    callees = before.callees if made is before.made_callees else {key.host: each.result for key, each in made.items()}
    ports = {(each.key, port.port): (each, port) for each in callees.values() for port in each.service.spec.ports}
    clusters = each_kept(
        before.made_clusters,
        {
            place: Called(callee, port, frozenset(each.pod.identity for each in behind[place]))
            for place, (callee, port) in ports.items()
        },
        lambda given: tuple(map(Resource.of, outbound_clusters(given))),
    )
    assignments = each_kept(
        before.made_endpoints,
        {
            place: Behind(callee, port, behind[place], configuration.peer_authentications)
            for place, (callee, port) in ports.items()
        },
        lambda given: tuple(map(Resource.of, endpoints(given))),
    )
    seen = visible(configuration.virtual_services, namespace)
    bound = tuple(each for each in seen if set(each.spec.gateways) != {MESH})
    after = Common(
        made_callees=made,
        made_clusters=clusters,
        made_endpoints=assignments,
        callees=callees,
        clusters=before.clusters if clusters is before.made_clusters else _named(clusters),
        endpoints=before.endpoints if assignments is before.made_endpoints else _named(assignments),
        gateway_rules=same_if_equal(bound, before.gateway_rules),
    )
    return same_if_equal(after, before)


def told(callers: Callers, callees: Callees, rules: MeshRules, before: Told | None) -> Told:
    """What these callers are told; the very result of before if nothing in it changes."""
    before = before or Told()
    after = Told(_hosts(callers, callees, rules, before.hosts), _connections(callers, callees, rules))
    return same_if_equal(after, before)


def _hosts(callers: Callers, callees: Callees, rules: MeshRules, before: CommonHosts) -> CommonHosts:
    spoken = {port.port for each in callees.values() for port in each.service.spec.ports if protocol(port).http}
    sources: dict[PortKey, Routed] = {}
    for number in sorted(spoken):
        meant = rules.on(callers.on(number), callees)
        others = {name: Ruled(rule, named_callees(callees, rule)) for name, rule in meant.others.items()}
        for host, named_by in meant.services.items():
            callee, rule = callees[host], named_by.rule
            port = next(each for each in callee.service.spec.ports if each.port == number)
            ruled = Ruled(rule, named_callees(callees, rule)) if rule else None
            sources[callee.key, number] = Routed(callers, callee, port, named_by.names, ruled, others)
    return each_kept(before, sources, common_hosts)


def _connections(callers: Callers, callees: Callees, rules: MeshRules) -> Mapping[PortKey, Forwarding]:
    return {
        (callee.key, port.port): forwarding(rules.connections(host), callee, callees, callers.on(port.port))
        for host, callee in callees.items()
        for port in callee.service.spec.ports
        if not protocol(port).http
    }


def _callee(given: tuple[Service, tuple[DestinationRule, ...]]) -> Callee:
    service, rules = given
    return Callee(ServiceKey(service.metadata.namespace, service.metadata.name), service, merged(rules))


def _named(made: Mapping[PortKey, Made[Called, Several]] | Mapping[PortKey, Made[Behind, Several]]) -> ByName:
    return named(resource for each in made.values() for resource in each.result)
