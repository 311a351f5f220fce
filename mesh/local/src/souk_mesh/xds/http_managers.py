"""The HTTP connection manager: what inbound, outbound and gateway listeners have in common."""

from __future__ import annotations

from datetime import timedelta
from functools import cache

from envoy.config.accesslog.v3 import accesslog_pb2
from envoy.config.core.v3 import substitution_format_string_pb2
from envoy.config.listener.v3 import listener_components_pb2
from envoy.extensions.access_loggers.stream.v3 import stream_pb2
from envoy.extensions.filters.http.cors.v3 import cors_pb2
from envoy.extensions.filters.http.fault.v3 import fault_pb2
from envoy.extensions.filters.http.grpc_stats.v3 import config_pb2 as grpc_stats_pb2
from envoy.extensions.filters.http.router.v3 import router_pb2
from envoy.extensions.filters.network.http_connection_manager.v3.http_connection_manager_pb2 import (
    HttpConnectionManager,
    HttpFilter,
)
from google.protobuf.message import Message

from souk_mesh.xds.cors import CORS_FILTER
from souk_mesh.xds.faults import FAULT_FILTER
from souk_mesh.xds.http_guards import guard_filters
from souk_mesh.xds.observation import arrived, unanswered, unbegun
from souk_mesh.xds.protos import duration, flag, from_ads, packed

_ROUTER = "envoy.filters.http.router"

_LOGGED = {
    "time": "%START_TIME%",
    "method": "%REQ(:METHOD)%",
    "authority": "%REQ(:AUTHORITY)%",
    "path": "%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%",
    "protocol": "%PROTOCOL%",
    "status": "%RESPONSE_CODE%",
    "grpc_status": "%GRPC_STATUS%",
    "flags": "%RESPONSE_FLAGS%",
    "details": "%RESPONSE_CODE_DETAILS%",
    "duration_ms": "%DURATION%",
    "attempts": "%UPSTREAM_REQUEST_ATTEMPT_COUNT%",
    "cluster": "%UPSTREAM_CLUSTER_RAW%",
    "upstream": "%UPSTREAM_HOST%",
    "failure": "%UPSTREAM_TRANSPORT_FAILURE_REASON%",
    "downstream": "%DOWNSTREAM_REMOTE_ADDRESS%",
    "peer": "%DOWNSTREAM_PEER_URI_SAN%",
    "request_id": "%REQ(X-REQUEST-ID)%",
    "traceparent": "%REQ(TRACEPARENT)%",
}


def inbound_manager(prefix: str, routes: str, place: str) -> HttpConnectionManager:
    """In front of the application: asks who may call (see `http_guards`), and says who called."""
    manager = _manager(prefix, "inbound", arrived())
    _subscribe(manager, routes)
    manager.server_name = "istio-envoy"
    manager.forward_client_cert_details = HttpConnectionManager.APPEND_FORWARD
    details = manager.set_current_client_cert_details
    details.subject.value, details.uri, details.dns = True, True, True
    manager.http_filters.extend(guard_filters(place))
    manager.http_filters.extend((*_usual_filters(), _router()))
    return manager


def outbound_manager(prefix: str, routes: str) -> HttpConnectionManager:
    """Between the application and everybody else."""
    manager = _manager(prefix, "outbound", unbegun())
    _subscribe(manager, routes)
    manager.http_filters.extend((*_usual_filters(), _calling_router()))
    return manager


def edge_manager(prefix: str, routes: str, place: str) -> HttpConnectionManager:
    """At the edge of the mesh, where nothing that a client says about itself is believed."""
    manager = _manager(prefix, "gateway", unbegun())
    _subscribe(manager, routes)
    manager.server_name = "istio-envoy"
    # No address counts as internal unless it is said to be, so that x-envoy-max-retries and the like come from nobody.
    manager.use_remote_address.value = True
    manager.forward_client_cert_details = HttpConnectionManager.SANITIZE_SET
    details = manager.set_current_client_cert_details
    details.subject.value, details.cert, details.uri, details.dns = True, True, True, True
    manager.http_filters.extend(guard_filters(place))
    manager.http_filters.extend((*_usual_filters(), _calling_router()))
    return manager


def network_filter(name: str, config: Message) -> listener_components_pb2.Filter:
    """Wraps the configuration of a network filter."""
    return listener_components_pb2.Filter(name=name, typed_config=packed(config))


def manager_filter(manager: HttpConnectionManager) -> listener_components_pb2.Filter:
    """Wraps a connection manager as the last filter of a chain."""
    return network_filter("envoy.filters.network.http_connection_manager", manager)


def _manager(prefix: str, direction: str, observed: accesslog_pb2.AccessLog) -> HttpConnectionManager:
    manager = HttpConnectionManager(
        stat_prefix=prefix,
        codec_type=HttpConnectionManager.AUTO,
        stream_idle_timeout=duration(timedelta()),  # else Envoy cuts a quiet stream after 5 minutes
        normalize_path=flag(True),
        proxy_100_continue=True,  # the callee says whether it wants the body, not its proxy
        use_remote_address=flag(False),
        access_log=[_access_log(direction), observed],
        upgrade_configs=[HttpConnectionManager.UpgradeConfig(upgrade_type="websocket")],
    )
    # Istio's BASE normalisation: paths are cleaned, nothing is merged or unescaped.
    manager.path_with_escaped_slashes_action = HttpConnectionManager.KEEP_UNCHANGED
    return manager


def _subscribe(manager: HttpConnectionManager, routes: str) -> None:
    manager.rds.route_config_name = routes
    manager.rds.config_source.CopyFrom(from_ads())


# What follows is the same in thousands of managers, each of which copies it.
@cache
def _usual_filters() -> tuple[HttpFilter, ...]:
    return (
        HttpFilter(
            name="envoy.filters.http.grpc_stats",
            typed_config=packed(grpc_stats_pb2.FilterConfig(emit_filter_state=True, stats_for_all_methods=flag(False))),
        ),
        HttpFilter(name=FAULT_FILTER, typed_config=packed(fault_pb2.HTTPFault())),
        HttpFilter(name=CORS_FILTER, typed_config=packed(cors_pb2.Cors())),
    )


@cache
def _router() -> HttpFilter:
    return HttpFilter(name=_ROUTER, typed_config=packed(router_pb2.Router()))


@cache
def _calling_router() -> HttpFilter:
    return HttpFilter(name=_ROUTER, typed_config=packed(router_pb2.Router(upstream_log=[unanswered()])))


@cache
def _access_log(direction: str) -> accesslog_pb2.AccessLog:
    log = stream_pb2.StdoutAccessLog(
        log_format=substitution_format_string_pb2.SubstitutionFormatString(omit_empty_values=True)
    )
    log.log_format.json_format.update({"direction": direction, **_LOGGED})
    return accesslog_pb2.AccessLog(name="envoy.access_loggers.stdout", typed_config=packed(log))
