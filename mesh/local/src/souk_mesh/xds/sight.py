"""What the pods of a scope see of the mesh (Sidecar, exportTo)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from souk_mesh.objects import ObjectKey, Sidecar
from souk_mesh.objects.exporting import exported
from souk_mesh.objects.visibility import visible
from souk_mesh.topology import ServiceKey
from souk_mesh.xds.egress_hosts import EgressHosts
from souk_mesh.xds.leads import Lead, LeadIndex
from souk_mesh.xds.registry import Registry
from souk_mesh.xds.scopes import Scope


@dataclass(frozen=True)
class Seen:
    """A Service that is seen, and which of its ports."""

    key: ServiceKey
    ports: frozenset[int] | None = None
    """All of them when None."""
    led: bool = False
    """Whether nobody named it and some rule leads to it: it can be reached by that rule alone."""


@dataclass(frozen=True, eq=False)
class Sight:
    """What the pods of a scope see: to be compared by identity."""

    services: Mapping[str, Seen] = field(default_factory=dict)
    """By full host: of several Services with one host, each scope sees one."""
    rules: tuple[ObjectKey, ...] | None = None
    """The VirtualServices that count, the oldest first; all when None."""
    registry_only: bool = False
    """Whether calls to hosts that nobody knows are refused."""


@dataclass(frozen=True)
class Outward:
    """A scope, and what its sight is made from."""

    scope: Scope
    sidecar: Sidecar | None
    registry: Registry
    leads: LeadIndex


def sight(given: Outward) -> Sight:
    """What the pods of a scope see."""
    namespace, registry, sidecar = given.scope.namespace, given.registry, given.sidecar
    policy = sidecar.spec.outbound_traffic_policy if sidecar else None
    registry_only = policy is not None and policy.mode == "REGISTRY_ONLY"
    if sidecar is None or not sidecar.spec.egress:
        everything = (key for key, each in registry.services.items() if visible(each, namespace))
        return Sight(_chosen(given, everything), None, registry_only)
    wanted = EgressHosts.of(sidecar.spec.egress[0].hosts, namespace)
    exported_here = (key for key in wanted.candidates(registry) if visible(registry.services[key], namespace))
    seen = _chosen(given, (key for key in exported_here if wanted.sees(key.namespace, key.host)))
    rules = [
        each
        for each in wanted.leads(given.leads)
        if exported(each.export_to, each.rule.namespace, namespace) and wanted.routes(each)
    ]
    for each in rules:
        _follow(each, given, seen)
    return Sight(seen, tuple(each.rule for each in rules), registry_only)


def _chosen(given: Outward, keys: Iterable[ServiceKey]) -> dict[str, Seen]:
    found: dict[str, list[ServiceKey]] = {}
    for key in keys:
        found.setdefault(key.host, []).append(key)
    best = {host: given.registry.best(each, given.scope.namespace) for host, each in found.items()}
    return {host: Seen(key) for host, key in best.items() if key is not None}


def _follow(lead: Lead, given: Outward, seen: dict[str, Seen]) -> None:
    """Adds what a rule leads to and nobody named: of such Services only the ports that it speaks of."""
    for host, ports in _ports_by_host(lead, given.scope.namespace).items():
        key = _meant(host, given)
        if key is None:
            continue
        offered = frozenset(port.port for port in given.registry.services[key].spec.ports)
        wanted = offered if None in ports else offered & ports
        if host not in seen:
            if wanted:
                seen[host] = Seen(key, None if wanted == offered else wanted, led=True)
        elif seen[host].key == key and (before := seen[host].ports) is not None:
            seen[host] = Seen(key, None if before | wanted == offered else before | wanted, led=True)


def _ports_by_host(lead: Lead, namespace: str) -> Mapping[str, set[int | None]]:
    ports: dict[str, set[int | None]] = {}
    for each in lead.destinations:
        if not each.callers or namespace in each.callers:
            ports.setdefault(each.host, set()).add(each.port)
    return ports


def _meant(host: str, given: Outward) -> ServiceKey | None:
    namespace, registry = given.scope.namespace, given.registry
    keys = registry.by_host.get(host, ())
    shown = (key for key in keys if key.namespace == namespace or visible(registry.services[key], namespace))
    return registry.best(shown, namespace)
