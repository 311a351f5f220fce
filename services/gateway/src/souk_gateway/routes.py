"""The routes: one for each REST binding and for each gRPC method of a public service, and the gateway's own pages."""

from __future__ import annotations

from collections.abc import Iterator

from souk_gateway.descriptors import COMMITTED, Api, Binding, Method
from souk_gateway.filters import api_overrides, grpc_overrides, rest_overrides
from souk_gateway.pages import OPENAPI, own_pages
from souk_gateway.replies import Json
from souk_gateway.settings import Settings
from souk_gateway.templates import ONE, REST

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


def route_configuration(api: Api, settings: Settings) -> Json:
    """All the routes; what none of them takes is refused with 404, or UNIMPLEMENTED for gRPC."""
    host = {
        "name": "api",
        "domains": ["*"],
        "routes": list(_routes(api, settings)),
        "typed_per_filter_config": api_overrides(api),
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
    for method, binding in sorted(rest, key=lambda pair: _generality(pair[1])):
        yield _rest_route(method, binding, settings)
    for method in methods:
        yield _grpc_route(method, settings)
    for service in REFLECTION_SERVICES:
        action = _action(REFLECTION, str(settings.reflection))
        yield {"match": {"prefix": f"/{service}/", "grpc": {}}, "route": {**action, "idle_timeout": _STREAM_IDLE}}


def _generality(binding: Binding) -> tuple[tuple[int, ...], str]:
    """Sorts literals before wildcards, as the transcoder prefers them."""
    ranks = {ONE: 1, REST: 2}
    return tuple(ranks.get(segment, 0) for segment in binding.template.segments), binding.template.text


def _rest_route(method: Method, binding: Binding, settings: Settings) -> Json:
    verb = {"name": ":method", "string_match": {"exact": binding.verb}}
    return {
        "name": f"{method.service}.{method.name} by REST",
        "match": {"safe_regex": {"regex": binding.template.regex}, "headers": [verb]},
        "route": _method_action(method, settings),
        "typed_per_filter_config": rest_overrides(method, binding),
    }


def _grpc_route(method: Method, settings: Settings) -> Json:
    return {
        "name": f"{method.service}.{method.name}",
        "match": {"path": method.path, "headers": [GRPC]},
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
