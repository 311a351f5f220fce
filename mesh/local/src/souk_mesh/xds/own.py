"""What each proxy has for itself: the listeners on its own addresses, its guards, and its tables of routes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

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
from souk_mesh.xds.common import Common
from souk_mesh.xds.connections import Forwarding
from souk_mesh.xds.destinations import Callees
from souk_mesh.xds.entrances import Guards, Inbound, inbound
from souk_mesh.xds.gateway import Router, gateway_guards, gateway_listeners
from souk_mesh.xds.gateway_tables import gateway_tables
from souk_mesh.xds.inbound_pools import Pools
from souk_mesh.xds.outbound import Virtual, outbound_listener
from souk_mesh.xds.remaking import Inputs, Key, Made, Result, each_kept, kept, same_if_equal
from souk_mesh.xds.resources import ByName, Kind, Resource, Resources, named
from souk_mesh.xds.routes import OwnTable, outbound_table
from souk_mesh.xds.told import CommonHosts, StrangeHosts, Told
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
    runtime: Resource


Virtuals = Mapping[PortKey, Made[Virtual, Resource]]
Tables = Mapping[PortKey, Made[OwnTable, Resource]]


@dataclass(frozen=True)
class Calls:
    """What an application calls, and at which addresses."""

    addresses: Mapping[ServiceKey, str]
    callees: Callees
    connections: Mapping[PortKey, Forwarding]


@dataclass(frozen=True)
class Requests:
    """What becomes of the requests among them."""

    addresses: Mapping[ServiceKey, str]
    hosts: CommonHosts
    strange_hosts: StrangeHosts


@dataclass(frozen=True)
class Own:
    """What one proxy is told, and the parts that it was put together from."""

    resources: Resources
    inbound: Made[Guards, Inbound] | None = None
    virtual: Made[Calls, Virtuals] | None = None
    tables: Made[Requests, Tables] | None = None
    router: Made[Router, Resources] | None = None


def own(facts: Facts, before: Own | None) -> Own:
    """What the proxy of one pod is told; what is made from the same as before is taken over."""
    before = before or Own(Resources())
    return _sidecar(facts, before) if facts.pod.proxy is Proxy.SIDECAR else _router(facts, before)


def _sidecar(facts: Facts, before: Own) -> Own:
    guards = Guards(facts.pod, facts.services, facts.peers, facts.policies, facts.tokens, facts.pools)
    entered = kept(before.inbound, guards, partial(inbound, before=_result(before.inbound)))
    calls = Calls(facts.pod.addresses.virtual, facts.common.reached, facts.told.connections)
    virtual = kept(before.virtual, calls, partial(_virtual, before=_result(before.virtual) or {}))
    requests = Requests(facts.pod.addresses.virtual, facts.told.hosts, facts.told.strange_hosts)
    tables = kept(before.tables, requests, partial(_tables, before=_result(before.tables) or {}))
    parts = {
        Kind.CLUSTER: {**facts.common.clusters, **entered.result.clusters},
        Kind.LISTENER: {**entered.result.listeners, **_named(virtual.result)},
        Kind.EXTENSION: entered.result.guards,
        Kind.ROUTES: {**entered.result.routes, **_named(tables.result)},
    }
    return Own(_resources(facts, parts, before), inbound=entered, virtual=virtual, tables=tables)


def _virtual(given: Calls, before: Virtuals) -> Virtuals:
    called = {
        (key, port.port): Virtual(key, port, address, given.connections.get((key, port.port)))
        for key, address in given.addresses.items()
        if key.host in given.callees
        for port in given.callees[key.host].service.spec.ports
        if given.callees[key.host].key == key and passes_sidecar(key, port)
    }
    return each_kept(before, called, lambda each: Resource.of(outbound_listener(each)))


def _tables(given: Requests, before: Tables) -> Tables:
    hosts = {place: made.result for each in (given.hosts, given.strange_hosts) for place, made in each.items()}
    wanted = {
        (key, port): OwnTable(each, given.addresses[key])
        for (key, port), each in hosts.items()
        if key in given.addresses
    }
    return each_kept(before, wanted, lambda each: Resource.of(outbound_table(each)))


def _router(facts: Facts, before: Own) -> Own:
    made = kept(
        before.router,
        Router(facts.pod, facts.gateways, facts.bound, facts.common.callees, facts.policies, facts.tokens),
        lambda given: Resources.of(
            listeners=gateway_listeners(given), extensions=gateway_guards(given), routes=gateway_tables(given)
        ),
    )
    parts = {kind: made.result.resources(kind) for kind in (Kind.LISTENER, Kind.EXTENSION, Kind.ROUTES)}
    return Own(_resources(facts, {Kind.CLUSTER: facts.common.clusters, **parts}, before), router=made)


def _result(made: Made[Inputs, Result] | None) -> Result | None:
    return made.result if made else None


def _named(made: Mapping[Key, Made[Inputs, Resource]]) -> ByName:
    return named(each.result for each in made.values())


def _resources(facts: Facts, parts: Mapping[Kind, ByName], before: Own) -> Resources:
    told = {
        **parts,
        Kind.ENDPOINTS: facts.common.endpoints,
        Kind.SECRET: named(facts.secrets),
        Kind.RUNTIME: named([facts.runtime]),
    }
    # A kind in which nothing changes stays the very same mapping: who sends it need not look into it.
    after = {kind: same_if_equal(each, before.resources.resources(kind)) for kind, each in told.items()}
    return same_if_equal(Resources(after), before.resources)
