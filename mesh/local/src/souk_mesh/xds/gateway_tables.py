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

Place = tuple[str, str, str]
"""Of a VirtualService at a Gateway: that of the Gateway, the rule's namespace and name."""


@dataclass
class _Host:
    """What is to become a virtual host, or a part of one."""

    rules: list[Place] = field(default_factory=list)
    """What is bound to it, in order."""
    redirects: bool = False
    """Whether plain text is sent to TLS."""


@dataclass
class _Table:
    """A table while it is put together."""

    routes: dict[Place, tuple[Route, ...]] = field(default_factory=dict)
    hosts: dict[str, _Host] = field(default_factory=dict)

    def host(self, name: str) -> _Host:
        """A host, with nothing bound to it if it is new."""
        return self.hosts.setdefault(name, _Host())


def gateway_tables(router: Router) -> Iterator[RouteConfiguration]:
    """The tables of all servers that take requests."""
    tables: dict[str, list[Served]] = {}
    for servers in router.servers().values():
        for each in servers:
            if each.table:
                tables.setdefault(each.table, []).append(each)
    for name, sharing in tables.items():
        table = route_table(name)
        number = sharing[0].server.port.number
        table.virtual_hosts.extend(_virtual_hosts(_filled(router, sharing), number) or [_nowhere(number)])
        yield table


def _filled(router: Router, sharing: Sequence[Served]) -> _Table:
    table = _Table()
    for each in sharing:
        redirects = each.server.tls is not None and each.server.tls.https_redirect
        caller = _caller(router, each)
        for rule in router.rules:
            if not applies(rule, each.gateway) or not has_routes(rule, caller):
                continue
            # A rule that reaches two servers of a Gateway is built once: for the port of the first.
            place = (each.gateway, rule.metadata.namespace, rule.metadata.name)
            for host in granted_hosts(each, rule):
                if place not in table.routes:
                    table.routes[place] = tuple(rule_routes(Reach(router.callees, rule, caller)))
                found = table.host(host)
                found.rules.append(place)
                found.redirects |= redirects
        for host in each.hosts if redirects else ():
            table.host(host.lower()).redirects = True
    return table


def _caller(router: Router, each: Served) -> Caller:
    # As in Istio, a server that only redirects counts as one with TLS.
    scheme = "http" if each.server.tls is None else "https"
    return Caller(router.pod.namespace, router.pod.labels, each.server.port.number, each.gateway, scheme)


def _virtual_hosts(table: _Table, number: int) -> list[VirtualHost]:
    """Hosts that fare alike become one, as in Istio."""
    alike: dict[tuple[tuple[Place, ...], bool], list[str]] = {}
    for name in sorted(table.hosts):
        found = table.hosts[name]
        alike.setdefault((tuple(found.rules), found.redirects), []).append(name)
    return [_virtual_host(names, number, table, *fate) for fate, names in alike.items()]


def _virtual_host(
    names: Sequence[str], number: int, table: _Table, rules: Sequence[Place], redirects: bool
) -> VirtualHost:
    # Rules of several VirtualServices for one host are joined: what takes everything must come last.
    routes = sorted(
        (route for place in rules for route in table.routes[place]), key=lambda route: takes_everything(route.match)
    )
    made = VirtualHost(name=f"{names[0]}:{number}", domains=names, routes=routes, include_request_attempt_count=True)
    if redirects:
        made.require_tls = VirtualHost.ALL
    return made


def _nowhere(number: int) -> VirtualHost:
    """Where no rule is bound: nothing is found."""
    return VirtualHost(name=f"blackhole:{number}", domains=["*"])
