"""What the proxies of a scope are told alike: clusters, their endpoints, and most of what routes say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from souk_mesh.objects import ClientTLS, DestinationRule, PeerAuthentication, Service, ServiceEntry, VirtualService
from souk_mesh.topology import ServiceKey
from souk_mesh.xds.clusters import Called, outbound_clusters
from souk_mesh.xds.connections import Forwarding, forwarding
from souk_mesh.xds.destination_lookup import RulesByHost
from souk_mesh.xds.destinations import Callee, Callees, merged
from souk_mesh.xds.endpoints import Behind, endpoints
from souk_mesh.xds.entries import external, identities
from souk_mesh.xds.mesh_rules import MeshRules
from souk_mesh.xds.peer_authentication import PeerMode, namespace_mode
from souk_mesh.xds.reach import named_callees
from souk_mesh.xds.registry import Registry
from souk_mesh.xds.remaking import Made, each_kept, same_if_equal
from souk_mesh.xds.resources import ByName, Resource, named
from souk_mesh.xds.routes import Callers, Hosts, Routed, Ruled, common_hosts
from souk_mesh.xds.scopes import Scope
from souk_mesh.xds.sight import Sight
from souk_mesh.xds.strangers import Strange, strange_forwarding, strange_hosts, strangers
from souk_mesh.xds.view import Endpoint, PortKey, encrypted, protocol

Several = tuple[Resource, ...]


@dataclass(frozen=True, eq=False)
class Sources:
    """The objects and pods of a mesh, sorted so that what concerns a Service is found at once: compared by identity."""

    registry: Registry
    entries: Mapping[ServiceKey, ServiceEntry]
    behind: Mapping[PortKey, tuple[Endpoint, ...]]
    rules: RulesByHost
    peers: tuple[PeerAuthentication, ...]


@dataclass(frozen=True)
class Outlook:
    """A scope, and what its proxies are told is made from."""

    scope: Scope
    sight: Sight
    sources: Sources
    called: frozenset[ServiceKey]
    """The Services that the YAML of its pods names."""


@dataclass(frozen=True)
class Named:
    """A Service that is seen, and the rules that callers go by."""

    key: ServiceKey
    service: Service
    rules: tuple[DestinationRule, ...]
    entry: ServiceEntry | None


@dataclass(frozen=True)
class Common:
    """What proxies are told alike, and what it was made from."""

    made_callees: Mapping[str, Made[Named, Callee]] = field(default_factory=dict)
    made_clusters: Mapping[PortKey, Made[Called, Several]] = field(default_factory=dict)
    made_endpoints: Mapping[PortKey, Made[Behind, Several]] = field(default_factory=dict)
    callees: Callees = field(default_factory=dict)
    named: Callees = field(default_factory=dict)
    """Those that callers can name; the others are reached by rules that lead to them."""
    strangers: Callees = field(default_factory=dict)
    """What callers call and can't name."""
    reached: Callees = field(default_factory=dict)
    """Both: what callers have addresses for."""
    clusters: ByName = field(default_factory=dict)
    endpoints: ByName = field(default_factory=dict)
    originated: tuple[ClientTLS, ...] = ()
    """How TLS is begun that is not the mesh's own: the Secrets for it belong to each pod's namespace."""


CommonHosts = Mapping[PortKey, Made[Routed, Hosts]]
"""What tables of routes have in common, by the ports of Services."""


StrangeHosts = Mapping[PortKey, Made[Strange, Hosts]]


@dataclass(frozen=True)
class Told:
    """What callers are told about where their requests and connections go."""

    hosts: CommonHosts = field(default_factory=dict)
    connections: Mapping[PortKey, Forwarding] = field(default_factory=dict)
    strange_hosts: StrangeHosts = field(default_factory=dict)
    """The same as `hosts`, for Services that the callers can't name."""


NOTHING = Told()
"""What nobody is told who has not called yet, and gateways never."""


def common(outlook: Outlook, before: Common) -> Common:
    """What all proxies of a scope are told; what in it is made from the same as before is taken over."""
    scope, sources = outlook.scope, outlook.sources
    made = each_kept(before.made_callees, _named_services(outlook), _callee)
    callees = before.callees if made is before.made_callees else {host: each.result for host, each in made.items()}
    named = {host: each for host, each in callees.items() if not outlook.sight.services[host].led}
    unknown = strangers(outlook.called, named, sources.registry, sources.entries)
    ports = {
        (each.key, port.port): (each, port)
        for each in (*unknown.values(), *callees.values())
        for port in each.service.spec.ports
    }
    clusters = each_kept(
        before.made_clusters,
        {
            place: Called(
                callee=callee,
                port=port,
                identities=_identities(callee, sources.behind[place]),
                mutual=not external(callee.entry)
                and namespace_mode(sources.peers, callee.key.namespace) is not PeerMode.DISABLE,
                router=scope.router,
                known=callee.key.host in callees,
            )
            for place, (callee, port) in ports.items()
        },
        lambda given: tuple(map(Resource.of, outbound_clusters(given))),
    )
    assignments = each_kept(
        before.made_endpoints,
        {place: Behind(callee, port, sources.behind[place], sources.peers) for place, (callee, port) in ports.items()},
        lambda given: tuple(map(Resource.of, endpoints(given))),
    )
    return Common(
        made_callees=made,
        made_clusters=clusters,
        made_endpoints=assignments,
        callees=callees,
        named=same_if_equal(named, before.named),
        strangers=same_if_equal(unknown, before.strangers),
        reached=same_if_equal({**named, **unknown}, before.reached),
        clusters=before.clusters if clusters is before.made_clusters else _by_name(clusters),
        endpoints=before.endpoints if assignments is before.made_endpoints else _by_name(assignments),
        originated=tuple(
            each for callee, port in ports.values() for each in callee.policy.originated(port.port, router=scope.router)
        ),
    )


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

    @property
    def spoken(self) -> frozenset[int]:
        """The ports on which requests are told apart."""
        ports = (port for each in self.named.values() for port in each.service.spec.ports)
        return frozenset(port.port for port in ports if protocol(port).http)


def told(given: Outbound, before: Told) -> Told:
    """What callers are told; the very result of before if nothing in it changes."""
    rules = MeshRules(given.rules, given.callers.namespace)
    connections = same_if_equal({**_connections(given, rules), **_strange_connections(given)}, before.connections)
    after = Told(_hosts(given, rules, before.hosts), connections, _strange_hosts(given, before.strange_hosts))
    return same_if_equal(after, before)


def _hosts(given: Outbound, rules: MeshRules, before: CommonHosts) -> CommonHosts:
    callers, callees = given.callers, given.callees
    sources: dict[PortKey, Routed] = {}
    for number in sorted(given.spoken):
        meant = rules.on(callers.on(number), given.named)
        others = {name: Ruled(rule, named_callees(callees, rule)) for name, rule in meant.others.items()}
        for host, named_by in meant.services.items():
            callee, rule = callees[host], named_by.rule
            port = next(each for each in callee.service.spec.ports if each.port == number)
            ruled = Ruled(rule, named_callees(callees, rule)) if rule else None
            sources[callee.key, number] = Routed(
                callers, callee, port, named_by.names, ruled, others, given.registry_only
            )
    return each_kept(before, sources, common_hosts)


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


def _named_services(outlook: Outlook) -> Mapping[str, Named]:
    scope, sources = outlook.scope, outlook.sources
    found: dict[str, Named] = {}
    for host, seen in outlook.sight.services.items():
        service = sources.registry.services[seen.key]
        if seen.ports is not None:
            ports = tuple(port for port in service.spec.ports if port.port in seen.ports)
            service = service.model_copy(update={"spec": service.spec.model_copy(update={"ports": ports})})
        rules = sources.rules.of(scope.namespace, dict(scope.labels), seen.key)
        found[host] = Named(seen.key, service, rules, sources.entries.get(seen.key))
    return found


def _callee(given: Named) -> Callee:
    return Callee(given.key, given.service, merged(given.rules), given.entry)


def _identities(callee: Callee, behind: tuple[Endpoint, ...]) -> frozenset[str]:
    listed = identities(callee.entry) if callee.entry else frozenset()
    return listed | {each.pod.identity for each in behind}


def _by_name(made: Mapping[PortKey, Made[Called, Several]] | Mapping[PortKey, Made[Behind, Several]]) -> ByName:
    return named(resource for each in made.values() for resource in each.result)
