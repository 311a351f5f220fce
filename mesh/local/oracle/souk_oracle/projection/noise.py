"""What of Envoy's messages does not decide what a proxy does. Everything that is not named here is compared."""

from __future__ import annotations

from collections.abc import Mapping

_ROUTE = "envoy.config.route.v3"
_CLUSTER = "envoy.config.cluster.v3.Cluster"
_MANAGER = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
_TCP = "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy"
_TLS = "envoy.extensions.transport_sockets.tls.v3"
_RBAC = "envoy.extensions.filters"
_EXTENSION = "envoy.config.core.v3.TypedExtensionConfig"

NOISE: Mapping[str, frozenset[str]] = {
    # Names that only statistics, logs and traces show; metadata that only telemetry reads.
    f"{_ROUTE}.Route": frozenset({"name", "decorator", "metadata"}),
    f"{_ROUTE}.VirtualHost": frozenset({"name", "metadata"}),
    _TCP: frozenset({"stat_prefix", "access_log"}),
    f"{_RBAC}.network.rbac.v3.RBAC": frozenset({"stat_prefix", "shadow_rules_stat_prefix"}),
    f"{_RBAC}.http.rbac.v3.RBAC": frozenset({"shadow_rules_stat_prefix"}),
    # Counts between localities, of which there is one.
    "envoy.config.endpoint.v3.LocalityLbEndpoints": frozenset({"load_balancing_weight"}),
    # The name of an extension says the same as the type of its configuration.
    _EXTENSION: frozenset({"name"}),
    _MANAGER: frozenset(
        {
            # Statistics, logs and traces; an id of a request also says whether it is traced.
            *("stat_prefix", "access_log", "tracing", "request_id_extension"),
            # Shown elsewhere in the projection.
            *("rds", "route_config", "http_filters"),
        }
    ),
    # Shown elsewhere in the projection.
    f"{_ROUTE}.RouteConfiguration": frozenset({"name", "virtual_hosts"}),
    _CLUSTER: frozenset(
        {
            *("name", "alt_stat_name", "metadata"),
            # The only ones are telemetry's.
            "filters",
            # From which address of its own a proxy calls: here each pod has one.
            "upstream_bind_config",
            # How names are looked up, not which.
            *("dns_jitter", "typed_dns_resolver_config"),
        }
    ),
    # How a list of secrets or endpoints comes to the proxy, not what is in it.
    f"{_CLUSTER}.EdsClusterConfig": frozenset({"eds_config", "service_name"}),
    f"{_TLS}.SdsSecretConfig": frozenset({"sds_config"}),
    # How much of a bound is left, as a statistic.
    "envoy.config.cluster.v3.CircuitBreakers.Thresholds": frozenset({"track_remaining"}),
    # Another name for the same engine; there is no other.
    "envoy.type.matcher.v3.RegexMatcher": frozenset({"google_re2"}),
    # Values that an operator could set at run time, which nobody does.
    "envoy.config.core.v3.RuntimeFractionalPercent": frozenset({"runtime_key"}),
    "envoy.config.core.v3.RuntimeDouble": frozenset({"runtime_key"}),
}
"""By the full name of a message: fields to leave out."""

DEFAULTS: Mapping[str, Mapping[str, object]] = {
    f"{_ROUTE}.RouteMatch": {"case_sensitive": True},
    _MANAGER: {"http_protocol_options": {}, "http2_protocol_options": {}},
    "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {"common_http_protocol_options": {}},
    "envoy.extensions.filters.http.fault.v3.FaultAbort": {"percentage": "0%"},
    "envoy.config.endpoint.v3.LbEndpoint": {"load_balancing_weight": 1, "metadata": {}},
    "envoy.config.endpoint.v3.LocalityLbEndpoints": {"locality": {}},
    f"{_TLS}.CommonTlsContext": {"validation_context": {}},
}
"""By the full name of a message: what a field means anyway when it is not set."""

UNORDERED: Mapping[str, frozenset[str]] = {
    f"{_ROUTE}.RouteMatch": frozenset({"headers", "query_parameters"}),
}
"""By the full name of a message: lists whose order means nothing."""

WORDS: Mapping[str, frozenset[str]] = {
    f"{_ROUTE}.RetryPolicy": frozenset({"retry_on"}),
}
"""By the full name of a message: texts that are lists of words, in no order."""
