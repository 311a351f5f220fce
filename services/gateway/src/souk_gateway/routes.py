"""The routes: one for each REST binding and for each gRPC method of a public service, and the gateway's own pages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from souk_gateway import compression, cors, transcoder
from souk_gateway.conditions import Json
from souk_gateway.descriptors import COMMITTED, Api, Binding, Method, is_text
from souk_gateway.filters import api_overrides, grpc_overrides, plain_overrides, rest_overrides
from souk_gateway.matching import begins, path_of
from souk_gateway.pages import OPENAPI, own_pages
from souk_gateway.settings import Settings
from souk_gateway.verbs import has_head, verb_routes

CONFIGURATION = "api"
"""The name of the route configuration."""
REFLECTION = "reflection"
"""The cluster of the reflection server."""
REFLECTION_SERVICES = ("grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection")

GRPC: Json = {
    "name": "content-type",
    "string_match": {"safe_regex": {"regex": r"application/grpc(-web(-text)?)?([+;].*)?"}},
}
"""Takes what comes as gRPC or gRPC-Web; Envoy's own matcher doesn't know the latter."""

# A client that watches an order may hear nothing for long; Envoy's default would end the stream after five minutes.
_STREAM_IDLE = "3600s"
# The last two tell of a body. A chunked one of no kind isn't seen; the transcoder keeps it off the path's fields.
_UNPLAIN = ("if-none-match", "grpc-timeout", "content-length", "content-type")
# Neither a query nor anything percent-encoded, which might be no UTF-8.
_PLAIN = "[A-Za-z0-9/._~!$&'()*+,;=:@-]+"
_VERBS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


def route_configuration(api: Api, settings: Settings) -> Json:
    """All the routes; what none of them takes is refused with 404, or UNIMPLEMENTED for gRPC."""
    host = {
        "name": "api",
        "domains": ["*"],
        "routes": list(_routes(api, settings)),
        "typed_per_filter_config": {**api_overrides(api), **cors.policy(settings.cors_origins, _VERBS)},
        **cors.varying(settings.cors_origins),
    }
    return {
        "name": CONFIGURATION,
        "virtual_hosts": [host],
        "max_direct_response_body_size_bytes": 4 << 20,
    }


def _routes(api: Api, settings: Settings) -> Iterator[Json]:
    yield from own_pages(api.public_services, _document(api, settings))
    methods = [method for service in api.public_services for method in service.methods if method.bindings]
    rest = [(method, binding) for method in methods for binding in method.bindings]
    # Between verbs the order says nothing; the most frequent one shouldn't wait for the others.
    rest.sort(key=lambda pair: (pair[1].verb != "GET", pair[1].template.generality))
    for method, binding in rest:
        if method.server_streaming:
            yield from _stream_routes(api, method, binding, settings)
        else:
            yield from _plain_routes(method, binding, settings)
            yield _rest_route(method, binding, settings, {})
    for method, binding in rest:
        if has_head(method, binding):
            yield _rest_route(method, replace(binding, verb="HEAD"), settings, {})
    for method in methods:
        yield _grpc_route(method, settings)
    for service in REFLECTION_SERVICES:
        action = _action(REFLECTION, str(settings.reflection))
        yield {"match": {"prefix": f"/{service}/", "grpc": {}}, "route": {**action, "idle_timeout": _STREAM_IDLE}}
    yield from verb_routes(api, settings.cors_origins)


def _plain_routes(method: Method, binding: Binding, settings: Settings) -> Iterator[Json]:
    """A GET that gives no more than a name in plain letters passes no Lua, which would be a sixth of all it costs.

    Nor does it pass the compressors, another tenth, if it doesn't ask for them.
    """
    names = all(is_text(method.request, variable.field) for variable in binding.template.variables)
    if binding.verb != "GET" or not names or "next_page_token" in method.response.fields_by_name:
        return
    for absent, overrides in (((*_UNPLAIN, "accept-encoding"), compression.uncompressed()), (_UNPLAIN, {})):
        route = _rest_route(method, binding, settings, {})
        route["match"]["headers"] += [
            *({"name": name, "present_match": False} for name in absent),
            {"name": ":path", "string_match": {"safe_regex": {"regex": _PLAIN}}},
        ]
        yield {**route, "typed_per_filter_config": {**plain_overrides(), **overrides}}


def _stream_routes(api: Api, method: Method, binding: Binding, settings: Settings) -> Iterator[Json]:
    """One route for each way of telling the messages apart; lines go to those who don't say what they take."""
    for kind in (transcoder.EVENTS, transcoder.ARRAY):
        route = _rest_route(method, binding, settings, {"stream": kind})
        accepted = {"name": "accept", "string_match": {"contains": kind}}
        route["match"]["headers"].append(accepted)
        route["typed_per_filter_config"][transcoder.NAME] = transcoder.framed(api, method, kind)
        yield route
    yield _rest_route(method, binding, settings, {"stream": transcoder.LINES})


def _rest_route(method: Method, binding: Binding, settings: Settings, context: Json) -> dict[str, Any]:
    verb = {"name": ":method", "string_match": {"exact": binding.verb}}
    action = _method_action(method, settings)
    if not method.server_streaming:
        # Else whoever sends a body byte by byte holds a stream for as long as he likes; a gRPC client has its deadline.
        action["max_stream_duration"] = {"max_stream_duration": f"{settings.request_seconds}s"}
    return {
        "name": f"{method.service}.{method.name} by REST",
        "match": {**path_of(binding.template), "headers": [begins(binding.template.head), verb]},
        "route": action,
        "typed_per_filter_config": rest_overrides(method, binding, context),
    }


def _grpc_route(method: Method, settings: Settings) -> Json:
    return {
        "name": f"{method.service}.{method.name}",
        "match": {"path": method.path, "headers": [begins(method.path), GRPC]},
        "route": _method_action(method, settings),
        "typed_per_filter_config": grpc_overrides(),
    }


def _method_action(method: Method, settings: Settings) -> Json:
    action = _action(method.service, str(settings.backends[method.service]))
    return {**action, "idle_timeout": _STREAM_IDLE} if method.server_streaming else action


def _action(cluster: str, authority: str) -> Json:
    """Leaves time to the caller's deadline, which goes on as `grpc-timeout`, and retries to the mesh."""
    return {"cluster": cluster, "host_rewrite_literal": authority, "timeout": "0s"}


def _document(api: Api, settings: Settings) -> Json:
    """The package's own document has the comments of the protos; any other set is described from what it holds."""
    if settings.descriptor_set == COMMITTED:
        return {"filename": str(OPENAPI)}
    from souk_gateway import openapi  # noqa: PLC0415 the proxy must be there quickly

    return {"inline_string": openapi.render(api)}
