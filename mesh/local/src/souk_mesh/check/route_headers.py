"""What VirtualServices do to headers: names and values that Istio refuses."""

from __future__ import annotations

import re
from collections.abc import Iterator

from souk_mesh.objects import HeaderOperations, Headers, HTTPRoute, VirtualService
from souk_mesh.objects.parsing import Steps
from souk_mesh.problems import Problem

VALUE = re.compile(r"(?:[^%]|%%|%[A-Z0-9_]+(?:\([^)]*\))?(?::\d+)?%)*", re.DOTALL)
"""A text in which Envoy replaces `%COMMAND%`, `%COMMAND(what)%`, `%COMMAND(what):LENGTH%`, and `%%` by one."""
UNSEEN = re.compile("[\0-\x08\x0a-\x1f\x7f]")
AUTHORITY = (":authority", "host")


def route_header_problems(service: VirtualService, steps: Steps, route: HTTPRoute) -> Iterator[Problem]:
    """Lists what is wrong with the header operations of a route and of its shares."""
    yield from _headers(service, (*steps, "headers"), route.headers)
    yield from _one_authority(service, steps, route)
    for index, share in enumerate(route.route):
        yield from _headers(service, (*steps, "route", index, "headers"), share.headers)


def _headers(service: VirtualService, steps: Steps, headers: Headers) -> Iterator[Problem]:
    yield from _operations(service, (*steps, "request"), headers.request, AUTHORITY)
    yield from _operations(service, (*steps, "response"), headers.response, ())


def _operations(
    service: VirtualService, steps: Steps, given: HeaderOperations, allowed: tuple[str, ...]
) -> Iterator[Problem]:
    for field, operations in (("set", given.set), ("add", given.add)):
        for name, value in operations.items():
            if name.lower() not in allowed:
                yield from _name(service, (*steps, field), name)
            yield from _value(service, (*steps, field, name), value)
    for index, name in enumerate(given.remove):
        yield from _name(service, (*steps, "remove", index), name)


def _name(service: VirtualService, steps: Steps, name: str) -> Iterator[Problem]:
    if not name:
        yield Problem(service.key, steps, "names a header with no name")
    elif name.startswith(":") or name.lower() == "host":
        notes = ("of these a route can only set the authority of a request: set `authority` in rewrite",)
        yield Problem(service.key, steps, f'"{name}" can\'t be changed', notes)


def _value(service: VirtualService, steps: Steps, value: str) -> Iterator[Problem]:
    if UNSEEN.search(value):
        yield Problem(service.key, steps, "has characters that no header may have")
    elif not VALUE.fullmatch(value):
        notes = ("a percent sign begins a command of Envoy's, like %REQ(X-USER)%; write %% for the sign itself",)
        yield Problem(service.key, steps, f'"{value}" is no value that Envoy can read', notes)


def _one_authority(service: VirtualService, steps: Steps, route: HTTPRoute) -> Iterator[Problem]:
    request = route.headers.request
    given = [value for each in (request.set, request.add) for name, value in each.items() if name.lower() in AUTHORITY]
    if route.rewrite is not None and route.rewrite.authority:
        given.append(route.rewrite.authority)
    if len(given) > 1:
        notes = ("rewrite it once, by rewrite.authority",)
        yield Problem(service.key, (*steps, "headers"), f"gives requests {len(given)} authorities", notes)
