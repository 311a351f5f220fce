"""VirtualServices: hosts, gateways, who sees them; their routes have files of their own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from souk_mesh.check.exports import exports
from souk_mesh.check.http_routes import http_route_problems, tcp_route_problems
from souk_mesh.check.route_headers import route_header_problems
from souk_mesh.check.view import View, covers, full_name, unknown_host
from souk_mesh.objects import Gateway, HTTPMatchRequest, HTTPRoute, L4MatchAttributes, TCPRoute, VirtualService
from souk_mesh.objects.parsing import Steps
from souk_mesh.problems import Problem, Severity

LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", re.IGNORECASE)
MESH = "mesh"


def problems(view: View) -> Iterator[Problem]:
    """Lists what is wrong with each VirtualService."""
    owners: dict[str, VirtualService] = {}
    for service in view.objects.list(VirtualService):
        yield from _hosts(view, service, owners)
        yield from _gateways(view, service)
        yield from exports(service.key, service.spec.export_to)
        yield from _unreached(service)
        for index, route in enumerate(service.spec.http):
            yield from http_route_problems(view, service, ("spec", "http", index), route)
            yield from route_header_problems(service, ("spec", "http", index), route)
        for index, connection in enumerate(service.spec.tcp):
            yield from tcp_route_problems(view, service, ("spec", "tcp", index), connection)


def _hosts(view: View, service: VirtualService, owners: dict[str, VirtualService]) -> Iterator[Problem]:
    names = [full_name(host, service.metadata.namespace).lower() for host in service.spec.hosts]
    for index, name in enumerate(names):
        where: Steps = ("spec", "hosts", index)
        twice = [other for other in names[:index] if covers(name, other) or covers(other, name)]
        if twice:
            yield Problem(service.key, where, f'"{name}" and "{twice[0]}" have hosts in common', ("leave one out",))
        label, _, rest = name.partition(".")
        if not all(LABEL.fullmatch(part) for part in (label.removeprefix("*"), *rest.rstrip(".").split(".")) if part):
            yield Problem(service.key, where, f'"{name}" is no host', ("a wildcard may stand for its beginning alone",))
    if MESH in service.spec.gateways:
        yield from _mesh_hosts(view, service, names, owners)


def _mesh_hosts(
    view: View, service: VirtualService, names: list[str], owners: dict[str, VirtualService]
) -> Iterator[Problem]:
    # What is no Service is an authority beside one: by itself nobody could call it.
    by_itself = not any(covers(name, each) for name in names for each in view.services)
    for index, (host, name) in enumerate(zip(service.spec.hosts, names, strict=True)):
        where: Steps = ("spec", "hosts", index)
        if host == "*":
            notes: tuple[str, ...] = ("name the Services, or `*.NAMESPACE.svc.cluster.local`",)
            yield Problem(service.key, where, '"*" is for gateways alone, and sidecars are among these', notes)
        elif by_itself:
            notes = unknown_host(view, host, service.metadata.namespace)
            yield Problem(service.key, where, f'"{host}" is no Service', notes)
        if owners.setdefault(name, service) is not service:
            notes = (f"{owners[name].key} has it too; sidecars go by the older of the two", "put both into one")
            yield Problem(service.key, where, f'"{host}" is routed twice', notes, Severity.WARNING)


def _routes(service: VirtualService) -> dict[str, Sequence[HTTPRoute | TCPRoute]]:
    return {"http": service.spec.http, "tcp": service.spec.tcp}


def _unreached(service: VirtualService) -> Iterator[Problem]:
    notes = ("a route without match takes everything: put it last",)
    for field, routes in _routes(service).items():
        for index, route in enumerate(routes[:-1]):
            if not route.match:
                yield Problem(service.key, ("spec", field, index + 1), "is never reached", notes, Severity.WARNING)


def _gateways(view: View, service: VirtualService) -> Iterator[Problem]:
    for index, reference in enumerate(service.spec.gateways):
        yield from _gateway_name(view, service, ("spec", "gateways", index), reference)
    for field, routes in _routes(service).items():
        for index, route in enumerate(routes):
            conditions: Sequence[HTTPMatchRequest | L4MatchAttributes] = route.match
            for position, match in enumerate(conditions):
                for place, reference in enumerate(match.gateways):
                    where = ("spec", field, index, "match", position, "gateways", place)
                    yield from _gateway_name(view, service, where, reference)


def _gateway_name(view: View, service: VirtualService, steps: Steps, reference: str) -> Iterator[Problem]:
    namespace, _, name = reference.rpartition("/")
    if reference != MESH and view.objects.get(Gateway, namespace or service.metadata.namespace, name) is None:
        known = ", ".join(f"{each.metadata.namespace}/{each.metadata.name}" for each in view.objects.list(Gateway))
        notes = (f"Gateways: {known or 'none'}", 'the sidecars are called "mesh"')
        yield Problem(service.key, steps, f'"{reference}" is not defined', notes)
