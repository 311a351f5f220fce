"""What a proxy in a cluster does at the moment, by its own account."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Set
from typing import Any

from tests.homes.kubectl import shop

Shares = Set[tuple[str, int]]
"""The subsets that a route leads to, with their weights; those without weight are left out."""


def meant(rule: Mapping[str, Any]) -> Set[Shares]:
    """How a VirtualService splits: the shares of each of its routes."""
    return {
        _positive((each["destination"].get("subset", ""), each.get("weight", 100)) for each in http["route"])
        for http in rule["spec"]["http"]
    }


def done_by(pod: str, service: str) -> Set[Shares]:
    """How the proxy of a pod splits the requests to a Service; empty if it leads none there."""
    dump = shop(
        *("exec", pod, "--container", "istio-proxy", "--"),
        *("pilot-agent", "request", "GET", "config_dump?resource=dynamic_route_configs"),
    )
    return shares_in(json.loads(dump), service)


def shares_in(dump: Mapping[str, Any], service: str) -> Set[Shares]:
    """The same, read from the dump of a proxy's routes."""
    return {shares for route in _routes(dump) if (shares := _shares(route, service))}


def _routes(dump: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for config in dump.get("configs", ()):
        for host in config["route_config"].get("virtual_hosts", ()):
            for route in host.get("routes", ()):
                yield route.get("route", {})


def _shares(route: Mapping[str, Any], service: str) -> Shares:
    clusters = route.get("weighted_clusters", {}).get("clusters", ())
    if "cluster" in route:
        clusters = ({"name": route["cluster"], "weight": 100},)
    # outbound|50051|v1|payment.souk.svc.cluster.local
    parts = [(each["name"].split("|"), each.get("weight", 0)) for each in clusters]
    return _positive((name[2], weight) for name, weight in parts if name[-1].startswith(f"{service}."))


def _positive(shares: Iterable[tuple[str, int]]) -> Shares:
    return frozenset((subset, weight) for subset, weight in shares if weight)
