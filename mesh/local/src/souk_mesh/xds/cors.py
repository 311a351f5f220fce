"""What pages of other origins may do."""

from __future__ import annotations

from envoy.extensions.filters.http.cors.v3 import cors_pb2
from envoy.type.v3 import percent_pb2

from souk_mesh.objects import CorsPolicy
from souk_mesh.xds.matches import string_matcher
from souk_mesh.xds.protos import exactly, flag

CORS_FILTER = "envoy.filters.http.cors"


def cors(rule: CorsPolicy) -> cors_pb2.CorsPolicy:
    """What the filter that answers preflights goes by on a route."""
    origins = [string_matcher(each) for each in rule.allow_origins] or [exactly(each) for each in rule.allow_origin]
    policy = cors_pb2.CorsPolicy(
        allow_origin_string_match=origins,
        allow_methods=",".join(rule.allow_methods),
        allow_headers=",".join(rule.allow_headers),
        expose_headers=",".join(rule.expose_headers),
        forward_not_matching_preflights=flag(rule.unmatched_preflights != "IGNORE"),
    )
    policy.filter_enabled.default_value.numerator = 100
    policy.filter_enabled.default_value.denominator = percent_pb2.FractionalPercent.HUNDRED
    if rule.allow_credentials is not None:
        policy.allow_credentials.value = rule.allow_credentials
    if rule.max_age is not None:
        policy.max_age = str(int(rule.max_age.total_seconds()))
    return policy
