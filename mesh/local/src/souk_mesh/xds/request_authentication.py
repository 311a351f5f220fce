"""Which tokens a port believes (RequestAuthentication), as Envoy's JWT filter."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from urllib.parse import urlsplit

from envoy.extensions.filters.http.jwt_authn.v3 import config_pb2
from envoy.extensions.filters.http.jwt_authn.v3.config_pb2 import JwtAuthentication, JwtProvider, JwtRequirement
from google.protobuf import empty_pb2

from souk_mesh.objects import JWTRule, RequestAuthentication
from souk_mesh.xds.claims import PAYLOAD
from souk_mesh.xds.matches import everything
from souk_mesh.xds.protos import duration

FETCH_TIMEOUT = timedelta(seconds=5)
KEPT = timedelta(minutes=5)
"""How long a proxy believes keys that it fetched, as Istio's proxies do."""
ALWAYS_LISTS = ("permission", "scope")
"""Claims whose text is a list of words, whatever a rule says."""


def jwt_authentication(policies: Sequence[RequestAuthentication], *, before_routing: bool) -> JwtAuthentication:
    """Whose tokens are taken by a pod that these policies speak of: without any, a filter that asks for nothing.

    Args:
        policies: the policies.
        before_routing: whether the claims shall have a say in the choice of the route.
    """
    result = JwtAuthentication(bypass_cors_preflight=True)
    providers = {f"origins-{index}": _provider(rule) for index, rule in enumerate(_by_issuer(policies))}
    for name, provider in providers.items():
        provider.clear_route_cache = before_routing
        result.providers[name].CopyFrom(provider)
    if providers:
        result.rules.add(match=everything(), requires=_requirement(list(providers)))
    return result


def _by_issuer(policies: Iterable[RequestAuthentication]) -> list[JWTRule]:
    rules = (rule for each in policies for rule in each.spec.jwt_rules)
    return sorted(rules, key=lambda rule: rule.issuer or "")


def _requirement(providers: Sequence[str]) -> JwtRequirement:
    """No token at all, or a valid one.

    With several issuers: a token that one of them issued will do, for they may look in the same place, and there the
    others find one that is none of theirs; else each must find either none or one of its own.
    """
    each = [JwtRequirement(provider_name=name) for name in providers]
    missing = JwtRequirement(allow_missing=empty_pb2.Empty())
    each_or_none = [_any_of([one, missing]) for one in each]
    if len(each) == 1:
        return each_or_none[0]
    return _any_of([*each, JwtRequirement(requires_all=config_pb2.JwtRequirementAndList(requirements=each_or_none))])


def _any_of(requirements: Sequence[JwtRequirement]) -> JwtRequirement:
    return JwtRequirement(requires_any=config_pb2.JwtRequirementOrList(requirements=requirements))


def _provider(rule: JWTRule) -> JwtProvider:
    provider = JwtProvider(
        issuer=rule.issuer or "",
        audiences=rule.audiences,
        forward=rule.forward_original_token,
        forward_payload_header=rule.output_payload_to_header,
        from_params=rule.from_params,
        from_cookies=rule.from_cookies,
        payload_in_metadata=PAYLOAD,
    )
    words = sorted({*rule.space_delimited_claims, *ALWAYS_LISTS})
    provider.normalize_payload_in_metadata.space_delimited_claims.extend(words)
    for header in rule.from_headers:
        provider.from_headers.add(name=header.name, value_prefix=header.prefix)
    for told in rule.output_claim_to_headers:
        provider.claim_to_headers.add(header_name=told.header, claim_name=told.claim)
    if rule.jwks_uri is not None:
        provider.remote_jwks.CopyFrom(_fetched(rule.jwks_uri, rule.timeout or FETCH_TIMEOUT))
    else:
        provider.local_jwks.inline_string = rule.jwks or ""
    return provider


def _fetched(uri: str, timeout: timedelta) -> config_pb2.RemoteJwks:
    # The proxy fetches for itself, as with istiod's PILOT_JWT_ENABLE_REMOTE_JWKS=envoy: through the mesh, under its
    # own identity. There is no control plane here whose network could differ from the proxies'.
    place = urlsplit(uri)
    port = place.port or (443 if place.scheme == "https" else 80)
    keys = config_pb2.RemoteJwks(cache_duration=duration(KEPT))
    keys.http_uri.uri = uri
    keys.http_uri.cluster = f"outbound|{port}||{place.hostname}"
    keys.http_uri.timeout.CopyFrom(duration(timeout))
    return keys
