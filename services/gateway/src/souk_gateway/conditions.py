"""Which calls are meant: conditions of Envoy, as its access log and its own replies take them."""

from __future__ import annotations

Json = dict[str, object]

LUA = "souk.gateway"
"""Where the Lua notes what it refuses, and why, and what is a stream."""
_TRANSCODED: Json = {"name": "x-envoy-original-path", "present_match": True}
_UNTRANSCODED: Json = {**_TRANSCODED, "invert_match": True}
_GRPC: Json = {
    "name": "content-type",
    "string_match": {"prefix": "application/grpc"},
    "treat_missing_header_as_empty": True,
}
_NO_GRPC: Json = {**_GRPC, "invert_match": True}


def came_as_rest() -> Json:
    """What came as REST: the transcoder has turned it into gRPC and kept the path, or it hasn't come as far."""
    return _any_of(_header(_TRANSCODED), _header(_NO_GRPC))


def came_as_grpc() -> Json:
    """All the rest."""
    return all_of(_header(_UNTRANSCODED), _header(_GRPC))


def done_by_rest() -> Json:
    """Calls by REST that a service has done: the transcoder gives no such status for any code but 0.

    A stream is none of them. It has its status before it has its code.
    """
    return all_of(_header(_TRANSCODED), _compared("GE", 200), _compared("LE", 399), _stream(noted=False))


def other_by_rest() -> Json:
    """All other calls by REST: refused, unanswered, which have no status, or streams."""
    failed = _any_of(_compared("LE", 199), _compared("GE", 400), _stream(noted=True))
    told = all_of(_header(_TRANSCODED), failed)
    return _any_of(told, all_of(_header(_UNTRANSCODED), _header(_NO_GRPC)))


def status_is(status: int) -> Json:
    """What Envoy answers with this status of HTTP."""
    return _compared("EQ", status)


def all_of(*conditions: Json) -> Json:
    """What meets each of several conditions."""
    return {"and_filter": {"filters": list(conditions)}}


def _any_of(*conditions: Json) -> Json:
    return {"or_filter": {"filters": list(conditions)}}


def _compared(how: str, status: int) -> Json:
    value = {"default_value": status, "runtime_key": f"gateway.status.{status}"}
    return {"status_code_filter": {"comparison": {"op": how, "value": value}}}


def _stream(*, noted: bool) -> Json:
    matcher = {"filter": LUA, "path": [{"key": "stream"}], "value": {"bool_match": noted}}
    return {"metadata_filter": {"matcher": matcher, "match_if_key_not_found": not noted}}


def _header(matcher: Json) -> Json:
    return {"header_filter": {"header": matcher}}
