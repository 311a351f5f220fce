"""The weights of a service's subsets in a VirtualService, read and changed: plain functions over its document."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from souk_canary.homes import Document, Key

Weights = Mapping[str, int]
"""By subset, as the document has them."""


class CannotSplit(Exception):
    """The objects do not allow this experiment; the text says why and what would."""


def key(document: Document) -> Key:
    """Which object a document is."""
    metadata = _mapping(document["metadata"])
    return Key(str(document["kind"]), str(metadata["namespace"]), str(metadata["name"]))


def means(service: str, host: str, namespace: str) -> bool:
    """Tells whether a host in a rule of this namespace is the Service: `payment`, `payment.souk`, the full name."""
    full = (service, f"{service}.{namespace}", f"{service}.{namespace}.svc", f"{service}.{namespace}.svc.cluster.local")
    return host in full


def find(service: str, namespace: str, rules: Sequence[Document]) -> Document:
    """The VirtualService for the Service's host, or else one that splits requests to it.

    Raises:
        CannotSplit: there is none.
    """
    owners = [rule for rule in rules if any(means(service, host, namespace) for host in _spec(rule).get("hosts", ()))]
    callers = [rule for rule in rules if any(_splits(service, namespace, route) for route in _routes(rule))]
    if not owners and not callers:
        raise CannotSplit(
            f"no VirtualService in {namespace} routes calls to {service}\n"
            f"  add one with a route to each subset, as mesh/istio/traffic/payment.yaml does"
        )
    return [*owners, *callers][0]


def subsets(service: str, namespace: str, destinations: Sequence[Document]) -> Mapping[str, Mapping[str, str]]:
    """The labels of each subset that DestinationRules define for the Service."""
    return {
        subset["name"]: subset.get("labels", {})
        for rule in destinations
        if means(service, _spec(rule)["host"], namespace)
        for subset in _spec(rule).get("subsets", ())
    }


def selector(service: Document) -> Mapping[str, str]:
    """The labels by which a Service finds its pods; those of a subset come on top."""
    found: Mapping[str, str] = _spec(service)["selector"]
    return found


def weights(service: str, rule: Document) -> Weights:
    """How requests to the Service are split.

    Raises:
        CannotSplit: no route can be split, or two routes split differently.
    """
    found = [_weights(route) for route in _chosen(service, rule)]
    if any(each != found[0] for each in found):
        shown = "; ".join(" ".join(f"{subset}={weight}" for subset, weight in each.items()) for each in found)
        raise CannotSplit(
            f"{key(rule)}: its routes to {service} split differently: {shown}\n"
            f"  an experiment needs one split to start from: `souk split {service} …` sets them all"
        )
    return found[0]


def has_weights(service: str, rule: Document, expected: Weights) -> bool:
    """Tells whether requests to the Service are split so, on every route that splits it."""
    try:
        return weights(service, rule) == expected
    except CannotSplit:
        return False


def with_weights(service: str, rule: Document, wanted: Weights) -> Document:
    """The document with these weights, and no other subset, on each route that splits the Service."""
    changed = copy.deepcopy(dict(rule))
    for route in _chosen(service, changed):
        there = {each["destination"].get("subset"): each for each in route["route"]}
        template = route["route"][0]
        for subset in wanted:
            new = {**template, "destination": {**template["destination"], "subset": subset}}
            there.setdefault(subset, new)
        kept = {subset: each for subset, each in there.items() if subset in wanted}
        route["route"] = [{**each, "weight": wanted[subset]} for subset, each in kept.items()]
    return changed


def shared(before: Weights, baseline: str, candidate: str, percent: int) -> Weights:
    """A split between two versions; any other subset gets nothing, and stays."""
    return {**dict.fromkeys(before, 0), baseline: 100 - percent, candidate: percent}


def _chosen(service: str, rule: Document) -> Sequence[dict[str, Any]]:
    namespace = key(rule).namespace
    splitting = [route for route in _routes(rule) if _splits(service, namespace, route)]
    plain = [
        route
        for route in _routes(rule)
        if not route.get("match") and _all_mean(service, namespace, route) and _weights(route).keys() != {""}
    ]
    if not splitting and not plain:
        raise CannotSplit(
            f"{key(rule)}: no route splits requests over subsets of {service}\n  give one a destination for each subset"
        )
    return splitting or plain


def _splits(service: str, namespace: str, route: Mapping[str, Any]) -> bool:
    return len(route.get("route", ())) > 1 and _all_mean(service, namespace, route)


def _all_mean(service: str, namespace: str, route: Mapping[str, Any]) -> bool:
    destinations = [each["destination"] for each in route.get("route", ())]
    return bool(destinations) and all(means(service, each["host"], namespace) for each in destinations)


def _weights(route: Mapping[str, Any]) -> Weights:
    destinations = route["route"]
    unsaid = 100 if len(destinations) == 1 else 0  # one destination needs no weight
    return {each["destination"].get("subset", ""): int(each.get("weight", unsaid)) for each in destinations}


def _routes(rule: Document) -> Sequence[dict[str, Any]]:
    found: Sequence[dict[str, Any]] = _spec(rule).get("http", ())
    return found


def _spec(document: Document) -> Mapping[str, Any]:
    return _mapping(document["spec"])


def _mapping(value: object) -> Mapping[str, Any]:
    assert isinstance(value, Mapping), "an object's metadata and spec are mappings"
    return value
