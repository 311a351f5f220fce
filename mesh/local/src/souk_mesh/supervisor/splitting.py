"""Changes how a VirtualService splits requests over the subsets of a Service."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from souk_mesh.objects import (
    Destination,
    DestinationRule,
    HTTPRoute,
    HTTPRouteDestination,
    VirtualService,
    VirtualServiceSpec,
)


class CannotSplit(Exception):
    """The split that was asked for makes no sense; the text says why and what would."""


def names(service: str, host: str, namespace: str) -> bool:
    """Tells whether a host in a rule of this namespace means the Service: `payment`, `payment.souk`, the full name."""
    short, _, rest = service.partition(".")
    where = rest.split(".")[0] if rest else namespace
    return host in (short, f"{short}.{where}", f"{short}.{where}.svc", f"{short}.{where}.svc.cluster.local")


def find(service: str, candidates: Sequence[VirtualService]) -> VirtualService:
    """Finds the VirtualService of a Service: the one for its host, or else one that splits requests to it.

    Raises:
        CannotSplit: none does.
    """
    owners = [each for each in candidates if any(names(service, host, _namespace(each)) for host in each.spec.hosts)]
    callers = [
        each for each in candidates if any(_splits(service, route, _namespace(each)) for route in each.spec.http)
    ]
    if owners or callers:
        return [*owners, *callers][0]
    hosts = sorted({host for each in candidates for host in each.spec.hosts if host != "*"})
    raise CannotSplit(
        f"no VirtualService routes calls to {service}\n  there are some for: {', '.join(hosts) or 'none'}"
    )


def split(
    service: str, rule: VirtualService, weights: Mapping[str, int], destinations: Sequence[DestinationRule]
) -> VirtualService:
    """Gives the subsets of a Service these weights; subsets that are not named get none.

    Raises:
        CannotSplit: a subset is unknown, a weight is negative, or all are zero.
    """
    namespace = rule.metadata.namespace
    known = [
        subset.name
        for each in destinations
        if names(service, each.spec.host, each.metadata.namespace)
        for subset in each.spec.subsets
    ]
    _check(service, weights, known)
    chosen = [index for index, route in enumerate(rule.spec.http) if _splits(service, route, namespace)]
    if not chosen:
        chosen = [index for index, route in enumerate(rule.spec.http) if route.route and not route.match]
    if not chosen:
        raise CannotSplit(f"VirtualService {namespace}/{rule.metadata.name} has no route that could be split")
    routes = tuple(
        _with_weights(service, route, weights, namespace) if index in chosen else route
        for index, route in enumerate(rule.spec.http)
    )
    spec: VirtualServiceSpec = rule.spec.model_copy(update={"http": routes})
    return rule.model_copy(update={"spec": spec})


def _namespace(rule: VirtualService) -> str:
    return rule.metadata.namespace


def _check(service: str, weights: Mapping[str, int], known: Sequence[str]) -> None:
    unknown = [name for name in weights if name not in known]
    if unknown:
        raise CannotSplit(
            f"{service} has no subset {', '.join(unknown)}\n  its DestinationRule defines: {', '.join(known) or 'none'}"
        )
    negative = [name for name, weight in weights.items() if weight < 0]
    if negative:
        raise CannotSplit(f"the weight of {', '.join(negative)} is negative\n  weights are shares: 0 or more")
    if sum(weights.values()) == 0:
        raise CannotSplit("all weights are zero: requests would go nowhere\n  give at least one subset a share")


def _splits(service: str, route: HTTPRoute, namespace: str) -> bool:
    return len(route.route) > 1 and all(names(service, each.destination.host, namespace) for each in route.route)


def _with_weights(service: str, route: HTTPRoute, weights: Mapping[str, int], namespace: str) -> HTTPRoute:
    kept = [each for each in route.route if names(service, each.destination.host, namespace)]
    template = kept[0].destination if kept else Destination(host=service)
    shares = {each.destination.subset: each for each in kept if each.destination.subset}
    for subset in weights:
        destination = template.model_copy(update={"subset": subset})
        shares.setdefault(subset, HTTPRouteDestination(destination=destination))
    # A subset that gets nothing stays in the route, so that the next split finds a route that splits.
    split = tuple(each.model_copy(update={"weight": weights.get(subset, 0)}) for subset, each in shares.items())
    return route.model_copy(update={"route": split})
