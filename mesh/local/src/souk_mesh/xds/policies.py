"""What a traffic policy makes of a cluster: balancing, bounds, circuit breaking."""

from __future__ import annotations

from datetime import timedelta

from envoy.config.cluster.v3 import circuit_breaker_pb2, cluster_pb2, outlier_detection_pb2
from envoy.config.core.v3 import protocol_pb2
from envoy.extensions.upstreams.http.v3.http_protocol_options_pb2 import HttpProtocolOptions
from envoy.type.v3 import percent_pb2

from souk_mesh.objects import (
    ConnectionPool,
    HTTPSettings,
    LoadBalancerSettings,
    OutlierDetection,
    TcpKeepalive,
    TCPSettings,
)
from souk_mesh.xds.protos import UNLIMITED, duration, packed, uint32
from souk_mesh.xds.view import Protocol

CONNECT_TIMEOUT = timedelta(seconds=10)
HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"

_POLICIES = {
    None: cluster_pb2.Cluster.LEAST_REQUEST,
    "LEAST_REQUEST": cluster_pb2.Cluster.LEAST_REQUEST,
    "ROUND_ROBIN": cluster_pb2.Cluster.ROUND_ROBIN,
    "RANDOM": cluster_pb2.Cluster.RANDOM,
}


def balance(cluster: cluster_pb2.Cluster, settings: LoadBalancerSettings | None) -> None:
    """Sets how a pod is picked; what a consistent hash is made of stands on the routes."""
    hashed = settings.consistent_hash if settings else None
    if hashed is None:
        cluster.lb_policy = _POLICIES[settings.simple if settings else None]
    elif hashed.maglev is not None:
        cluster.lb_policy = cluster_pb2.Cluster.MAGLEV
        cluster.maglev_lb_config.table_size.value = hashed.maglev.table_size
    else:
        cluster.lb_policy = cluster_pb2.Cluster.RING_HASH
        # Istio's floor; Envoy's own maximum of 8 million stays.
        cluster.ring_hash_lb_config.minimum_ring_size.value = (
            hashed.ring_hash.minimum_ring_size if hashed.ring_hash else 1024
        )


def bound(cluster: cluster_pb2.Cluster, pool: ConnectionPool | None, spoken: Protocol) -> None:
    """Sets how much may be asked of the cluster at once, and what is spoken to it."""
    tcp = (pool and pool.tcp) or TCPSettings()
    http = (pool and pool.http) or HTTPSettings()
    cluster.connect_timeout.CopyFrom(duration(tcp.connect_timeout or CONNECT_TIMEOUT))
    # Envoy's defaults (1024 and, for retries, 3) lose requests without a word; Istio's are no bounds at all.
    cluster.circuit_breakers.thresholds.append(
        circuit_breaker_pb2.CircuitBreakers.Thresholds(
            max_connections=uint32(tcp.max_connections or UNLIMITED),
            max_pending_requests=uint32(http.http1_max_pending_requests or UNLIMITED),
            max_requests=uint32(http.http2_max_requests or UNLIMITED),
            max_retries=uint32(http.max_retries or UNLIMITED),
            track_remaining=True,
        )
    )
    _keep_alive(cluster, tcp.tcp_keepalive)
    if spoken.http:
        cluster.typed_extension_protocol_options[HTTP_OPTIONS].CopyFrom(packed(_http(tcp, http, spoken)))


def detect_outliers(cluster: cluster_pb2.Cluster, settings: OutlierDetection | None) -> None:
    """Sets when a failing pod is left out; without settings, never."""
    if settings is None:
        return
    rule = outlier_detection_pb2.OutlierDetection(enforcing_success_rate=uint32(0))
    if (failures := settings.consecutive_5xx_errors) is not None:
        rule.consecutive_5xx.value = failures
        rule.enforcing_consecutive_5xx.value = 100 if failures else 0
    if (failures := settings.consecutive_gateway_errors) is not None:
        rule.consecutive_gateway_failure.value = failures
        rule.enforcing_consecutive_gateway_failure.value = 100 if failures else 0
    if settings.interval is not None:
        rule.interval.CopyFrom(duration(settings.interval))
    if settings.base_ejection_time is not None:
        rule.base_ejection_time.CopyFrom(duration(settings.base_ejection_time))
    if settings.max_ejection_percent:
        rule.max_ejection_percent.value = settings.max_ejection_percent
    if settings.split_external_local_origin_errors:
        rule.split_external_local_origin_errors = True
        rule.enforcing_local_origin_success_rate.value = 0
        if settings.consecutive_local_origin_failures:
            rule.consecutive_local_origin_failure.value = settings.consecutive_local_origin_failures
            rule.enforcing_consecutive_local_origin_failure.value = 100
    cluster.outlier_detection.CopyFrom(rule)
    cluster.common_lb_config.healthy_panic_threshold.CopyFrom(percent_pb2.Percent(value=settings.min_health_percent))


def _http(tcp: TCPSettings, http: HTTPSettings, spoken: Protocol) -> HttpProtocolOptions:
    options = HttpProtocolOptions()
    idle = http.idle_timeout if http.idle_timeout is not None else tcp.idle_timeout
    common = options.common_http_protocol_options
    if idle is not None:
        common.idle_timeout.CopyFrom(duration(idle))
    if http.max_requests_per_connection:
        common.max_requests_per_connection.value = http.max_requests_per_connection
    if tcp.max_connection_duration is not None:
        common.max_connection_duration.CopyFrom(duration(tcp.max_connection_duration))
    http2 = protocol_pb2.Http2ProtocolOptions()
    if http.max_concurrent_streams:
        http2.max_concurrent_streams.value = http.max_concurrent_streams
    if http.use_client_protocol:
        options.use_downstream_protocol_config.http_protocol_options.SetInParent()
        options.use_downstream_protocol_config.http2_protocol_options.CopyFrom(http2)
    elif spoken is Protocol.HTTP2 or http.h2_upgrade_policy == "UPGRADE":
        options.explicit_http_config.http2_protocol_options.CopyFrom(http2)
    else:
        options.explicit_http_config.http_protocol_options.SetInParent()
    return options


def _keep_alive(cluster: cluster_pb2.Cluster, settings: TcpKeepalive | None) -> None:
    if settings is None:
        return
    keepalive = cluster.upstream_connection_options.tcp_keepalive
    keepalive.SetInParent()
    if settings.probes:
        keepalive.keepalive_probes.value = settings.probes
    if settings.time is not None:
        keepalive.keepalive_time.value = int(settings.time.total_seconds())
    if settings.interval is not None:
        keepalive.keepalive_interval.value = int(settings.interval.total_seconds())
