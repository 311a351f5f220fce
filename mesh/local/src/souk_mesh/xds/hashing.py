"""What a pod is picked by, where a destination asks that alike requests meet the same pod."""

from __future__ import annotations

from envoy.config.route.v3.route_components_pb2 import RouteAction

from souk_mesh.objects import ConsistentHash, Destination, TrafficPolicy
from souk_mesh.xds.destinations import Callee, DestinationPolicy
from souk_mesh.xds.protos import duration


def service_hash(found: DestinationPolicy, port: int) -> ConsistentHash | None:
    """What is hashed on the way to a port that no rule of routes speaks of."""
    return _of_port(found.policy, port) or _of_all(found.policy)


def destination_hash(callee: Callee | None, destination: Destination) -> ConsistentHash | None:
    """What is hashed on the way to a destination of a route.

    As in Istio, what is said of a port counts only where the destination names its port.
    """
    if callee is None:
        return None
    found, port = callee.policy, destination.port.number if destination.port else 0
    subset = found.subsets[destination.subset].policy if destination.subset in found.subsets else None
    return _of_port(subset, port) or _of_all(subset) or service_hash(found, port)


def hashes_source(found: DestinationPolicy, subset: str) -> bool:
    """Whether connections from one address go to the same pod. As in Istio, what is said of ports does not count."""
    policy = found.subsets[subset].policy if subset in found.subsets else None
    decided = policy if policy is not None and policy.load_balancer is not None else found.policy
    hashed = _of_all(decided)
    return hashed is not None and bool(hashed.use_source_ip)


def add_hash(action: RouteAction, hashed: ConsistentHash) -> None:
    """Says on a route what is hashed; the ring itself belongs to the cluster."""
    policy = action.hash_policy.add()
    if hashed.http_header_name is not None:
        policy.header.header_name = hashed.http_header_name
    elif hashed.http_query_parameter_name is not None:
        policy.query_parameter.name = hashed.http_query_parameter_name
    elif hashed.http_cookie is not None:
        policy.cookie.name, policy.cookie.path = hashed.http_cookie.name, hashed.http_cookie.path
        if hashed.http_cookie.ttl is not None:
            policy.cookie.ttl.CopyFrom(duration(hashed.http_cookie.ttl))
        for each in hashed.http_cookie.attributes:
            policy.cookie.attributes.add(name=each.name, value=each.value)
    else:
        policy.connection_properties.source_ip = bool(hashed.use_source_ip)


def _of_port(policy: TrafficPolicy | None, port: int) -> ConsistentHash | None:
    for each in policy.port_level_settings if policy else ():
        if each.port.number == port:
            return each.load_balancer.consistent_hash if each.load_balancer else None
    return None


def _of_all(policy: TrafficPolicy | None) -> ConsistentHash | None:
    return policy.load_balancer.consistent_hash if policy and policy.load_balancer else None
