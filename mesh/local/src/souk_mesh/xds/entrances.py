"""Everything that a sidecar has for the calls that come in to its application."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from souk_mesh.objects import AuthorizationPolicy, PeerAuthentication, RequestAuthentication, Service
from souk_mesh.topology import Pod, ServiceKey
from souk_mesh.xds.clusters import Application, inbound_cluster
from souk_mesh.xds.http_guards import Guarded, guard_configurations
from souk_mesh.xds.inbound import Entrance, Passage, inbound_listener, inbound_table
from souk_mesh.xds.inbound_pools import Pools
from souk_mesh.xds.inbound_ports import inbound_ports
from souk_mesh.xds.peer_authentication import peer_mode
from souk_mesh.xds.remaking import Inputs, Made, each_kept
from souk_mesh.xds.resources import ByName, Resource, named
from souk_mesh.xds.view import inbound_name


@dataclass(frozen=True)
class Guards:
    """A pod, and the objects that say how it is called."""

    pod: Pod
    services: Mapping[ServiceKey, Service]
    peers: tuple[PeerAuthentication, ...]
    policies: tuple[AuthorizationPolicy, ...]
    tokens: tuple[RequestAuthentication, ...]
    """Of both, those that speak of the pod."""
    pools: Pools


@dataclass(frozen=True)
class Inbound:
    """What a sidecar has for each port of its application, with what it was made from."""

    made_clusters: Mapping[int, Made[Application, Resource]] = field(default_factory=dict)
    made_listeners: Mapping[int, Made[Entrance, Resource]] = field(default_factory=dict)
    made_guards: Mapping[int, Made[Guarded, tuple[Resource, ...]]] = field(default_factory=dict)
    made_routes: Mapping[int, Made[Passage, Resource]] = field(default_factory=dict)

    @property
    def clusters(self) -> ByName:
        """The application behind its own proxy."""
        return _named(self.made_clusters)

    @property
    def listeners(self) -> ByName:
        """Where calls come in."""
        return _named(self.made_listeners)

    @property
    def guards(self) -> ByName:
        """Who may call what."""
        return named(each for made in self.made_guards.values() for each in made.result)

    @property
    def routes(self) -> ByName:
        """The way from there to the application."""
        return _named(self.made_routes)


def inbound(given: Guards, before: Inbound | None) -> Inbound:
    """What a sidecar has for its application; what is made from the same as before is taken over."""
    before, pod = before or Inbound(), given.pod
    ports = inbound_ports(given.services.values(), pod)
    return Inbound(
        made_clusters=each_kept(
            before.made_clusters,
            {
                number: Application(pod.addresses.application, number, spoken, given.pools.get(number))
                for number, spoken in ports.items()
            },
            lambda each: Resource.of(inbound_cluster(each)),
        ),
        made_listeners=each_kept(
            before.made_listeners,
            {
                number: Entrance(
                    address=pod.addresses.pod,
                    number=number,
                    spoken=spoken,
                    mode=peer_mode(given.peers, pod, number),
                    policies=() if spoken.http else given.policies,
                )
                for number, spoken in ports.items()
            },
            lambda each: Resource.of(inbound_listener(each)),
        ),
        made_guards=each_kept(
            before.made_guards,
            {
                number: Guarded(inbound_name(number), given.policies, given.tokens)
                for number, spoken in ports.items()
                if spoken.http
            },
            lambda each: tuple(map(Resource.of, guard_configurations(each))),
        ),
        made_routes=each_kept(
            before.made_routes,
            {number: Passage(number, spoken) for number, spoken in ports.items() if spoken.http},
            lambda each: Resource.of(inbound_table(each)),
        ),
    )


def _named(made: Mapping[int, Made[Inputs, Resource]]) -> ByName:
    return named(each.result for each in made.values())
