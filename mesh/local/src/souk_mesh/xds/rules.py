"""What a VirtualService makes of the requests that reach one proxy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from envoy.config.route.v3.route_components_pb2 import Route, RouteAction

from souk_mesh.objects import (
    ConsistentHash,
    Destination,
    HTTPMatchRequest,
    HTTPRetry,
    HTTPRoute,
    VirtualService,
    contains,
)
from souk_mesh.xds.destinations import Callee, Callees
from souk_mesh.xds.faults import FAULT_FILTER, fault
from souk_mesh.xds.matches import admits, everything, route_match
from souk_mesh.xds.protos import duration, packed
from souk_mesh.xds.retries import retry_policy
from souk_mesh.xds.view import cluster_name, full_host

MESH = "mesh"
"""What rules call all sidecars, where they name gateways."""


@dataclass(frozen=True)
class Caller:
    """Whose requests are routed: the proxy, and the listener that they came in by."""

    namespace: str
    labels: Mapping[str, str]
    port: int
    gateway: str = MESH
    """`mesh`, or namespace/name of a Gateway."""


@dataclass(frozen=True)
class Rewritten:
    """An authority that requests do not carry but shall have been sent with."""

    authority: str


def applies(rule: VirtualService, gateway: str) -> bool:
    """Whether a VirtualService speaks to the proxies of a gateway, or to sidecars."""
    return any(_gateway(name, rule) == gateway for name in rule.spec.gateways)


def named_callee(callees: Callees, host: str, namespace: str) -> Callee | None:
    """The Service that a rule of `namespace` means by `host`, if there is one."""
    return callees.get(full_host(host, namespace))


def named_callees(callees: Callees, rule: VirtualService) -> Callees:
    """The Services that a rule leads to."""
    hosts = {share.destination.host for entry in rule.spec.http for share in entry.route}
    found = [named_callee(callees, host, rule.metadata.namespace) for host in sorted(hosts)]
    return {each.key.host: each for each in found if each is not None}


def rule_routes(
    callees: Callees, rule: VirtualService, caller: Caller, rewritten: Rewritten | None = None
) -> Iterator[Route]:
    """The routes of one VirtualService in their order; nothing after one that takes every request."""
    for index, entry in enumerate(rule.spec.http):
        name = entry.name or f"{rule.metadata.namespace}/{rule.metadata.name}[{index}]"
        for condition in entry.match or (HTTPMatchRequest(),):
            if not _concerns(condition, rule, caller):
                continue
            known = _settled(condition, rewritten)
            if known is None:
                continue
            match = route_match(known)
            action = _entry_action(callees, rule, entry, caller, rewritten)
            route = Route(name=name, match=match, route=action)
            if entry.fault is not None:
                route.typed_per_filter_config[FAULT_FILTER].CopyFrom(packed(fault(entry.fault)))
            yield route
            if match == everything():
                return


def service_route(callee: Callee, port: int, rewritten: Rewritten | None = None) -> Route:
    """Where requests go that no rule speaks of: to the Service, with Istio's default retries."""
    action = _action(timedelta(), rewritten)
    action.cluster = cluster_name(callee.key, port)
    _finish(action, None, _hashes(callee, ""))
    return Route(name="default", match=everything(), route=action)


def _entry_action(
    callees: Callees, rule: VirtualService, entry: HTTPRoute, caller: Caller, rewritten: Rewritten | None
) -> RouteAction:
    action = _action(entry.timeout or timedelta(), rewritten)
    hashes: list[ConsistentHash] = []
    for share in entry.route:
        host = full_host(share.destination.host, rule.metadata.namespace)
        callee = named_callee(callees, host, rule.metadata.namespace)
        port = _port(share.destination, callee, caller)
        # A host that nobody knows has no cluster either, and its callers are told so: 503, no cluster.
        cluster = cluster_name(callee.key, port, share.destination.subset) if callee else f"outbound|{port}||{host}"
        if len(entry.route) == 1:
            action.cluster = cluster
        elif share.weight:
            action.weighted_clusters.clusters.add(name=cluster).weight.value = share.weight
        if callee:
            hashes += _hashes(callee, share.destination.subset)
    _finish(action, entry.retries, hashes)
    return action


def _action(timeout: timedelta, rewritten: Rewritten | None) -> RouteAction:
    # With a timeout of 0 the caller's own grpc-timeout still holds, and is not capped.
    action = RouteAction(timeout=duration(timeout), max_grpc_timeout=duration(timeout))
    if rewritten is not None:
        action.host_rewrite_literal = rewritten.authority
    return action


def _finish(action: RouteAction, retries: HTTPRetry | None, hashes: list[ConsistentHash]) -> None:
    for each in hashes:
        _add_hash(action, each)
    policy = retry_policy(retries, hashed=bool(hashes))
    if policy is not None:
        action.retry_policy.CopyFrom(policy)


def _add_hash(action: RouteAction, hashed: ConsistentHash) -> None:
    policy = action.hash_policy.add()
    if hashed.http_header_name is not None:
        policy.header.header_name = hashed.http_header_name
    elif hashed.http_query_parameter_name is not None:
        policy.query_parameter.name = hashed.http_query_parameter_name
    elif hashed.http_cookie is not None:
        policy.cookie.name, policy.cookie.path = hashed.http_cookie.name, hashed.http_cookie.path
        if hashed.http_cookie.ttl is not None:
            policy.cookie.ttl.CopyFrom(duration(hashed.http_cookie.ttl))
    else:
        policy.connection_properties.source_ip = True


def _hashes(callee: Callee, subset: str) -> list[ConsistentHash]:
    found = callee.policy
    policy = found.subsets[subset].policy if subset in found.subsets else found.policy
    hashed = policy.load_balancer.consistent_hash if policy.load_balancer else None
    return [hashed] if hashed else []


def _port(destination: Destination, callee: Callee | None, caller: Caller) -> int:
    if destination.port is not None:
        return destination.port.number
    ports = callee.service.spec.ports if callee else ()
    return ports[0].port if len(ports) == 1 else caller.port


def _concerns(condition: HTTPMatchRequest, rule: VirtualService, caller: Caller) -> bool:
    if condition.port is not None and condition.port != caller.port:
        return False
    if condition.gateways:
        return caller.gateway in {_gateway(name, rule) for name in condition.gateways}
    if condition.source_namespace and condition.source_namespace != caller.namespace:
        return False
    return contains(caller.labels, condition.source_labels)


def _settled(condition: HTTPMatchRequest, rewritten: Rewritten | None) -> HTTPMatchRequest | None:
    """The condition without what is known when the route is built; None when that already fails."""
    if rewritten is None or condition.authority is None:
        return condition
    if not admits(condition.authority, rewritten.authority):
        return None
    return condition.model_copy(update={"authority": None})


def _gateway(name: str, rule: VirtualService) -> str:
    return name if name == MESH or "/" in name else f"{rule.metadata.namespace}/{name}"
