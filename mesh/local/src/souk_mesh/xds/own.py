"""What each proxy has for itself: the listeners on its own addresses, its guards, and its tables of routes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from souk_mesh.objects import (
    AuthorizationPolicy,
    Gateway,
    PeerAuthentication,
    RequestAuthentication,
    Service,
    VirtualService,
)
from souk_mesh.objects.entry_services import passes_sidecar
from souk_mesh.topology import Pod, Proxy, ServiceKey
from souk_mesh.xds.common import Common, Told
from souk_mesh.xds.entrances import Guards, Inbound, inbound
from souk_mesh.xds.gateway import Router, gateway_guards, gateway_listeners
from souk_mesh.xds.gateway_tables import gateway_tables
from souk_mesh.xds.inbound_pools import Pools
from souk_mesh.xds.outbound import Virtual, outbound_listener
from souk_mesh.xds.remaking import Inputs, Key, Made, each_kept, kept, same_if_equal
from souk_mesh.xds.resources import ByName, Kind, Resource, Resources, named
from souk_mesh.xds.routes import OwnTable, outbound_table
from souk_mesh.xds.view import PortKey


@dataclass(frozen=True)
class Facts:
    """What the resources of one proxy are made from."""

    pod: Pod
    common: Common
    told: Told
    services: Mapping[ServiceKey, Service]
    peers: tuple[PeerAuthentication, ...]
    policies: tuple[AuthorizationPolicy, ...]
    tokens: tuple[RequestAuthentication, ...]
    """Of both, those that speak of the pod."""
    pools: Pools
    """What bounds the calls that come in to the pod."""
    gateways: tuple[Gateway, ...]
    bound: tuple[VirtualService, ...]
    """The VirtualServices that are bound to some gateway, for gateways."""
    secrets: tuple[Resource, ...]


@dataclass(frozen=True)
class Own:
    """What one proxy is told, and the parts that it was put together from."""

    resources: Resources
    inbound: Made[Guards, Inbound] | None = None
    virtual: Mapping[PortKey, Made[Virtual, Resource]] = field(default_factory=dict)
    tables: Mapping[PortKey, Made[OwnTable, Resource]] = field(default_factory=dict)
    router: Made[Router, Resources] | None = None


def own(facts: Facts, before: Own | None) -> Own:
    """What the proxy of one pod is told; what is made from the same as before is taken over."""
    before = before or Own(Resources())
    return _sidecar(facts, before) if facts.pod.proxy is Proxy.SIDECAR else _router(facts, before)


def _sidecar(facts: Facts, before: Own) -> Own:
    old = before.inbound.result if before.inbound else None
    guards = Guards(facts.pod, facts.services, facts.peers, facts.policies, facts.tokens, facts.pools)
    entered = kept(before.inbound, guards, lambda given: inbound(given, old))
    called = {
        (key, port.port): Virtual(key, port, address, facts.told.connections.get((key, port.port)))
        for key, address in facts.pod.addresses.virtual.items()
        if key.host in facts.common.callees
        for port in facts.common.callees[key.host].service.spec.ports
        if facts.common.callees[key.host].key == key and passes_sidecar(key, port)
    }
    virtual = each_kept(before.virtual, called, lambda given: Resource.of(outbound_listener(given)))
    tables = each_kept(
        before.tables,
        {
            place: OwnTable(made.result, called[place].address)
            for place, made in facts.told.hosts.items()
            if place in called
        },
        lambda given: Resource.of(outbound_table(given)),
    )
    listeners = {**entered.result.listeners, **_named(virtual)}
    routes = {**entered.result.routes, **_named(tables)}
    clusters = {**facts.common.clusters, **entered.result.clusters}
    own_parts = {Kind.LISTENER: listeners, Kind.EXTENSION: entered.result.guards, Kind.ROUTES: routes}
    resources = _resources(facts, clusters, own_parts, before)
    return Own(resources, inbound=entered, virtual=virtual, tables=tables)


def _router(facts: Facts, before: Own) -> Own:
    made = kept(
        before.router,
        Router(facts.pod, facts.gateways, facts.bound, facts.common.callees, facts.policies, facts.tokens),
        lambda given: Resources.of(
            listeners=gateway_listeners(given), extensions=gateway_guards(given), routes=gateway_tables(given)
        ),
    )
    own_parts = {kind: made.result.resources(kind) for kind in (Kind.LISTENER, Kind.EXTENSION, Kind.ROUTES)}
    return Own(_resources(facts, facts.common.clusters, own_parts, before), router=made)


def _named(made: Mapping[Key, Made[Inputs, Resource]]) -> ByName:
    return named(each.result for each in made.values())


def _resources(facts: Facts, clusters: ByName, own_parts: Mapping[Kind, ByName], before: Own) -> Resources:
    common = {Kind.CLUSTER: clusters, Kind.ENDPOINTS: facts.common.endpoints, Kind.SECRET: named(facts.secrets)}
    return same_if_equal(Resources({**common, **own_parts}), before.resources)
