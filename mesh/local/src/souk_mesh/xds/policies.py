"""What a traffic policy makes of a cluster: balancing, bounds, circuit breaking."""

from __future__ import annotations

from datetime import timedelta

from envoy.config.cluster.v3 import circuit_breaker_pb2, cluster_pb2, outlier_detection_pb2
from envoy.type.v3 import percent_pb2

from souk_mesh.objects import (
    ConnectionPool,
    ConsistentHash,
    HTTPSettings,
    LoadBalancerSettings,
    OutlierDetection,
    RetryBudget,
    TcpKeepalive,
    TCPSettings,
    Warmup,
)
from souk_mesh.xds.protos import UNLIMITED, duration, uint32

CONNECT_TIMEOUT = timedelta(seconds=10)

RING_SIZE = 1024
"""The floor of a ring that nobody says the size of; Envoy's own maximum of 8 million stays."""


def balance(cluster: cluster_pb2.Cluster, settings: LoadBalancerSettings | None) -> None:
    """Sets how a pod is picked; what a consistent hash is made of stands on the routes."""
    settings = settings or LoadBalancerSettings()
    if settings.consistent_hash is not None:
        _hash(cluster, settings.consistent_hash)
    elif settings.simple == "RANDOM":
        cluster.lb_policy = cluster_pb2.Cluster.RANDOM
    elif settings.simple == "ROUND_ROBIN":
        cluster.lb_policy = cluster_pb2.Cluster.ROUND_ROBIN
        _warm_up(cluster.round_robin_lb_config, settings)
    else:
        cluster.lb_policy = cluster_pb2.Cluster.LEAST_REQUEST
        _warm_up(cluster.least_request_lb_config, settings)


def _hash(cluster: cluster_pb2.Cluster, hashed: ConsistentHash) -> None:
    if hashed.maglev is not None:
        cluster.lb_policy = cluster_pb2.Cluster.MAGLEV
        cluster.maglev_lb_config.table_size.value = hashed.maglev.table_size
        return
    cluster.lb_policy = cluster_pb2.Cluster.RING_HASH
    size = hashed.ring_hash.minimum_ring_size if hashed.ring_hash else hashed.minimum_ring_size or RING_SIZE
    if size:
        cluster.ring_hash_lb_config.minimum_ring_size.value = size


def _warm_up(
    config: cluster_pb2.Cluster.RoundRobinLbConfig | cluster_pb2.Cluster.LeastRequestLbConfig,
    settings: LoadBalancerSettings,
) -> None:
    if settings.warmup is not None:
        config.slow_start_config.CopyFrom(_slow_start(settings.warmup))
    elif settings.warmup_duration_secs is not None:
        config.slow_start_config.slow_start_window.CopyFrom(duration(settings.warmup_duration_secs))


def _slow_start(warmup: Warmup) -> cluster_pb2.Cluster.SlowStartConfig:
    start = cluster_pb2.Cluster.SlowStartConfig(
        slow_start_window=duration(warmup.duration),
        min_weight_percent=percent_pb2.Percent(value=10 if warmup.minimum_percent is None else warmup.minimum_percent),
    )
    start.aggression.default_value = 1 if warmup.aggression is None else warmup.aggression
    # Envoy wants a key of its runtime here; it is Istio's, and nothing ever sets it.
    start.aggression.runtime_key = "("
    return start


def bound(cluster: cluster_pb2.Cluster, pool: ConnectionPool | None, budget: RetryBudget | None = None) -> None:
    """Sets how much may be asked of the cluster at once; `http_options` says what is spoken on its connections."""
    tcp = (pool and pool.tcp) or TCPSettings()
    http = (pool and pool.http) or HTTPSettings()
    cluster.connect_timeout.CopyFrom(duration(tcp.connect_timeout or CONNECT_TIMEOUT))
    # Envoy's defaults (1024 and, for retries, 3) lose requests without a word; Istio's are no bounds at all.
    thresholds = circuit_breaker_pb2.CircuitBreakers.Thresholds(
        max_connections=uint32(tcp.max_connections or UNLIMITED),
        max_pending_requests=uint32(http.http1_max_pending_requests or UNLIMITED),
        max_requests=uint32(http.http2_max_requests or UNLIMITED),
        max_retries=uint32(http.max_retries or UNLIMITED),
        track_remaining=True,
    )
    if budget is not None:
        thresholds.retry_budget.CopyFrom(_budget(budget))
    cluster.circuit_breakers.thresholds.append(thresholds)
    _keep_alive(cluster, tcp.tcp_keepalive)


def _budget(budget: RetryBudget) -> circuit_breaker_pb2.CircuitBreakers.Thresholds.RetryBudget:
    return circuit_breaker_pb2.CircuitBreakers.Thresholds.RetryBudget(
        # Istio's defaults: a fifth of the active requests, and three in any case.
        budget_percent=percent_pb2.Percent(value=20 if budget.percent is None else budget.percent),
        min_retry_concurrency=uint32(budget.min_retry_concurrency or 3),
    )


def detect_outliers(cluster: cluster_pb2.Cluster, settings: OutlierDetection | None) -> None:
    """Sets when a failing pod is left out; without settings, never."""
    # Pods that are left out get nothing, however few there are besides, unless minHealthPercent says otherwise.
    panic = percent_pb2.Percent(value=settings.min_health_percent if settings else 0)
    cluster.common_lb_config.healthy_panic_threshold.CopyFrom(panic)
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
