"""What the gateway answers by itself: errors in the one shape of the platform."""

from __future__ import annotations

from dataclasses import dataclass

from souk_gateway.conditions import LUA, Json, all_of, came_as_rest, status_is

DOMAIN = "souk.dev"


@dataclass(frozen=True)
class Refusal:
    """How an HTTP status that Envoy itself gives is put as google.rpc.Status."""

    status: int
    code: int
    reason: str
    message: str = "%LOCAL_REPLY_BODY%"


REFUSALS = (
    Refusal(400, 3, "MALFORMED_REQUEST"),
    Refusal(403, 7, "FORBIDDEN"),
    Refusal(404, 5, "NO_SUCH_METHOD", "nothing answers to this verb and path; GET / lists what there is"),
    Refusal(405, 12, "METHOD_NOT_ALLOWED", "this path takes other verbs; `allow` names them"),
    Refusal(408, 4, "REQUEST_TIMEOUT"),
    Refusal(413, 3, "REQUEST_TOO_LARGE"),
    Refusal(415, 3, "UNSUPPORTED_MEDIA_TYPE"),
    Refusal(426, 9, "UPGRADE_REQUIRED"),
    Refusal(429, 8, "TOO_MANY_REQUESTS"),
    Refusal(431, 3, "HEADERS_TOO_LARGE"),
    Refusal(500, 13, "GATEWAY_FAILED"),
    Refusal(501, 12, "UNSUPPORTED_TRANSFER_ENCODING"),
    Refusal(502, 14, "BAD_BACKEND"),
    Refusal(503, 14, "BACKEND_UNAVAILABLE"),
    Refusal(504, 4, "BACKEND_TIMEOUT"),
)


def local_reply_config() -> Json:
    """Maps Envoy's own errors to the JSON of google.rpc.Status, for REST only.

    For a gRPC client Envoy writes the same text into `grpc-message`, where JSON would be noise.
    """
    return {"mappers": [*_told_by_lua(), _escaped_slash(), *(_mapper(refusal) for refusal in REFUSALS)]}


def _told_by_lua() -> list[Json]:
    """What `lua/refusal.lua` refused says its reason, and the field if there is one, in the metadata."""
    reason, field = _noted("reason"), _noted("field")
    violation: Json = {"field": f"%DYNAMIC_METADATA({LUA}:field)%", "description": "%LOCAL_REPLY_BODY%"}
    bad: Json = {"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [violation]}
    info = _error_info(f"%DYNAMIC_METADATA({LUA}:reason)%", "%RESPONSE_CODE_DETAILS%")
    plain = _answer([reason], 3, "%LOCAL_REPLY_BODY%", [info])
    return [_answer([reason, field], 3, "%LOCAL_REPLY_BODY%", [info, bad]), plain]


def _noted(key: str) -> Json:
    matcher = {"filter": LUA, "path": [{"key": key}], "value": {"present_match": True}}
    return {"metadata_filter": {"matcher": matcher, "match_if_key_not_found": False}}


def _escaped_slash() -> Json:
    """Envoy says nothing about a path that it can't make sense of before there is a route."""
    kind = "type.googleapis.com/envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter"
    unreadable = {"@type": kind, "expression": "response.code_details == 'path_normalization_failed'"}
    condition: Json = {
        "extension_filter": {"name": "envoy.access_loggers.extension_filters.cel", "typed_config": unreadable}
    }
    message = "a path must not have an escaped slash or backslash"
    info = _error_info("MALFORMED_REQUEST", "%RESPONSE_CODE_DETAILS%")
    return _answer([condition, came_as_rest()], 3, message, [info])


def _mapper(refusal: Refusal) -> Json:
    info = _error_info(refusal.reason, "%RESPONSE_CODE_DETAILS%")
    return _answer([status_is(refusal.status), came_as_rest()], refusal.code, refusal.message, [info])


def _answer(conditions: list[Json], code: int, message: str, details: list[Json]) -> Json:
    body: Json = {"code": code, "message": message, "details": details}
    return {
        "filter": all_of(*conditions) if len(conditions) > 1 else conditions[0],
        "body_format_override": {"json_format": body, "content_type": "application/json"},
    }


def _error_info(reason: str, cause: str) -> Json:
    kind = "type.googleapis.com/google.rpc.ErrorInfo"
    return {"@type": kind, "reason": reason, "domain": DOMAIN, "metadata": {"cause": cause}}
