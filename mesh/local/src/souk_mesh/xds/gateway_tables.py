"""Where a gateway sends what comes in (RDS): one table for every plain port and for every server with TLS."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from envoy.config.route.v3.route_components_pb2 import Route, VirtualHost
from envoy.config.route.v3.route_pb2 import RouteConfiguration

from souk_mesh.xds.gateway import Router
from souk_mesh.xds.gateway_servers import Served, granted_hosts
from souk_mesh.xds.matches import takes_everything
from souk_mesh.xds.reach import Caller, Reach
from souk_mesh.xds.routes import route_table
from souk_mesh.xds.rules import applies, has_routes, rule_routes


@dataclass
class _Host:
    """What is to become a virtual host."""

    routes: list[Route] = field(default_factory=list)
    redirects: bool = False
    """Whether plain text is sent to TLS."""


def gateway_tables(router: Router) -> Iterator[RouteConfiguration]:
    """The tables of all servers that take requests."""
    tables: dict[str, list[Served]] = {}
    for servers in router.servers().values():
        for each in servers:
            if each.table:
                tables.setdefault(each.table, []).append(each)
    for name, sharing in tables.items():
        number = sharing[0].server.port.number
        hosts = _hosts(router, sharing)
        table = route_table(name)
        made = [_virtual_host(host, number, hosts[host]) for host in sorted(hosts)]
        table.virtual_hosts.extend(made or [_nowhere(number)])
        yield table


def _hosts(router: Router, sharing: Sequence[Served]) -> dict[str, _Host]:
    hosts: dict[str, _Host] = {}
    made: dict[tuple[str, str, str], list[Route]] = {}
    for each in sharing:
        redirects = each.server.tls is not None and each.server.tls.https_redirect
        for rule in router.rules:
            caller = _caller(router, each)
            if not applies(rule, each.gateway) or not has_routes(rule, caller):
                continue
            # A rule that reaches two servers of a Gateway is built once: for the port of the first.
            place = (each.gateway, rule.metadata.namespace, rule.metadata.name)
            for host in granted_hosts(each, rule):
                if place not in made:
                    made[place] = list(rule_routes(Reach(router.callees, rule, caller)))
                found = hosts.setdefault(host, _Host())
                found.routes.extend(made[place])
                found.redirects |= redirects
        for host in each.hosts if redirects else ():
            hosts.setdefault(host.lower(), _Host()).redirects = True
    return hosts


def _caller(router: Router, each: Served) -> Caller:
    # As in Istio, a server that only redirects counts as one with TLS.
    scheme = "http" if each.server.tls is None else "https"
    return Caller(router.pod.namespace, router.pod.labels, each.server.port.number, each.gateway, scheme)


def _virtual_host(host: str, number: int, found: _Host) -> VirtualHost:
    # Rules of several VirtualServices for one host are joined: what takes everything must come last.
    ordered = sorted(found.routes, key=lambda route: takes_everything(route.match))
    made = VirtualHost(name=f"{host}:{number}", domains=[host], routes=ordered, include_request_attempt_count=True)
    if found.redirects:
        made.require_tls = VirtualHost.ALL
    return made


def _nowhere(number: int) -> VirtualHost:
    """Where no rule is bound: nothing is found."""
    return VirtualHost(name=f"blackhole:{number}", domains=["*"])
