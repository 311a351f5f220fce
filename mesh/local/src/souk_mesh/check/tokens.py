"""RequestAuthentications: where the keys of issuers come from."""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import urlsplit

from souk_mesh.check.view import View, unknown_host
from souk_mesh.objects import JWTRule, RequestAuthentication
from souk_mesh.objects.meta import ObjectKey
from souk_mesh.objects.parsing import Steps
from souk_mesh.problems import Problem, Severity

_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "k"})
"""What only the issuer may know of a key (RFC 7518)."""


def problems(view: View) -> Iterator[Problem]:
    """Lists what is wrong with the rules of each RequestAuthentication."""
    for policy in view.objects.list(RequestAuthentication):
        for index, rule in enumerate(policy.spec.jwt_rules):
            steps: Steps = ("spec", "jwtRules", index)
            if rule.jwks is not None:
                yield from _keys(policy.key, (*steps, "jwks"), rule.jwks)
            elif rule.jwks_uri is not None:
                yield from _address(view, policy.key, (*steps, "jwksUri"), rule.jwks_uri)
            else:
                notes = ("istiod would ask the issuer where its keys are; here, write jwks or jwksUri",)
                yield Problem(policy.key, steps, "names no keys", notes)
            yield from _headers(policy.key, steps, rule)


def _keys(key: ObjectKey, where: Steps, text: str) -> Iterator[Problem]:
    notes = ('write {"keys": [{"kty": …}]}, as the issuer publishes it',)
    try:
        document = json.loads(text)
    except ValueError as cause:
        yield Problem(key, where, f"is no JSON ({cause})", notes)
        return
    keys = document.get("keys", [document]) if isinstance(document, dict) else [document]
    if not isinstance(keys, list) or not all(isinstance(each, dict) and "kty" in each for each in keys):
        yield Problem(key, where, "is no set of keys", notes)
        return
    for number, each in enumerate(keys):
        if _PRIVATE & each.keys():
            advice = ("public keys are enough to check a token: whoever reads this file can issue some",)
            yield Problem(key, where, f"has a private key (the one with index {number})", advice, Severity.WARNING)


def _address(view: View, key: ObjectKey, where: Steps, uri: str) -> Iterator[Problem]:
    try:
        place = urlsplit(uri)
        host, port = place.hostname or "", place.port or (443 if place.scheme == "https" else 80)
    except ValueError as cause:
        yield Problem(key, where, f'"{uri}" is no address ({cause})', ("write http://host:port/path",))
        return
    if place.scheme not in ("http", "https"):
        yield Problem(key, where, f'"{uri}" is neither http nor https', ("write http://host:port/path",))
        return
    service = view.services.get(host)
    if service is None:
        notes = (*unknown_host(view, host, key.namespace), "proxies fetch keys themselves, as with Istio's envoy mode")
        yield Problem(key, where, f'"{host}" is no host of the mesh', notes)
    elif port not in {each.port for each in service.spec.ports}:
        numbers = ", ".join(str(each.port) for each in service.spec.ports)
        yield Problem(key, where, f"leads to port {port}, which {host} does not have", (f"its ports: {numbers}",))


def _headers(key: ObjectKey, steps: Steps, rule: JWTRule) -> Iterator[Problem]:
    names = [each.header.lower() for each in rule.output_claim_to_headers]
    for index, name in enumerate(names):
        if name in names[:index]:
            where = (*steps, "outputClaimToHeaders", index, "header")
            yield Problem(key, where, f'"{name}" is told another claim already', ("name another header",))
