"""Which requests a route is for."""

from __future__ import annotations

import re

from envoy.config.route.v3.route_components_pb2 import HeaderMatcher, RouteMatch
from envoy.type.matcher.v3 import string_pb2

from souk_mesh.objects import HTTPMatchRequest, StringMatch
from souk_mesh.xds.protos import regex


def everything() -> RouteMatch:
    """Matches every request."""
    return RouteMatch(prefix="/")


def route_match(rule: HTTPMatchRequest) -> RouteMatch:
    """All conditions on the request itself; those on the caller are settled where the route is built."""
    match = _path(rule)
    pseudo = {":method": rule.method, ":authority": rule.authority, ":scheme": rule.scheme}
    match.headers.extend(_header(name, text) for name, text in sorted(rule.headers.items()))
    match.headers.extend(_missing(name, text) for name, text in sorted(rule.without_headers.items()))
    match.headers.extend(_header(name, text) for name, text in pseudo.items() if text is not None)
    for name, text in sorted(rule.query_params.items()):
        parameter = match.query_parameters.add(name=name)
        if _is_presence(text):
            parameter.present_match = True
        else:
            parameter.string_match.CopyFrom(_string(text))
    return match


def admits(text: StringMatch, value: str) -> bool:
    """Whether a condition holds for a value that is known already."""
    if text.exact is not None:
        return value == text.exact
    if text.prefix is not None:
        return value.startswith(text.prefix)
    return _is_presence(text) or re.fullmatch(text.regex or "", value) is not None


def _path(rule: HTTPMatchRequest) -> RouteMatch:
    uri = rule.uri
    if uri is None or _is_presence(uri):
        return everything()
    match = RouteMatch()
    if uri.exact is not None:
        match.path = uri.exact
    elif uri.prefix is not None:
        match.prefix = uri.prefix
    else:
        match.safe_regex.CopyFrom(regex(uri.regex or ""))
    if rule.ignore_uri_case:
        match.case_sensitive.value = False
    return match


def _header(name: str, text: StringMatch) -> HeaderMatcher:
    if _is_presence(text):
        return HeaderMatcher(name=name, present_match=True)
    return HeaderMatcher(name=name, string_match=_string(text))


def _missing(name: str, text: StringMatch) -> HeaderMatcher:
    header = _header(name, text)
    header.invert_match = True
    # A header that is not there differs from every text.
    header.treat_missing_header_as_empty = not _is_presence(text)
    return header


def _string(text: StringMatch) -> string_pb2.StringMatcher:
    if text.exact is not None:
        return string_pb2.StringMatcher(exact=text.exact)
    if text.prefix is not None:
        return string_pb2.StringMatcher(prefix=text.prefix)
    return string_pb2.StringMatcher(safe_regex=regex(text.regex or ""))


def _is_presence(text: StringMatch) -> bool:
    """Whether any value will do: nothing is asked of it, or Istio's `regex: "*"`."""
    return text.regex == "*" or not (text.exact or text.prefix or text.regex)
