"""How a VirtualService wants requests split, and how a proxy splits them: the same form for both."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

from souk_canary.homes import Document, Key

Split = frozenset[tuple[str, Fraction]]
"""Which part of the requests goes to which subset; those that get none are left out, as Istio leaves them out."""


def wanted(document: Document) -> frozenset[Split]:
    """The splits of a VirtualService's HTTP routes."""
    routes = _mapping(document["spec"]).get("http", ())
    return frozenset(_split(_destinations(route)) for route in routes if route.get("route"))


def held(dump: Mapping[str, Any], rule: Key) -> Sequence[frozenset[Split]]:
    """The splits that Envoy has from a VirtualService, for each of its route tables that has any.

    `dump` is what its admin interface gives for `config_dump?resource=dynamic_route_configs`. Istio notes on each route
    which VirtualService it was made from.
    """
    tables = []
    for config in dump.get("configs", ()):
        table = config.get("route_config", {})
        splits = frozenset(
            _split(_clusters(route["route"]))
            for host in table.get("virtual_hosts", ())
            for route in host.get("routes", ())
            if "route" in route and _made_from(route, rule)
        )
        if splits:
            tables.append(splits)
    return tables


def described(splits: Iterable[Split]) -> str:
    """For people: `v1=90% v2=10%`."""
    return "; ".join(
        " ".join(f"{subset or 'all'}={float(part):.0%}" for subset, part in sorted(split))
        for split in sorted(splits, key=sorted)
    )


def _split(weights: Iterable[tuple[str, int]]) -> Split:
    sums: dict[str, int] = {}
    for subset, weight in weights:
        sums[subset] = sums.get(subset, 0) + weight
    total = sum(sums.values())
    return frozenset((subset, Fraction(weight, total)) for subset, weight in sums.items() if weight)


def _destinations(route: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    unsaid = 100 if len(route["route"]) == 1 else 0
    for each in route["route"]:
        yield each["destination"].get("subset", ""), int(each.get("weight", unsaid))


def _clusters(action: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    if "cluster" in action:
        yield _subset(action["cluster"]), 100
    for each in action.get("weighted_clusters", {}).get("clusters", ()):
        yield _subset(each["name"]), int(each.get("weight", 0))


def _subset(cluster: str) -> str:
    """Of `outbound|50051|v2|payment.souk.svc.cluster.local`."""
    parts = cluster.split("|")
    return parts[2] if len(parts) == 4 else cluster


def _made_from(route: Mapping[str, Any], rule: Key) -> bool:
    # /apis/networking.istio.io/v1/namespaces/souk/virtual-service/payment
    origin = route.get("metadata", {}).get("filter_metadata", {}).get("istio", {}).get("config", "")
    return str(origin).endswith(f"/namespaces/{rule.namespace}/virtual-service/{rule.name}")


def _mapping(value: object) -> Mapping[str, Any]:
    assert isinstance(value, Mapping), "a spec is a mapping"
    return value
