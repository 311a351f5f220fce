"""What a path answers to OPTIONS, and to the verbs that it doesn't take."""

from __future__ import annotations

from collections.abc import Iterator

from souk_gateway import cors
from souk_gateway.conditions import Json
from souk_gateway.descriptors import Api, Binding, Method
from souk_gateway.filters import own_page_overrides
from souk_gateway.matching import path_of
from souk_gateway.templates import ONE, REST, Template

_OPTIONS: Json = {"name": ":method", "string_match": {"exact": "OPTIONS"}}


def has_head(method: Method, binding: Binding) -> bool:
    """Whether HEAD may be asked of a binding. A stream would have to end before its head is known to be all."""
    return binding.verb == "GET" and not method.server_streaming


def verb_routes(api: Api, origins: tuple[str, ...]) -> Iterator[Json]:
    """The last routes: one pair for each REST path, and preflights for gRPC-Web. A new RPC is among them by itself."""
    methods = [method for service in api.public_services for method in service.methods]
    bindings = [(method, binding) for method in methods for binding in method.bindings]
    by_shape = {binding.template.shape: (binding.template, method.service) for method, binding in bindings}
    for template, service in sorted(by_shape.values(), key=lambda one: one[0].generality):
        path = path_of(template)
        allowed = _allowed(template, bindings)
        yield from cors.preflights(path, origins, allowed, service)
        yield _answer({**path, "headers": [_OPTIONS]}, 204, allowed)
        yield _answer(path, 405, allowed)
    for one in api.public_services:
        yield from cors.preflights({"prefix": f"/{one.name}/"}, origins, ("POST",), one.name)


def _allowed(template: Template, bindings: list[tuple[Method, Binding]]) -> tuple[str, ...]:
    """Every verb that some method takes on these paths."""
    verbs = {"OPTIONS"}
    for method, binding in bindings:
        if _covers(binding.template, template):
            verbs |= {binding.verb, "HEAD"} if has_head(method, binding) else {binding.verb}
    return tuple(sorted(verbs))


def _covers(wider: Template, narrower: Template) -> bool:
    """Whether one template takes all the paths of another."""
    if wider.verb != narrower.verb:
        return False
    if wider.segments[-1] == REST:
        head = wider.segments[:-1]
        return len(narrower.segments) > len(head) and _fits(head, narrower.segments)
    return len(wider.segments) == len(narrower.segments) and _fits(wider.segments, narrower.segments)


def _fits(wider: tuple[str, ...], narrower: tuple[str, ...]) -> bool:
    return all(one in (ONE, other) and other != REST for one, other in zip(wider, narrower, strict=False))


def _answer(match: Json, status: int, allowed: tuple[str, ...]) -> Json:
    allow = {"header": {"key": "allow", "value": ", ".join(allowed)}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}
    return {
        "match": match,
        "direct_response": {"status": status},
        "response_headers_to_add": [allow],
        "typed_per_filter_config": own_page_overrides(),
    }
