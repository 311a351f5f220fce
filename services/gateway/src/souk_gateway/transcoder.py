"""The filter between REST and gRPC. Off but for the routes, which bring the API with them and change as one with it."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from types import MappingProxyType

from souk_gateway.conditions import Json
from souk_gateway.descriptors import Api, Method

NAME = "envoy.filters.http.grpc_json_transcoder"
MAX_REQUEST = 1 << 20
"""More JSON than any message of the platform needs, after decompression; past it 413."""
MAX_RESPONSE = 8 << 20
"""A page of 1,000 resources, which grpcio bounds at 4 MiB, is at the most twice as long in JSON."""
LINES = "application/x-ndjson"
EVENTS = "text/event-stream"
ARRAY = "application/json"
FRAMINGS: Mapping[str, Json] = MappingProxyType(
    {LINES: {"stream_newline_delimited": True}, EVENTS: {"stream_sse_style_delimited": True}, ARRAY: {}}
)
"""How the messages of a stream are told apart, by the content type that asks for it."""

_KIND = "type.googleapis.com/envoy.extensions.filters.http.grpc_json_transcoder.v3.GrpcJsonTranscoder"


def transcoder() -> Json:
    """The filter in its place, without an API."""
    return {"name": NAME, "typed_config": {"@type": _KIND, "proto_descriptor_bin": ""}}


def transcoding(api: Api) -> Json:
    """The whole API; its streams come as lines."""
    return _transcoding(api, [service.name for service in api.public_services], FRAMINGS[LINES])


def framed(api: Api, method: Method, framing: str) -> Json:
    """One stream in another framing. It must bring its own descriptors, so those that it doesn't need are left out."""
    return _transcoding(api.only(method.service), [method.service], FRAMINGS[framing])


def _transcoding(api: Api, services: list[str], framing: Json) -> Json:
    return {
        "@type": _KIND,
        # In the configuration itself: Envoy would not read a file of the same name again.
        "proto_descriptor_bin": base64.b64encode(api.serialized()).decode(),
        "services": services,
        "match_incoming_request_route": True,  # else what a REST route says would be lost with the change of the path
        "query_param_unescape_plus": True,
        "convert_grpc_status": True,
        "request_validation_options": {
            "reject_unknown_method": True,
            "reject_unknown_query_parameters": True,
            # Else a name in the body goes before the one in the path. The same name in both is no collision.
            "reject_binding_body_field_collisions": True,
        },
        "print_options": {"always_print_primitive_fields": True, **framing},
        "max_request_body_size": MAX_REQUEST,
        "max_response_body_size": MAX_RESPONSE,
    }
