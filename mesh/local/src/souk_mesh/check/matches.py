"""What a VirtualService asks of requests: texts, expressions, names of headers."""

from __future__ import annotations

import re
from collections.abc import Iterator

from souk_mesh.check.expressions import mistake_in
from souk_mesh.objects import HTTPMatchRequest, StringMatch, VirtualService
from souk_mesh.objects.parsing import Steps
from souk_mesh.objects.request_matching import routing_claim
from souk_mesh.problems import Problem

PSEUDO_HEADERS = frozenset({":method", ":scheme", ":authority", ":path", ":status"})
HEADER_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
"""The characters that HTTP allows there (RFC 9110, `token`)."""


def match_problems(service: VirtualService, steps: Steps, match: HTTPMatchRequest) -> Iterator[Problem]:
    """Lists what Istio refuses of the conditions of a route."""
    single = {"uri": match.uri, "scheme": match.scheme, "method": match.method, "authority": match.authority}
    for name, text in single.items():
        if text is not None:
            yield from _text(service, (*steps, name), text)
            if name != "uri":
                yield from _empty_prefix(service, (*steps, name), text)
    for name, text in match.query_params.items():
        yield from _condition(service, (*steps, "queryParams", name), text)
    for field, texts in (("headers", match.headers), ("withoutHeaders", match.without_headers)):
        for name, text in texts.items():
            yield from _header(service, (*steps, field, name), name, text)
            # Nothing else may be written as Istio's sign for any value at all.
            if field == "headers" or text.regex != "*":
                yield from _condition(service, (*steps, field, name), text)


def expression_problem(service: VirtualService, steps: Steps, expression: str) -> Iterator[Problem]:
    """Refuses what is no regular expression to Envoy."""
    mistake = mistake_in(expression)
    if mistake:
        notes = ("Envoy reads it as RE2: https://github.com/google/re2/wiki/Syntax",)
        yield Problem(service.key, steps, f'"{expression}" is no regular expression: {mistake}', notes)


def header_name_problem(service: VirtualService, steps: Steps, name: str) -> Iterator[Problem]:
    """Refuses what can be no header's name."""
    if not HEADER_NAME.fullmatch(name):
        yield Problem(service.key, steps, f'"{name}" is no name of a header', ("letters, digits and hyphens make one",))


def _header(service: VirtualService, steps: Steps, name: str, text: StringMatch) -> Iterator[Problem]:
    if routing_claim(name):
        if "mesh" in service.spec.gateways:
            notes = ("bind the VirtualService to a gateway that reads tokens, and not to mesh",)
            yield Problem(service.key, steps, "asks for a claim, which Istio's sidecars can't route by", notes)
        if text == StringMatch():
            yield Problem(service.key, steps, "says nothing of the claim", ("write exact, prefix or regex",))
    elif name not in PSEUDO_HEADERS:
        yield from header_name_problem(service, steps, name)


def _condition(service: VirtualService, steps: Steps, text: StringMatch) -> Iterator[Problem]:
    yield from _empty_prefix(service, steps, text)
    yield from _text(service, steps, text)


def _empty_prefix(service: VirtualService, steps: Steps, text: StringMatch) -> Iterator[Problem]:
    if text.prefix == "":
        yield Problem(service.key, (*steps, "prefix"), "is empty", ("write {} if any value will do",))


def _text(service: VirtualService, steps: Steps, text: StringMatch) -> Iterator[Problem]:
    if text.regex == "*":
        notes = ('write {} if any value will do, ".*" if an empty one will do, too',)
        yield Problem(service.key, (*steps, "regex"), '"*" is no regular expression', notes)
    elif text.regex is not None:
        yield from expression_problem(service, (*steps, "regex"), text.regex)
