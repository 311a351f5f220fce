"""What a proxy is told, as Envoy's own messages: what both sides give, and what is projected."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from envoy.config.cluster.v3.cluster_pb2 import Cluster
from envoy.config.core.v3.extension_pb2 import TypedExtensionConfig
from envoy.config.endpoint.v3.endpoint_pb2 import ClusterLoadAssignment
from envoy.config.listener.v3.listener_pb2 import Listener
from envoy.config.route.v3.route_pb2 import RouteConfiguration


@dataclass(frozen=True)
class Told:
    """Envoy's configuration, by the names of its resources."""

    listeners: Mapping[str, Listener]
    routes: Mapping[str, RouteConfiguration]
    clusters: Mapping[str, Cluster]
    endpoints: Mapping[str, ClusterLoadAssignment]
    filters: Mapping[str, TypedExtensionConfig] = field(default_factory=dict)
    """What HTTP filters go by that is no part of a listener."""
