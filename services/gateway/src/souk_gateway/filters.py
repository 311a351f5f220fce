"""The HTTP filters, in the order in which a request passes them."""

from __future__ import annotations

import base64
from pathlib import Path

from souk_gateway.descriptors import Api, Binding, Method
from souk_gateway.replies import Json

HEADERS = "envoy.filters.http.header_mutation"
CHECKS = "envoy.filters.http.lua"
BODY = "envoy.filters.http.buffer"
STATISTICS = "envoy.filters.http.grpc_stats"
TRANSCODER = "envoy.filters.http.grpc_json_transcoder"
HEALTH_PATH = "/healthz"

MAX_REQUEST = 1 << 20
"""More JSON than any message of the platform needs; past it 413."""
MAX_RESPONSE = 8 << 20
"""A page of 1,000 resources, which grpcio bounds at 4 MiB, is at the most twice as long in JSON."""

_LEAKING = ("grpc-status", "grpc-message", "grpc-status-details-bin", "grpc-encoding", "grpc-accept-encoding")
_FILTER_CONFIG = "type.googleapis.com/envoy.config.route.v3.FilterConfig"
_TYPE = "type.googleapis.com/envoy.extensions.filters.http"


def http_filters() -> list[Json]:
    """Health, header clean-up, gRPC-Web, checks on REST, limit of the body, transcoder, statistics, router.

    The response passes them the other way round: the first one sees also what the transcoder answers by itself. The
    statistics stand behind the transcoder, since in front of it a status of HTTP hides the one of gRPC.

    Nothing here depends on the API: that is said on the routes, which change as one when a new descriptor set comes.
    """
    return [_health(), _header_mutation(), _grpc_web(), _lua(), _buffer(), _transcoder(), _statistics(), _router()]


def api_overrides(api: Api) -> Json:
    """What the filters must know about the API as a whole."""
    return {TRANSCODER: _transcoding(api)}


def grpc_overrides() -> Json:
    """What the filters must know about one gRPC route."""
    return {STATISTICS: {"@type": _FILTER_CONFIG, "config": {}}}


def rest_overrides(method: Method, binding: Binding) -> Json:
    """What the filters must know about one REST route."""
    context: Json = {"path": [_normalised(variable.field) for variable in binding.template.variables]}
    if binding.body:
        context["body"] = _normalised(binding.body)
    if method.server_streaming:
        context["stream"] = True
    removals = [{"remove": name} for name in _LEAKING]
    mutation = f"{_TYPE}.header_mutation.v3.HeaderMutationPerRoute"
    limit = {"@type": f"{_TYPE}.buffer.v3.BufferPerRoute", "buffer": {"max_request_bytes": MAX_REQUEST}}
    return {
        **grpc_overrides(),
        HEADERS: {"@type": mutation, "mutations": {"response_mutations": removals}},
        BODY: limit,
        CHECKS: {"@type": f"{_TYPE}.lua.v3.LuaPerRoute", "filter_context": context},
    }


def own_page_overrides() -> Json:
    """Keeps the transcoder, which refuses what it doesn't know, away from what the gateway answers by itself."""
    return {TRANSCODER: {"@type": _FILTER_CONFIG, "disabled": True}}


def _health() -> Json:
    path = {"name": ":path", "string_match": {"exact": HEALTH_PATH}}
    config = {"@type": f"{_TYPE}.health_check.v3.HealthCheck", "pass_through_mode": False, "headers": [path]}
    return {"name": "envoy.filters.http.health_check", "typed_config": config}


def _header_mutation() -> Json:
    return {"name": HEADERS, "typed_config": {"@type": f"{_TYPE}.header_mutation.v3.HeaderMutation"}}


def _grpc_web() -> Json:
    """Turns what browsers can send, and read, into gRPC: trailers at the end of the body, in base64 if asked for."""
    return {"name": "envoy.filters.http.grpc_web", "typed_config": {"@type": f"{_TYPE}.grpc_web.v3.GrpcWeb"}}


def _lua() -> Json:
    code = Path(__file__).with_name("rest.lua").read_text()
    config = {"@type": f"{_TYPE}.lua.v3.Lua", "default_source_code": {"inline_string": code}}
    return {"name": CHECKS, "typed_config": config}


def _buffer() -> Json:
    """Off but for REST: the transcoder's own limit lets through what it can pass on piece by piece."""
    config = {"@type": f"{_TYPE}.buffer.v3.Buffer", "max_request_bytes": MAX_REQUEST}
    return {"name": BODY, "disabled": True, "typed_config": config}


def _transcoder() -> Json:
    """Off but for the routes, which bring the API with them."""
    config = {"@type": f"{_TYPE}.grpc_json_transcoder.v3.GrpcJsonTranscoder", "proto_descriptor_bin": ""}
    return {"name": TRANSCODER, "typed_config": config}


def _transcoding(api: Api) -> Json:
    return {
        "@type": f"{_TYPE}.grpc_json_transcoder.v3.GrpcJsonTranscoder",
        # In the configuration itself: Envoy would not read a file of the same name again.
        "proto_descriptor_bin": base64.b64encode(api.serialized()).decode(),
        "services": [service.name for service in api.public_services],
        "match_incoming_request_route": True,  # else what a REST route says would be lost with the change of the path
        "query_param_unescape_plus": True,
        "convert_grpc_status": True,
        "request_validation_options": {
            "reject_unknown_method": True,
            "reject_unknown_query_parameters": True,
            # Else a name in the body goes before the one in the path. The same name in both is no collision.
            "reject_binding_body_field_collisions": True,
        },
        "print_options": {"always_print_primitive_fields": True, "stream_newline_delimited": True},
        "max_request_body_size": MAX_REQUEST,
        "max_response_body_size": MAX_RESPONSE,
    }


def _statistics() -> Json:
    """Off but for the methods that there are: else whoever invents names fills the memory with their counters."""
    config = {
        "@type": f"{_TYPE}.grpc_stats.v3.FilterConfig",
        "stats_for_all_methods": True,
        "replace_dots_in_grpc_service_name": True,  # else they would end the name where Prometheus's labels are made
    }
    return {"name": STATISTICS, "disabled": True, "typed_config": config}


def _router() -> Json:
    config = {"@type": f"{_TYPE}.router.v3.Router", "suppress_envoy_headers": True}
    return {"name": "envoy.filters.http.router", "typed_config": config}


def _normalised(field: str) -> str:
    return field.replace("_", "").lower()
