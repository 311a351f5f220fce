"""The hosts that a Sidecar lets its pods call."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from souk_mesh.topology import ServiceKey
from souk_mesh.xds.leads import Lead, LeadIndex
from souk_mesh.xds.registry import Registry
from souk_mesh.xds.view import covers


@dataclass
class _Hosts:
    """Hosts that are named for one namespace."""

    exact: set[str] = field(default_factory=set)
    all: list[str] = field(default_factory=list)
    without: list[str] = field(default_factory=list)


class EgressHosts:
    """The hosts of an egress listener, by the namespace of what they mean."""

    def __init__(self, by_namespace: Mapping[str, _Hosts]) -> None:
        self._by_namespace = by_namespace

    @classmethod
    def of(cls, hosts: Iterable[str], own: str) -> EgressHosts:
        """Reads `namespace/host` entries; `.` is the namespace `own`."""
        found: dict[str, _Hosts] = {}
        for entry in hosts:
            namespace, _, host = entry.partition("/")
            without, namespace = namespace.startswith("~"), namespace.removeprefix("~") or "*"
            named = found.setdefault(own if namespace == "." else namespace, _Hosts())
            (named.without if without else named.all).append(host)
            if not without and not host.startswith("*"):
                named.exact.add(host)
        return cls(found)

    @property
    def exact(self) -> bool:
        """Whether only full names are given: what they mean is found at once, so that many Sidecars stay cheap."""
        return all(len(each.exact) == len(set(each.all)) for each in self._by_namespace.values())

    def leads(self, known: LeadIndex) -> Iterable[Lead]:
        """Where the rules lead that may be meant."""
        if not self.exact:
            return known.known
        return known.for_hosts(host for each in self._by_namespace.values() for host in each.exact)

    def candidates(self, registry: Registry) -> Iterable[ServiceKey]:
        """What may be meant."""
        if not self.exact:
            return registry.services
        return [
            key for each in self._by_namespace.values() for host in each.exact for key in registry.by_host.get(host, ())
        ]

    def sees(self, namespace: str, host: str) -> bool:
        """Whether a Service is meant."""
        return not self._excluded(namespace, host) and any(
            host in each.exact or any(pattern.startswith("*") and covers(pattern, host) for pattern in each.all)
            for each in self._of(namespace)
        )

    def routes(self, lead: Lead) -> bool:
        """Whether a VirtualService counts: one of its hosts is meant, or has a wildcard that takes in one that is."""
        namespace = lead.rule.namespace
        return any(
            not self._excluded(namespace, host) and any(_meet(each, host) for each in self._of(namespace))
            for host in lead.hosts
        )

    def _of(self, namespace: str) -> Iterator[_Hosts]:
        yield from (self._by_namespace[each] for each in (namespace, "*") if each in self._by_namespace)

    def _excluded(self, namespace: str, host: str) -> bool:
        return any(covers(pattern, host) for each in self._of(namespace) for pattern in each.without)


def _meet(named: _Hosts, host: str) -> bool:
    if host in named.exact:
        return True
    wild = host.startswith("*")
    return any(
        covers(pattern, host) or covers(host, pattern) for pattern in named.all if wild or pattern.startswith("*")
    )
