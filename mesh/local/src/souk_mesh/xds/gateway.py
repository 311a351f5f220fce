"""What a gateway pod listens on and where it sends what comes in (Gateway, and the VirtualServices bound to it)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from envoy.config.core.v3 import base_pb2, extension_pb2
from envoy.config.listener.v3 import listener_components_pb2, listener_pb2
from envoy.config.route.v3 import route_components_pb2, route_pb2

from souk_mesh.objects import (
    AuthorizationPolicy,
    Gateway,
    GatewayServer,
    RequestAuthentication,
    VirtualService,
    contains,
)
from souk_mesh.topology import Pod
from souk_mesh.xds.destinations import Callees
from souk_mesh.xds.http_guards import Guarded, guard_configurations
from souk_mesh.xds.http_managers import edge_manager, manager_filter
from souk_mesh.xds.matches import everything, takes_everything
from souk_mesh.xds.protos import address, flag
from souk_mesh.xds.reach import Caller, Reach
from souk_mesh.xds.renumbering import renumbered
from souk_mesh.xds.routes import route_table
from souk_mesh.xds.rules import applies, has_routes, rule_routes
from souk_mesh.xds.view import covers, full_host, selects, target


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


@dataclass(frozen=True)
class _Server:
    gateway: Gateway
    server: GatewayServer

    @property
    def name(self) -> str:
        return f"{self.gateway.metadata.namespace}/{self.gateway.metadata.name}"


def gateway_listeners(router: Router) -> Iterator[listener_pb2.Listener]:
    """One listener for every port that Gateways ask of this pod, and one on 127.0.0.1 where the port is exposed."""
    for number in _servers(router):
        bound = _bound_port(router, number)
        yield _listener(router.pod.addresses.pod, bound, number)
        if bound in router.pod.exposed:
            # Not an additional address of the first: Envoy can't change those while the others stay.
            exposed = _listener("127.0.0.1", router.pod.exposed[bound], number)
            # When a gateway is replaced or scaled, two of its pods listen there. That nobody else does is made sure
            # of before a mesh takes a port.
            exposed.enable_reuse_port.value = True
            yield exposed


def _listener(host: str, bound: int, number: int) -> listener_pb2.Listener:
    place = _place(host, bound)
    filters = [manager_filter(edge_manager(f"gateway_{number}", _routes_name(number), place))]
    return listener_pb2.Listener(
        name=place,
        address=address(host, bound),
        traffic_direction=base_pb2.OUTBOUND,
        enable_reuse_port=flag(False),
        filter_chains=[listener_components_pb2.FilterChain(filters=filters)],
    )


def gateway_guards(router: Router) -> Iterator[extension_pb2.TypedExtensionConfig]:
    """What is asked of requests at each of these listeners."""
    for number in _servers(router):
        bound = _bound_port(router, number)
        place = _place(router.pod.addresses.pod, bound)
        yield from guard_configurations(Guarded(place, router.policies, router.tokens, before_routing=True))
        if bound in router.pod.exposed:
            exposed = router.pod.exposed[bound]
            policies = tuple(renumbered(each, bound, exposed) for each in router.policies)
            place = _place("127.0.0.1", exposed)
            yield from guard_configurations(Guarded(place, policies, router.tokens, before_routing=True))


def gateway_routes(router: Router) -> Iterator[route_pb2.RouteConfiguration]:
    """The table of every such port."""
    for number, servers in _servers(router).items():
        hosts: dict[str, list[route_components_pb2.Route]] = {}
        for server in servers:
            caller = Caller(router.pod.namespace, router.pod.labels, number, server.name)
            for rule in router.rules:
                if applies(rule, server.name) and has_routes(rule, caller):
                    routes = list(rule_routes(Reach(router.callees, rule, caller)))
                    for host in _hosts(server, rule):
                        hosts.setdefault(host, []).extend(routes)
        table = route_table(_routes_name(number))
        made = [_virtual_host(host, number, routes) for host, routes in sorted(hosts.items())]
        table.virtual_hosts.extend(made or [_nowhere(number)])
        yield table


def _servers(router: Router) -> dict[int, list[_Server]]:
    found: dict[int, list[_Server]] = {}
    for gateway in router.gateways:
        if contains(router.pod.labels, gateway.spec.selector):
            for server in gateway.spec.servers:
                found.setdefault(server.port.number, []).append(_Server(gateway, server))
    return dict(sorted(found.items()))


def _bound_port(router: Router, number: int) -> int:
    """A server's port is that of the Service in front of the gateway; the pod listens where that leads."""
    for callee in router.callees.values():
        if selects(callee.service, router.pod):
            for port in callee.service.spec.ports:
                if port.port == number:
                    return target(port, router.pod) or number
    return number


def _place(host: str, bound: int) -> str:
    return f"gateway|{host}:{bound}"


def _routes_name(number: int) -> str:
    return f"http.{number}"


def _hosts(server: _Server, rule: VirtualService) -> list[str]:
    """The hosts that a VirtualService gets of those that the server offers."""
    offered = []
    for entry in server.server.hosts:
        namespace, slash, host = entry.rpartition("/")
        owner = server.gateway.metadata.namespace if namespace == "." else namespace
        if not slash or owner in ("*", rule.metadata.namespace):
            offered.append(host)
    granted: list[str] = []
    for wanted in (full_host(host, rule.metadata.namespace) for host in rule.spec.hosts):
        for host in offered:
            # The narrower of the two, if they have anything in common.
            common = wanted if covers(host, wanted) else host if covers(wanted, host) else None
            if common is not None and common not in granted:
                granted.append(common)
    return granted


def _virtual_host(host: str, number: int, routes: list[route_components_pb2.Route]) -> route_components_pb2.VirtualHost:
    # Rules of several VirtualServices for one host are joined: what takes everything must come last.
    ordered = sorted(routes, key=lambda route: takes_everything(route.match))
    return route_components_pb2.VirtualHost(
        name=f"{host}:{number}", domains=[host], routes=ordered, include_request_attempt_count=True
    )


def _nowhere(number: int) -> route_components_pb2.VirtualHost:
    refusal = route_components_pb2.Route(
        name="nowhere",
        match=everything(),
        direct_response=route_components_pb2.DirectResponseAction(status=404),
    )
    return route_components_pb2.VirtualHost(name=f"blackhole:{number}", domains=["*"], routes=[refusal])
