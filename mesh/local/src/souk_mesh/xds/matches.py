"""Which requests a route is for."""

from __future__ import annotations

import re2
from envoy.config.route.v3.route_components_pb2 import HeaderMatcher, RouteMatch
from envoy.type.matcher.v3 import string_pb2

from souk_mesh.objects import HTTPMatchRequest, StringMatch
from souk_mesh.objects.request_matching import routing_claim
from souk_mesh.xds.claims import has_claim
from souk_mesh.xds.protos import regex


def everything() -> RouteMatch:
    """Matches every request."""
    return RouteMatch(prefix="/")


def takes_everything(match: RouteMatch) -> bool:
    """Whether Istio takes a match for one that leaves nothing to the routes after it."""
    conditions = len(match.headers) + len(match.query_parameters) + len(match.dynamic_metadata)
    return not conditions and (match.prefix == "/" or match.safe_regex.regex == ".*")


def route_match(rule: HTTPMatchRequest) -> RouteMatch:
    """All conditions on the request itself; those on the caller are settled where the route is built."""
    match = _path(rule)
    for name, text in sorted(rule.headers.items()):
        _add(match, name, text, inverted=False)
    for name, text in sorted(rule.without_headers.items()):
        _add(match, name, text, inverted=True)
    pseudo = {":method": rule.method, ":authority": rule.authority, ":scheme": rule.scheme}
    match.headers.extend(_header(name, text) for name, text in pseudo.items() if text is not None)
    for name, text in sorted(rule.query_params.items()):
        parameter = match.query_parameters.add(name=name)
        if _is_presence(text):
            parameter.present_match = True
        else:
            parameter.string_match.CopyFrom(string_matcher(text))
    return match


def admits(text: StringMatch, value: str) -> bool:
    """Whether a condition holds for a value that is known already."""
    if text.exact is not None:
        return value == text.exact
    if text.prefix is not None:
        return value.startswith(text.prefix)
    return _is_presence(text) or re2.fullmatch(text.regex or "", value) is not None


def string_matcher(text: StringMatch) -> string_pb2.StringMatcher:
    """How a text is compared, where something is asked of it."""
    if text.exact is not None:
        return string_pb2.StringMatcher(exact=text.exact)
    if text.prefix is not None:
        return string_pb2.StringMatcher(prefix=text.prefix)
    return string_pb2.StringMatcher(safe_regex=regex(text.regex or ""))


def _path(rule: HTTPMatchRequest) -> RouteMatch:
    match, uri = everything(), rule.uri
    if uri is not None and uri.exact is not None:
        match.path = uri.exact
    elif uri is not None and uri.prefix is not None:
        match.prefix = uri.prefix
    elif uri is not None and uri.regex is not None:
        match.safe_regex.CopyFrom(regex(uri.regex))
    if rule.ignore_uri_case:
        match.case_sensitive.value = False
    return match


def _add(match: RouteMatch, name: str, text: StringMatch, *, inverted: bool) -> None:
    claim = routing_claim(name)
    if claim:
        matcher = has_claim(claim, [string_matcher(text)])
        matcher.invert = inverted
        match.dynamic_metadata.append(matcher)
    elif inverted:
        match.headers.append(_missing(name, text))
    else:
        match.headers.append(_header(name, text))


def _header(name: str, text: StringMatch) -> HeaderMatcher:
    if _is_presence(text):
        return HeaderMatcher(name=name, present_match=True)
    return HeaderMatcher(name=name, string_match=string_matcher(text))


def _missing(name: str, text: StringMatch) -> HeaderMatcher:
    header = _header(name, text)
    header.invert_match = True
    # A header that is not there differs from every text.
    header.treat_missing_header_as_empty = not _is_presence(text)
    return header


def _is_presence(text: StringMatch) -> bool:
    """Whether any value will do: nothing is asked of it, or Istio's `regex: "*"`."""
    return text.regex == "*" or (text.exact, text.prefix, text.regex) == (None, None, None)
