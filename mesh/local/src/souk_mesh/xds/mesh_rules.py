"""Which VirtualService speaks for which authority, where sidecars call: the oldest, as Istio resolves it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from souk_mesh.objects import VirtualService
from souk_mesh.objects.exporting import EVERYONE, exported
from souk_mesh.objects.pod_services import short_names
from souk_mesh.topology import ServiceKey
from souk_mesh.xds.destinations import Callee, Callees
from souk_mesh.xds.reach import MESH, Caller
from souk_mesh.xds.rules import applies, has_routes
from souk_mesh.xds.view import covers, full_host, protocol


@dataclass(frozen=True)
class Named:
    """What a Service is called, and by which rule."""

    names: tuple[str, ...]
    """The authorities that mean it, the usual one first."""
    rule: VirtualService | None


@dataclass(frozen=True)
class Authorities:
    """What authorities mean on one port."""

    services: Mapping[str, Named] = field(default_factory=dict)
    """By the full host of each Service that speaks HTTP there."""
    others: Mapping[str, VirtualService] = field(default_factory=dict)
    """Names that are no Service's, beside one that is: `api.example.com`."""


def known_names(key: ServiceKey, namespace: str) -> list[str]:
    """The authorities that mean a Service to a caller in `namespace`, the usual one first."""
    if key.of_pod:
        return [*short_names(key.host, namespace), f"{key.host}."]
    if key.entered:
        return [key.host, f"{key.host}."]
    names = [f"{key.name}.{key.namespace}", f"{key.name}.{key.namespace}.svc", key.host, f"{key.host}."]
    return [key.name, *names] if namespace == key.namespace else names


def _authorities(callee: Callee, namespace: str) -> list[str]:
    names = known_names(callee.key, namespace)
    if callee.service.spec.headless and not callee.key.of_pod:
        # What is called by the name of a pod, and came here all the same.
        return [*names, *(f"*.{name}" for name in names)]
    return names


class MeshRules:
    """The VirtualServices that the sidecars of a namespace go by, the oldest first."""

    def __init__(self, rules: Iterable[VirtualService], namespace: str) -> None:
        seen = (rule for rule in visible(rules, namespace) if applies(rule, MESH))
        self._rules = tuple((rule, hosts_of(rule)) for rule in seen)
        self._exact: dict[str, VirtualService] = {}
        for rule, hosts in self._rules:
            for host in hosts:
                self._exact.setdefault(host, rule)
        # Among those that cover a Service the longest, and so the most specific, comes first.
        self._wildcards = sorted((host for host in self._exact if host.startswith("*")), key=len, reverse=True)

    def connections(self, host: str) -> tuple[VirtualService, ...]:
        """Those that may speak for TCP connections to a Service, where wildcards count as much as names."""
        return tuple(
            rule for rule, hosts in self._rules if rule.spec.tcp and any(covers(pattern, host) for pattern in hosts)
        )

    def on(self, caller: Caller, callees: Callees) -> Authorities:
        """What authorities mean to a caller; where two rules speak for one, the older holds."""
        there = {host: each for host, each in callees.items() if _has_port(each, caller.port)}
        spoken = {host: each for host, each in there.items() if _speaks_http(each, caller.port)}
        given = _Given(caller.namespace, there)
        for rule, hosts in self._rules:
            chosen, rest = self._chosen(rule, hosts, there)
            services = [host for host in chosen if host in spoken]
            if services and has_routes(rule, caller):
                for host in rest:
                    given.give_other(host, rule)
                for host in services:
                    given.give_service(host, rule)
        for host in spoken:
            given.give_service(host, None)
        return Authorities(given.services, given.others)

    def _chosen(
        self, rule: VirtualService, hosts: Iterable[str], there: Callees
    ) -> tuple[Sequence[str], Sequence[str]]:
        """The Services that a rule speaks for, and what else it names."""
        chosen, rest = [], []
        for host in hosts:
            if host in there:
                chosen.append(host)
            elif not host.startswith("*"):
                rest.append(host)
            elif covered := [each for each in there if covers(host, each)]:
                chosen += [each for each in covered if self._most_specific(each) is rule]
            else:
                rest.append(host)
        return chosen, rest

    def _most_specific(self, host: str) -> VirtualService | None:
        if host in self._exact:
            return self._exact[host]
        return next((self._exact[pattern] for pattern in self._wildcards if covers(pattern, host)), None)


@dataclass
class _Given:
    """The authorities of one port, while they are given away: who comes first has them."""

    namespace: str
    callees: Callees
    services: dict[str, Named] = field(default_factory=dict)
    others: dict[str, VirtualService] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)

    def give_service(self, host: str, rule: VirtualService | None) -> None:
        """Gives a Service what is left of its names."""
        if host not in self.services:
            usual = _authorities(self.callees[host], self.namespace)
            self.services[host] = Named(tuple(each for each in usual if each not in self.taken), rule)
            self.taken.update(usual)

    def give_other(self, host: str, rule: VirtualService) -> None:
        """Gives a rule a name that is no Service's."""
        if host not in self.taken:
            self.others[host] = rule
            self.taken.add(host)


def hosts_of(rule: VirtualService) -> list[str]:
    """The hosts of a rule in full."""
    return [full_host(host, rule.metadata.namespace).lower() for host in rule.spec.hosts]


def visible(rules: Iterable[VirtualService], namespace: str) -> tuple[VirtualService, ...]:
    """The rules that a namespace sees: its own private ones first, then those for some, then those for all."""
    found = [rule for rule in rules if exported(rule.spec.export_to, rule.metadata.namespace, namespace)]
    return tuple(sorted(found, key=lambda rule: _distance(rule, namespace)))


def _distance(rule: VirtualService, namespace: str) -> int:
    if not rule.spec.export_to or EVERYONE in rule.spec.export_to:
        return 2
    return 0 if rule.metadata.namespace == namespace else 1


def _has_port(callee: Callee, number: int) -> bool:
    return any(port.port == number for port in callee.service.spec.ports)


def _speaks_http(callee: Callee, number: int) -> bool:
    return any(port.port == number and protocol(port).http for port in callee.service.spec.ports)
