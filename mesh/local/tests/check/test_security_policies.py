"""What Istio refuses of policies, and what can't be meant."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_check import SHOP, checked

from souk_mesh.problems import Severity, errors

POLICY = "---\napiVersion: security.istio.io/v1\nkind: {kind}\nmetadata: {{name: a, namespace: souk}}\nspec: {spec}\n"
KEY = '{"kty": "EC", "crv": "P-256", "x": "a", "y": "b"}'


def problems(kind: str, spec: str, root: Path) -> str:
    """What is said of a policy that is added to the shop."""
    return "\n".join(map(str, checked(SHOP + POLICY.format(kind=kind, spec=spec), root)))


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("{ipBlocks: [10.0.0]}", 'ipBlocks[0] "10.0.0" is no address or range'),
        ("{notIpBlocks: [10.0.0.0/33]}", 'notIpBlocks[0] "10.0.0.0/33" is no address or range'),
        ("{ipBlocks: [10.0.0.0/255.0.0.0]}", 'ipBlocks[0] "10.0.0.0/255.0.0.0" is no range'),
        ("{remoteIpBlocks: [here]}", 'remoteIpBlocks[0] "here" is no address'),
        ("{notRemoteIpBlocks: [here]}", 'notRemoteIpBlocks[0] "here" is no address'),
        ("{notPrincipals: ['spiffe://x/ns/a/sa/b']}", "write x/ns/a/sa/b"),
        ("{serviceAccounts: ['a*']}", 'serviceAccounts[0] "a*" has a wildcard'),
        ("{serviceAccounts: [a/b/c]}", 'serviceAccounts[0] "a/b/c" is no account'),
        ("{notServiceAccounts: [/b]}", 'notServiceAccounts[0] "/b" is no account'),
        ("{serviceAccounts: [a], namespaces: [b]}", "has serviceAccounts beside principals or namespaces"),
        ("{notServiceAccounts: [a], notPrincipals: [b]}", "has serviceAccounts beside principals or namespaces"),
        ("{trustDomains: [a/ns]}", 'trustDomains[0] "a/ns" has a "/"'),
        ("{notTrustDomains: ['a*b']}", 'notTrustDomains[0] "a*b" has a wildcard within'),
        ("{trustDomains: ['*a*']}", 'trustDomains[0] "*a*" has a wildcard within'),
    ],
)
def test_a_source_is_refused_by_field(source: str, said: str, tmp_path: Path) -> None:
    spec = f"{{rules: [{{from: [{{source: {source}}}]}}]}}"
    assert said in problems("AuthorizationPolicy", spec, tmp_path)


@pytest.mark.parametrize(
    ("operation", "said"),
    [
        ("{notPorts: ['70000']}", 'notPorts[0] "70000" is no port'),
        ("{paths: ['/a/{**}/b/{*}']}", "has something after {**}"),
        ("{paths: ['/a/{x}']}", 'has braces in "{x}"'),
        ("{paths: ['/a{*}']}", 'has braces in "a{*}"'),
        ("{notPaths: ['/{*}/a b']}", 'has "a b" in it'),
    ],
)
def test_an_operation_is_refused_by_field(operation: str, said: str, tmp_path: Path) -> None:
    spec = f"{{rules: [{{to: [{{operation: {operation}}}]}}]}}"
    assert said in problems("AuthorizationPolicy", spec, tmp_path)


@pytest.mark.parametrize("path", ["/a", "/a b", "/a/{*}", "/{*}/b/{**}", "/{**}", "*", "/a/*", "*/b"])
def test_a_path_may_be_whole_or_a_pattern_or_a_template(path: str, tmp_path: Path) -> None:
    spec = f"{{rules: [{{to: [{{operation: {{paths: ['{path}']}}}}]}}]}}"
    assert "paths[0]" not in problems("AuthorizationPolicy", spec, tmp_path)


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ("{key: request.time, values: [a]}", 'key "request.time" is no attribute'),
        ("{key: request.headers, values: [a]}", 'key "request.headers" is no attribute'),
        ("{key: 'request.headers[]', values: [a]}", 'key "request.headers[]" is no attribute'),
        ("{key: 'source.ip[a]', values: [10.0.0.1]}", 'key "source.ip[a]" is no attribute'),
        ("{key: 'experimental.envoy.filters.a[b]', values: [c]}", "is no attribute"),
        ("{key: destination.labels, values: [a]}", "is no attribute"),
        ("{key: source.ip}", "when[0] has no values"),
        ("{key: source.ip, notValues: [here]}", 'notValues[0] "here" is no address'),
        ("{key: remote.ip, values: [here]}", 'values[0] "here" is no address'),
        ("{key: destination.ip, values: [here]}", 'values[0] "here" is no address'),
        ("{key: destination.port, values: [grpc]}", 'values[0] "grpc" is no port'),
        ("{key: source.serviceAccount, values: ['a*']}", 'values[0] "a*" has a wildcard'),
        ("{key: source.trustDomain, notValues: ['a*b']}", 'notValues[0] "a*b" has a wildcard within'),
    ],
)
def test_a_condition_is_refused_by_field(condition: str, said: str, tmp_path: Path) -> None:
    assert said in problems("AuthorizationPolicy", f"{{rules: [{{when: [{condition}]}}]}}", tmp_path)


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("{issuer: a}", "jwtRules[0] names no keys"),
        ("{issuer: a, jwks: 'no'}", "jwks is no JSON"),
        ("{issuer: a, jwks: '[]'}", "jwks is no set of keys"),
        ("""{issuer: a, jwks: '{"keys": [{}]}'}""", "jwks is no set of keys"),
        ("{jwksUri: 'ftp://a/b'}", "is neither http nor https"),
        ("{jwksUri: 'http://a:b/c'}", "is no address"),
        ("{jwksUri: 'http://keys.example/'}", 'jwksUri "keys.example" is no host of the mesh'),
        ("{jwksUri: 'http://payment:50051/'}", 'jwksUri "payment" is no host of the mesh'),
        ("{jwksUri: 'http://payment.souk.svc.cluster.local/'}", "leads to port 80"),
        ("{jwksUri: 'https://payment.souk.svc.cluster.local/'}", "leads to port 443"),
        (
            f"{{issuer: a, jwks: '{KEY}', outputClaimToHeaders: [{{header: x, claim: a}}, {{header: X, claim: b}}]}}",
            'outputClaimToHeaders[1].header "x" is told another claim already',
        ),
    ],
)
def test_a_rule_about_tokens_is_refused_by_field(rule: str, said: str, tmp_path: Path) -> None:
    assert said in problems("RequestAuthentication", f"{{jwtRules: [{rule}]}}", tmp_path)


def test_a_single_key_is_a_set_of_one(tmp_path: Path) -> None:
    assert problems("RequestAuthentication", f"{{jwtRules: [{{issuer: a, jwks: '{KEY}'}}]}}", tmp_path) == ""


def test_a_private_key_beside_a_policy_is_a_warning(tmp_path: Path) -> None:
    private = KEY.replace("}", ', "d": "secret"}')
    text = SHOP + POLICY.format(kind="RequestAuthentication", spec=f"{{jwtRules: [{{issuer: a, jwks: '{private}'}}]}}")
    (problem,) = checked(text, tmp_path)
    assert problem.severity is Severity.WARNING
    assert "has a private key" in str(problem)


@pytest.mark.parametrize("kind", ["PeerAuthentication", "AuthorizationPolicy", "RequestAuthentication"])
def test_a_selector_is_made_of_whole_labels(kind: str, tmp_path: Path) -> None:
    spec = "{selector: {matchLabels: {app: 'pay*'}}}"
    assert '"app: pay*" has a wildcard' in problems(kind, spec, tmp_path)


def test_a_policy_that_is_only_to_be_tried_is_refused_since_it_would_be_enforced(tmp_path: Path) -> None:
    text = SHOP + POLICY.format(kind="AuthorizationPolicy", spec="{}").replace(
        "namespace: souk}", "namespace: souk, annotations: {istio.io/dry-run: 'true'}}"
    )
    (problem,) = errors(checked(text, tmp_path))
    assert "metadata.annotations.istio.io/dry-run is not supported" in str(problem)


@pytest.mark.parametrize(
    ("rule", "closes"),
    [
        ("to: [{operation: {methods: [GET]}}]", True),
        ("to: [{operation: {methods: [GET]}}, {operation: {paths: [/a], ports: ['50051']}}]", False),
        ("to: [{operation: {notPorts: ['9000']}}]", False),
        ("from: [{source: {requestPrincipals: ['*']}}]", True),
        ("from: [{source: {namespaces: [other]}}]", False),
        ("from: [{source: {trustDomains: [other]}}]", False),
        ("from: [{source: {namespaces: [other]}}], to: [{operation: {paths: [/a]}}]", True),
        ("when: [{key: source.namespace, values: [other]}]", False),
    ],
)
def test_a_denial_of_requests_that_closes_tcp_ports_is_a_warning_as_in_istio(
    rule: str, closes: bool, tmp_path: Path
) -> None:
    warning = "warning: AuthorizationPolicy souk/a: spec.rules[0] denies connections to TCP ports, too"
    assert (warning in problems("AuthorizationPolicy", f"{{action: DENY, rules: [{{{rule}}}]}}", tmp_path)) is closes
    assert warning not in problems("AuthorizationPolicy", f"{{rules: [{{{rule}}}]}}", tmp_path)
