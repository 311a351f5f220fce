"""Where TCP connections go: to their Service, or where a VirtualService's `tcp` routes send them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from envoy.extensions.filters.network.tcp_proxy.v3 import tcp_proxy_pb2
from envoy.type.v3 import hash_policy_pb2

from souk_mesh.objects import RouteDestination, TCPRoute, VirtualService
from souk_mesh.xds.destinations import Callee, Callees
from souk_mesh.xds.hashing import hashes_source
from souk_mesh.xds.protos import duration
from souk_mesh.xds.reach import Caller, Reach
from souk_mesh.xds.rules import concerns_connections
from souk_mesh.xds.view import cluster_name


@dataclass(frozen=True)
class Forwarding:
    """Where the connections of one listener go."""

    cluster: str = ""
    shares: tuple[tuple[str, int], ...] = ()
    """Several clusters and their weights, in place of the one."""
    idle_timeout: timedelta | None = None
    longest: timedelta | None = None
    """How long a connection may last."""
    by_source: bool = False
    """Whether connections from one address go to the same pod."""


def forwarding(rules: Iterable[VirtualService], callee: Callee, callees: Callees, caller: Caller) -> Forwarding:
    """Where connections to a Service go: the first TCP route that is for them, else the Service itself.

    Args:
        rules: the VirtualServices that may speak for it, the oldest first.
        callee: the Service that was called.
        callees: all that a route may lead to.
        caller: who calls, and on which port.
    """
    for rule in rules:
        for entry in rule.spec.tcp:
            if _concerns(entry, rule, caller):
                return shared_out(entry.route, Reach(callees, rule, caller))
    return _as_agreed(Forwarding(cluster_name(callee.key, caller.port)), callee, "")


def shared_out(shares: Sequence[RouteDestination], reach: Reach) -> Forwarding:
    """What a TCP route does. How long connections last is what the first destination's policy says, as in Istio."""
    first = shares[0].destination
    if len(shares) == 1:
        return _as_agreed(Forwarding(reach.connection_cluster(first)), reach.callee(first), first.subset)
    weighted = tuple((reach.connection_cluster(each.destination), each.weight) for each in shares if each.weight)
    return _as_agreed(Forwarding(shares=weighted), reach.callee(first), "")


def tcp_proxy(prefix: str, given: Forwarding) -> tcp_proxy_pb2.TcpProxy:
    """The filter that carries connections on."""
    proxy = tcp_proxy_pb2.TcpProxy(stat_prefix=prefix)
    if given.cluster:
        proxy.cluster = given.cluster
    for name, weight in given.shares:
        proxy.weighted_clusters.clusters.add(name=name, weight=weight)
    if given.idle_timeout is not None:
        proxy.idle_timeout.CopyFrom(duration(given.idle_timeout))
    if given.longest is not None:
        proxy.max_downstream_connection_duration.CopyFrom(duration(given.longest))
    if given.by_source:
        proxy.hash_policy.append(hash_policy_pb2.HashPolicy(source_ip=hash_policy_pb2.HashPolicy.SourceIp()))
    return proxy


def _concerns(entry: TCPRoute, rule: VirtualService, caller: Caller) -> bool:
    return not entry.match or any(concerns_connections(condition, rule, caller) for condition in entry.match)


def _as_agreed(given: Forwarding, callee: Callee | None, subset: str) -> Forwarding:
    """The same, for as long and to the same pod as the policy of a Service says."""
    policy = callee.policy.policy if callee else None
    tcp = policy.connection_pool.tcp if policy and policy.connection_pool else None
    return replace(
        given,
        idle_timeout=tcp.idle_timeout if tcp else None,
        longest=tcp.max_connection_duration if tcp else None,
        by_source=callee is not None and hashes_source(callee.policy, subset),
    )
