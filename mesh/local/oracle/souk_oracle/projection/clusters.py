"""What a proxy can send to: how a pod is picked, how much is asked of it, how it is encrypted to."""

from __future__ import annotations

from collections.abc import Mapping

from envoy.config.cluster.v3.cluster_pb2 import Cluster

from souk_oracle.projection.plain import plain
from souk_oracle.projection.sections import Json

PASSTHROUGH, BLACKHOLE = "PassthroughCluster", "BlackHoleCluster"
"""Where a proxy sends what it knows nothing of."""

# How the application behind the proxy is reached is a matter of the machine; who may reach it is the listeners'.
_OF_OUTBOUND_ONLY = ("type", "lb_policy", "load_assignment", "cleanup_interval", "common_lb_config")


def clusters(told: Mapping[str, Cluster]) -> dict[str, Json]:
    """Every cluster of a Service, a subset or a port of the application, by its name."""
    return {name: _cluster(each) for name, each in told.items() if name.startswith(("outbound|", "inbound|"))}


def cluster_reference(value: Json) -> Json:
    """The same data, with one name for all clusters that lead past the rules."""
    if isinstance(value, dict):
        return {key: cluster_reference(each) for key, each in value.items()}
    if isinstance(value, list):
        return [cluster_reference(each) for each in value]
    return PASSTHROUGH if isinstance(value, str) and value.startswith(f"{PASSTHROUGH}|") else value


def _cluster(cluster: Cluster) -> Json:
    shown = plain(cluster)
    shown.setdefault("lb_policy", "ROUND_ROBIN")
    if cluster.name.startswith("inbound|"):
        for each in _OF_OUTBOUND_ONLY:
            shown.pop(each, None)
    return shown
