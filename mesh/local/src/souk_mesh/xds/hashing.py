"""What a pod is picked by, where a destination asks that alike requests meet the same pod."""

from __future__ import annotations

from envoy.config.route.v3.route_components_pb2 import RouteAction

from souk_mesh.objects import ConsistentHash
from souk_mesh.xds.destinations import Callee
from souk_mesh.xds.protos import duration


def consistent_hash(callee: Callee | None, subset: str) -> ConsistentHash | None:
    """What the policy of a Service, or of one of its subsets, wants to be hashed."""
    if callee is None:
        return None
    found = callee.policy
    policy = found.subsets[subset].policy if subset in found.subsets else found.policy
    return policy.load_balancer.consistent_hash if policy.load_balancer else None


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
    else:
        policy.connection_properties.source_ip = True
