"""The whole of Envoy's configuration: a pure function of the API and the settings."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

from souk_gateway.conditions import LUA, Json, came_as_grpc, done_by_rest, other_by_rest
from souk_gateway.descriptors import Api
from souk_gateway.filters import MAX_REQUEST, http_filters
from souk_gateway.replies import local_reply_config
from souk_gateway.routes import CONFIGURATION, REFLECTION, route_configuration
from souk_gateway.settings import Address, Settings

STAT_PREFIX = "gateway"

_TYPE = "type.googleapis.com/envoy"
_HCM = f"{_TYPE}.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
_ROUTER = f"{_TYPE}.extensions.filters.http.router.v3.Router"
_ADMIN = "admin"


def bootstrap(api: Api, settings: Settings) -> Json:
    """Configures Envoy."""
    backends = [_cluster(name, address) for name, address in sorted(settings.backends.items())]
    return {
        "node": {"id": "gateway", "cluster": "gateway"},
        "admin": {"address": _address(settings.admin)},
        "static_resources": {
            "listeners": [_api_listener(api, settings), _metrics_listener(settings)],
            "clusters": [*backends, _cluster(REFLECTION, settings.reflection), _admin_cluster(settings)],
        },
        "overload_manager": _overload(),
    }


def from_files(whole: Json, clusters: Path, routes: Path) -> tuple[list[Json], Json, Json]:
    """Divides a configuration: backends' clusters, routes, and the rest, which looks for them in files."""
    rest: Any = copy.deepcopy(whole)
    static = rest["static_resources"]
    backends = [one for one in static["clusters"] if one["name"] not in (REFLECTION, _ADMIN)]
    static["clusters"] = [one for one in static["clusters"] if one not in backends]
    rest["dynamic_resources"] = {"cds_config": _watched(clusters)}
    manager = static["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"]
    configuration = manager.pop("route_config")
    manager["rds"] = {"route_config_name": CONFIGURATION, "config_source": _watched(routes)}
    return backends, configuration, rest


def _watched(path: Path) -> Json:
    return {"resource_api_version": "V3", "path_config_source": {"path": str(path)}}


def _api_listener(api: Api, settings: Settings) -> Json:
    manager: Json = {
        "@type": _HCM,
        "stat_prefix": STAT_PREFIX,
        "codec_type": "AUTO",
        # The ingress in front of us writes the client's address into x-forwarded-for: one hop is to be trusted. Nobody
        # else is internal, so that x-envoy-* of a client, whatever its address, has no effect.
        "use_remote_address": True,
        "xff_num_trusted_hops": 1,
        "internal_address_config": {"unix_sockets": False},
        "preserve_external_request_id": True,
        "normalize_path": True,
        "merge_slashes": True,
        "path_with_escaped_slashes_action": "REJECT_REQUEST",
        "server_header_transformation": "PASS_THROUGH",
        # To reject the request would reset its stream, and the ingress in front of us would take us for broken.
        "common_http_protocol_options": {"headers_with_underscores_action": "DROP_HEADER", "idle_timeout": "900s"},
        "http2_protocol_options": {"max_concurrent_streams": 1000},
        "http_protocol_options": {"enable_trailers": True},  # the status of a stream that breaks off stands there
        "stream_error_on_invalid_http_message": True,  # else each 400 costs an HTTP/1.1 client its connection
        "always_set_request_id_in_response": True,
        "early_header_mutation_extensions": [_only_the_transcoder_says_so()],
        "request_headers_timeout": f"{min(10, settings.request_seconds)}s",
        "route_config": route_configuration(api, settings),
        "http_filters": http_filters(),
        "local_reply_config": local_reply_config(),
        # What goes well by REST is 0; to note that for each costs as much as to write its line. What a service says
        # else to REST is noted on the way; what it says to gRPC comes last, in the trailers.
        "access_log": [
            _access_log(settings, done_by_rest(), 0),
            _access_log(settings, other_by_rest(), f"%DYNAMIC_METADATA({LUA}:grpc)%"),
            _access_log(settings, came_as_grpc(), "%GRPC_STATUS_NUMBER%"),
        ],
    }
    return _listener("api", settings.listen, manager)


def _only_the_transcoder_says_so() -> Json:
    """By which path a call came in: log and errors believe these headers, which Envoy takes from anybody."""
    kind = f"{_TYPE}.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation"
    removals = [{"remove": f"x-envoy-original-{name}"} for name in ("path", "method")]
    return {"name": "original", "typed_config": {"@type": kind, "mutations": removals}}


def _metrics_listener(settings: Settings) -> Json:
    route = {
        "match": {"path": "/metrics"},
        "route": {"cluster": _ADMIN, "prefix_rewrite": "/stats/prometheus", "host_rewrite_literal": "admin"},
    }
    manager: Json = {
        "@type": _HCM,
        "stat_prefix": "metrics",
        "route_config": {"virtual_hosts": [{"name": "metrics", "domains": ["*"], "routes": [route]}]},
        "http_filters": [{"name": "envoy.filters.http.router", "typed_config": {"@type": _ROUTER}}],
    }
    return _listener("metrics", settings.metrics, manager)


def _listener(name: str, address: Address, manager: Json) -> Json:
    chain = {"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}
    return {
        "name": name,
        "address": _address(address),
        "per_connection_buffer_limit_bytes": MAX_REQUEST,
        "filter_chains": [chain],
    }


def _cluster(name: str, address: Address) -> Json:
    options = f"{_TYPE}.extensions.upstreams.http.v3.HttpProtocolOptions"
    http2: Json = {"@type": options, "explicit_http_config": {"http2_protocol_options": {}}}
    # Envoy's 1,024 would be a second bulkhead, in an unexpected place: the mesh and the callee have theirs.
    limits = {"max_connections": 10_000, "max_pending_requests": 10_000, "max_requests": 10_000}
    return {
        **_plain_cluster(name, address),
        "alt_stat_name": name.replace(".", "_"),  # a dot would end the name where Prometheus's labels are made
        "typed_extension_protocol_options": {"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": http2},
        "circuit_breakers": {"thresholds": [limits]},
    }


def _plain_cluster(name: str, address: Address) -> Json:
    endpoint = {"endpoint": {"address": _address(address)}}
    return {
        "name": name,
        "type": "STRICT_DNS",
        "dns_lookup_family": "V4_PREFERRED",
        "connect_timeout": "2s",
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": [endpoint]}]},
    }


def _admin_cluster(settings: Settings) -> Json:
    return _plain_cluster(_ADMIN, settings.admin)


def _address(address: Address) -> Json:
    return {"socket_address": {"address": address.host, "port_value": address.port}}


def _overload() -> Json:
    name = "envoy.resource_monitors.global_downstream_max_connections"
    kind = f"{_TYPE}.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig"
    # At most some 300 MB of buffers in the worst case, and far more than one gateway's core can serve.
    config = {"@type": kind, "max_active_downstream_connections": 10_000}
    return {"resource_monitors": [{"name": name, "typed_config": config}]}


def _access_log(settings: Settings, calls: Json, code: str | int) -> Json:
    line = {
        "timestamp": "%START_TIME%",
        "level": "info",
        "event": "call",
        "service": "gateway",
        "version": settings.version,
        "method": "%REQ(X-ENVOY-ORIGINAL-METHOD?:METHOD)%",
        "path": "%PATH(NQ:ORIG_OR_PATH)%",  # without the query, which may hold what a log must not
        "rpc": "%PATH(NQ:PATH)%",
        "route": "%ROUTE_NAME%",
        "status": "%RESPONSE_CODE%",
        "grpc": code,
        "details": "%RESPONSE_CODE_DETAILS%",
        "flags": "%RESPONSE_FLAGS%",
        "duration_ms": "%DURATION%",
        "bytes_received": "%BYTES_RECEIVED%",
        "bytes_sent": "%BYTES_SENT%",
        "client": "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%",
        "request_id": "%REQ(X-REQUEST-ID)%",
        "traceparent": "%REQ(TRACEPARENT)%",
    }
    kind = f"{_TYPE}.extensions.access_loggers.stream.v3.StdoutAccessLog"
    return {
        "name": "envoy.access_loggers.stdout",
        "filter": {"and_filter": {"filters": [{"not_health_check_filter": {}}, calls]}},
        "typed_config": {"@type": kind, "log_format": {"json_format": line}},
    }
