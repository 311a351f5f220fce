"""What the proxies of a scope are told alike: clusters and their endpoints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from souk_mesh.objects import ClientTLS, DestinationRule, PeerAuthentication, Service, ServiceEntry
from souk_mesh.topology import ServiceKey
from souk_mesh.xds.clusters import Called, outbound_clusters
from souk_mesh.xds.destination_lookup import RulesByHost
from souk_mesh.xds.destinations import Callee, Callees, merged
from souk_mesh.xds.endpoints import Behind, endpoints
from souk_mesh.xds.entries import external, identities
from souk_mesh.xds.peer_authentication import PeerMode, namespace_mode
from souk_mesh.xds.registry import Registry
from souk_mesh.xds.remaking import Made, each_kept, same_if_equal
from souk_mesh.xds.resources import ByName, Resource, named
from souk_mesh.xds.scopes import Scope
from souk_mesh.xds.sight import Sight
from souk_mesh.xds.strangers import strangers
from souk_mesh.xds.view import Endpoint, PortKey

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
                known=callees.get(callee.key.host) is callee,
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
