"""Where VirtualServices lead, which is what Sidecars ask of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from souk_mesh.objects import Destination, ObjectKey, VirtualService
from souk_mesh.xds.mesh_rules import hosts_of
from souk_mesh.xds.reach import MESH, request_destinations
from souk_mesh.xds.rules import applies
from souk_mesh.xds.view import full_host


@dataclass(frozen=True)
class Led:
    """A destination of a rule."""

    host: str
    port: int | None
    """The port, if one is named."""
    callers: tuple[str, ...]
    """The namespaces whose callers it is for; all if there are none."""


@dataclass(frozen=True)
class Lead:
    """Where a VirtualService leads whom. A changed weight leaves it as it is."""

    rule: ObjectKey
    hosts: tuple[str, ...]
    destinations: tuple[Led, ...]
    export_to: tuple[str, ...]


class LeadIndex:
    """Leads, to be found by the hosts that they are for: compared by identity."""

    def __init__(self, known: tuple[Lead, ...]) -> None:
        self.known = known
        self._by_host: dict[str, list[int]] = {}
        self._wild = [index for index, lead in enumerate(known) if any(host.startswith("*") for host in lead.hosts)]
        for index, lead in enumerate(known):
            for host in lead.hosts:
                self._by_host.setdefault(host, []).append(index)

    def for_hosts(self, hosts: Iterable[str]) -> Iterator[Lead]:
        """Those that may be for one of these full names, the oldest first."""
        found = {index for host in hosts for index in self._by_host.get(host, ())}
        yield from (self.known[index] for index in sorted(found.union(self._wild)))


def leads(rules: Iterable[VirtualService]) -> tuple[Lead, ...]:
    """Where the rules that speak to sidecars lead."""
    return tuple(
        Lead(rule.key, tuple(hosts_of(rule)), tuple(_destinations(rule)), rule.spec.export_to)
        for rule in rules
        if applies(rule, MESH)
    )


def _destinations(rule: VirtualService) -> Iterator[Led]:
    for entry in rule.spec.http:
        callers = tuple(each.source_namespace for each in entry.match if each.source_namespace)
        yield from (_led(each, rule, callers) for each in request_destinations(entry))
    for connection in rule.spec.tcp:
        yield from (_led(share.destination, rule, ()) for share in connection.route)


def _led(destination: Destination, rule: VirtualService, callers: tuple[str, ...]) -> Led:
    port = destination.port.number if destination.port else None
    return Led(full_host(destination.host, rule.metadata.namespace), port, callers)
