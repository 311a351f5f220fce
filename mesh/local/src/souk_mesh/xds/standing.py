"""What the mesh consists of, but for what is said of its routes: worked out again when one of its objects changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from souk_mesh.objects import DestinationRule, ObjectKey, PeerAuthentication, Service, ServiceEntry, Sidecar
from souk_mesh.topology import Pod, ServiceKey
from souk_mesh.xds.common import Sources
from souk_mesh.xds.destination_lookup import RulesByHost
from souk_mesh.xds.inbound_pools import Pools, inbound_pools
from souk_mesh.xds.registry import Registry
from souk_mesh.xds.scopes import Scope, scopes
from souk_mesh.xds.view import View, backends


@dataclass(frozen=True)
class Standing:
    """The objects and the pods."""

    services: Mapping[ServiceKey, Service]
    entries: Mapping[ServiceKey, ServiceEntry]
    rules: tuple[DestinationRule, ...]
    peers: tuple[PeerAuthentication, ...]
    sidecars: tuple[Sidecar, ...]
    pods: tuple[Pod, ...]

    @classmethod
    def of(cls, view: View) -> Standing:
        """Picks them out of everything."""
        given = view.configuration
        return cls(
            services=given.services,
            entries=given.entries,
            rules=given.destination_rules,
            peers=given.peer_authentications,
            sidecars=given.sidecars,
            pods=view.pods,
        )


@dataclass(frozen=True, eq=False)
class Ground:
    """What follows from them for everybody: to be compared by identity."""

    sources: Sources
    sidecars: Mapping[ObjectKey, Sidecar]
    scopes: Mapping[str, Scope]
    """The scope of each pod, by its node."""
    called: Mapping[Scope, frozenset[ServiceKey]]
    """The Services that the YAML of each scope's pods names."""
    pools: Mapping[str, Pools]
    """What bounds the calls that come in to each pod, by its node."""


def ground(given: Standing) -> Ground:
    """Works out what follows from the objects and the pods."""
    behind = backends(given.services.values(), given.pods)
    rules = RulesByHost(given.rules)
    sidecars = {each.key: each for each in given.sidecars}
    scoped = scopes(given.pods, given.sidecars, given.rules)
    return Ground(
        sources=Sources(Registry(given.services, given.entries), given.entries, behind, rules, given.peers),
        sidecars=sidecars,
        scopes=scoped,
        called=_called(given.pods, scoped),
        pools=inbound_pools(given.pods, behind, rules, scoped, sidecars),
    )


def _called(pods: Iterable[Pod], scoped: Mapping[str, Scope]) -> Mapping[Scope, frozenset[ServiceKey]]:
    found: dict[Scope, set[ServiceKey]] = {}
    for pod in pods:
        found.setdefault(scoped[pod.node], set()).update(pod.calls)
    return {scope: frozenset(each) for scope, each in found.items()}
