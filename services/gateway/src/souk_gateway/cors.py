"""Which pages of other origins may call, as browsers ask it. No origin may unless the settings name it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from souk_gateway.conditions import Json

NAME = "envoy.filters.http.cors"

_TYPE = "type.googleapis.com/envoy.extensions.filters.http.cors.v3"
_TAKEN = (
    "authorization",
    "content-type",
    "grpc-timeout",
    "idempotency-key",
    "if-match",
    "if-none-match",
    "traceparent",
    "tracestate",
    "x-grpc-web",
    "x-request-id",
    "x-user-agent",
)
_GIVEN = (
    "allow",
    "etag",
    "grpc-message",
    "grpc-status",
    "grpc-status-details-bin",
    "link",
    "retry-after",
    "www-authenticate",
    "x-request-id",
)
_MAX_AGE = "600"


def cors() -> Json:
    """The filter; it is off where no policy stands on the route."""
    return {"name": NAME, "disabled": True, "typed_config": {"@type": f"{_TYPE}.Cors"}}


def policy(origins: tuple[str, ...], verbs: Iterable[str]) -> Json:
    """What a page of one of the origins may do; nothing at all without origins."""
    if not origins:
        return {}
    told = {
        "@type": f"{_TYPE}.CorsPolicy",
        "allow_origin_string_match": [{"exact": origin} for origin in origins],
        "allow_methods": ", ".join(verbs),
        "allow_headers": ", ".join(_TAKEN),
        "expose_headers": ", ".join(_GIVEN),
        "max_age": _MAX_AGE,
    }
    return {NAME: told}


def preflights(path: Json, origins: tuple[str, ...], verbs: tuple[str, ...], cluster: str) -> Iterator[Json]:
    """The route of the question that a browser asks before it calls a path, if there is anybody to answer yes to.

    The filter only looks at routes that lead to a cluster, where nothing of it arrives: whatever is matched here the
    filter answers.
    """
    if origins:
        asked = [
            {"name": ":method", "string_match": {"exact": "OPTIONS"}},
            {"name": "access-control-request-method", "present_match": True},
            {"name": "origin", "string_match": {"safe_regex": {"regex": "|".join(map(re.escape, origins))}}},
        ]
        yield {
            "match": {**path, "headers": asked},
            "route": {"cluster": cluster},
            "typed_per_filter_config": policy(origins, verbs),
        }


def varying(origins: tuple[str, ...]) -> Json:
    """For a whole virtual host: tells caches that an answer is one origin's own."""
    vary = {"header": {"key": "vary", "value": "origin"}, "append_action": "APPEND_IF_EXISTS_OR_ADD"}
    return {"response_headers_to_add": [vary]} if origins else {}
