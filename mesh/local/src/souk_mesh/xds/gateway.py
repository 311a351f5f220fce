"""What a gateway's pod listens on, and what is asked of who comes in (Gateway)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from envoy.config.core.v3 import base_pb2, extension_pb2
from envoy.config.listener.v3 import listener_pb2
from envoy.config.listener.v3.listener_components_pb2 import Filter, FilterChain, FilterChainMatch
from envoy.extensions.filters.listener.tls_inspector.v3 import tls_inspector_pb2

from souk_mesh.objects import AuthorizationPolicy, Gateway, RequestAuthentication, VirtualService
from souk_mesh.topology import Pod
from souk_mesh.xds.connection_guards import connection_guards
from souk_mesh.xds.connections import tcp_proxy
from souk_mesh.xds.destinations import Callees
from souk_mesh.xds.edge_tls import server_socket
from souk_mesh.xds.gateway_servers import Served, served
from souk_mesh.xds.gateway_tcp import gateway_forwarding
from souk_mesh.xds.http_guards import Guarded, guard_configurations
from souk_mesh.xds.http_managers import edge_manager, manager_filter, network_filter
from souk_mesh.xds.protos import address, flag, packed
from souk_mesh.xds.renumbering import renumbered


@dataclass(frozen=True)
class Router:
    """A gateway's pod, and what its listeners and tables are made from."""

    pod: Pod
    gateways: tuple[Gateway, ...]
    rules: tuple[VirtualService, ...]
    """Those that are bound to some gateway."""
    callees: Callees
    policies: tuple[AuthorizationPolicy, ...]
    tokens: tuple[RequestAuthentication, ...]
    """Of both, those that speak of the pod."""

    def servers(self) -> dict[int, tuple[Served, ...]]:
        """The servers of the pod, by the port where it listens."""
        return served(self.pod, self.gateways, (each.service for each in self.callees.values()))


@dataclass(frozen=True)
class _Place:
    """Where a pod listens for some servers: at its own address, or on 127.0.0.1."""

    host: str
    number: int
    servers: tuple[Served, ...]
    policies: tuple[AuthorizationPolicy, ...]
    shared: bool = False
    """Whether another pod may listen there, too."""

    @property
    def name(self) -> str:
        return f"gateway|{self.host}:{self.number}"


def gateway_listeners(router: Router) -> Iterator[listener_pb2.Listener]:
    """One listener for every port that Gateways ask of this pod, and one on 127.0.0.1 where the port is exposed."""
    for place in _places(router):
        chains = list(_chains(router, place))
        if chains:
            yield _listener(place, chains)


def gateway_guards(router: Router) -> Iterator[extension_pb2.TypedExtensionConfig]:
    """What is asked of requests at each of these listeners."""
    for place in _places(router):
        if any(each.table for each in place.servers):
            yield from guard_configurations(Guarded(place.name, place.policies, router.tokens, before_routing=True))


def _places(router: Router) -> Iterator[_Place]:
    for number, servers in router.servers().items():
        yield _Place(router.pod.addresses.pod, number, servers, router.policies)
        if number in router.pod.exposed:
            exposed = router.pod.exposed[number]
            policies = tuple(renumbered(each, number, exposed) for each in router.policies)
            # Not an additional address of the first: Envoy can't change those while the others stay.
            yield _Place("127.0.0.1", exposed, servers, policies, shared=True)


def _listener(place: _Place, chains: Sequence[FilterChain]) -> listener_pb2.Listener:
    listener = listener_pb2.Listener(
        name=place.name,
        address=address(place.host, place.number),
        traffic_direction=base_pb2.OUTBOUND,
        # When a gateway is replaced or scaled, two of its pods listen on 127.0.0.1. That nobody else does is made sure
        # of before a mesh takes a port.
        enable_reuse_port=flag(place.shared),
        filter_chains=chains,
    )
    if any(chain.HasField("transport_socket") for chain in chains):
        listener.listener_filters.add(
            name="envoy.filters.listener.tls_inspector", typed_config=packed(tls_inspector_pb2.TlsInspector())
        )
    return listener


def _chains(router: Router, place: _Place) -> Iterator[FilterChain]:
    for each in _apart(place.servers):
        tls, filters = each.server.tls, list(_filters(router, place, each))
        if filters and (tls is None or not each.encrypted):
            yield FilterChain(filters=filters)
        elif filters and tls is not None:
            yield FilterChain(
                filter_chain_match=_asking_for(each.names), transport_socket=server_socket(tls), filters=filters
            )


def _apart(servers: Sequence[Served]) -> Iterator[Served]:
    """Those that are told apart by connection: of plain HTTP the first, as all of it shares one table."""
    plain = [each for each in servers if each.server.port.http]
    return (each for each in servers if each not in plain[1:])


def _filters(router: Router, place: _Place, each: Served) -> Iterator[Filter]:
    """What takes the requests of a server, or its connections; nothing takes those that no rule is for."""
    if each.table:
        yield manager_filter(edge_manager(each.table, each.table, place.name))
    elif (found := gateway_forwarding(router.rules, router.callees, router.pod, each)) is not None:
        prefix = f"gateway_{each.number}"
        yield from connection_guards(place.policies, prefix)
        yield network_filter("envoy.filters.network.tcp_proxy", tcp_proxy(prefix, found))


def _asking_for(names: Sequence[str]) -> FilterChainMatch | None:
    """Clients that ask for one of these names (SNI), or for none if any will do."""
    return None if "*" in names else FilterChainMatch(server_names=names)
