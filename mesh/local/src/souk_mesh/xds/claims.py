"""What a token says, as rules and routes ask for it: the JWT filter leaves the claims in the request's metadata."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from envoy.type.matcher.v3 import metadata_pb2, value_pb2
from envoy.type.matcher.v3.string_pb2 import StringMatcher

JWT_FILTER = "envoy.filters.http.jwt_authn"
"""Whose metadata it is, whatever the filter is called."""
PAYLOAD = "payload"
"""Where in it the claims are."""


def has_claim(path: Sequence[str], texts: Iterable[StringMatcher]) -> metadata_pb2.MetadataMatcher:
    """Asks for a claim that is one of these texts, or a list with one of them in it."""
    any_of = _any_of([value_pb2.ValueMatcher(string_match=each) for each in texts])
    listed = value_pb2.ValueMatcher(list_match=value_pb2.ListMatcher(one_of=any_of))
    return _claim(path, _any_of([listed, any_of]))


def claim_is(name: str, text: StringMatcher) -> metadata_pb2.MetadataMatcher:
    """Asks for a claim that is one text; a list is not looked into."""
    return _claim((name,), value_pb2.ValueMatcher(string_match=text))


def _claim(path: Sequence[str], value: value_pb2.ValueMatcher) -> metadata_pb2.MetadataMatcher:
    segments = [metadata_pb2.MetadataMatcher.PathSegment(key=each) for each in (PAYLOAD, *path)]
    return metadata_pb2.MetadataMatcher(filter=JWT_FILTER, path=segments, value=value)


def _any_of(values: Sequence[value_pb2.ValueMatcher]) -> value_pb2.ValueMatcher:
    if len(values) == 1:
        return values[0]
    return value_pb2.ValueMatcher(or_match=value_pb2.OrMatcher(value_matchers=values))
