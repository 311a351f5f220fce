"""Who may come in and who may call what, without a proxy."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import yaml
from google.protobuf import json_format

from souk_mesh.objects import AuthorizationPolicy, Object, parse
from souk_mesh.topology import Pod, PodAddresses, Proxy
from souk_mesh.xds import Configuration
from souk_mesh.xds.authorization import Guards, guards
from souk_mesh.xds.peer_authentication import PeerMode, peer_mode
from souk_mesh.xds.selection import concerning
from souk_mesh.xds.view import Protocol, named_protocol

PAYMENT = Pod(
    namespace="souk",
    name="payment-1",
    service_account="payment",
    labels={"app": "payment"},
    addresses=PodAddresses("127.9.1.1", "127.9.1.2", {}),
    ports=(),
    proxy=Proxy.SIDECAR,
    ready=True,
    exposed={},
)
ANYTHING = [{"any": True}]


def test_without_policies_nothing_is_guarded() -> None:
    found = _guards(Configuration(), Protocol.HTTP2)
    assert (found.deny, found.allow) == (None, None)


@pytest.mark.parametrize(
    ("spec", "policies"),
    [
        ("{}", 1),  # allows nothing, by a policy that never matches
        ("{rules: [{}]}", 1),  # allows everything
        ("{selector: {matchLabels: {app: payment}}, rules: [{}, {}]}", 2),
    ],
)
def test_an_allowance_lists_what_may_pass(spec: str, policies: int) -> None:
    found = _guards(_policies(spec), Protocol.HTTP2)
    assert found.deny is None
    assert found.allow is not None
    assert len(found.allow.policies) == policies


def test_policies_of_other_pods_and_namespaces_do_not_count_and_those_of_the_mesh_do() -> None:
    other = "{selector: {matchLabels: {app: order}}}"
    assert _guards(_policies(other), Protocol.HTTP2).allow is None
    assert _guards(_policies("{}", namespace="elsewhere"), Protocol.HTTP2).allow is None
    assert _guards(_policies("{}", namespace="istio-system"), Protocol.HTTP2).allow is not None


def test_sources_and_operations_are_alternatives_and_their_fields_are_conditions() -> None:
    rule = """{rules: [{
        from: [
          {source: {principals: [cluster.local/ns/souk/sa/order], notNamespaces: [evil]}},
          {source: {namespaces: ["a*"]}}],
        to: [{operation: {methods: [POST], paths: [/a, "/b/*"], notPorts: ["9090"]}}]}]}"""
    found = _rule(rule)
    assert found["principals"] == [
        {
            "andIds": {
                "ids": [
                    {"orIds": {"ids": [_named(exact="spiffe://cluster.local/ns/souk/sa/order")]}},
                    {"notId": {"orIds": {"ids": [_named(safeRegex={"regex": ".*/ns/evil/.*"})]}}},
                ]
            }
        },
        {"andIds": {"ids": [{"orIds": {"ids": [_named(safeRegex={"regex": ".*/ns/a.*/.*"})]}}]}},
    ]
    assert found["permissions"] == [
        {
            "andRules": {
                "rules": [
                    {"orRules": {"rules": [{"header": {"name": ":method", "stringMatch": {"exact": "POST"}}}]}},
                    {
                        "orRules": {
                            "rules": [{"urlPath": {"path": {"exact": "/a"}}}, {"urlPath": {"path": {"prefix": "/b/"}}}]
                        }
                    },
                    {"notRule": {"orRules": {"rules": [{"destinationPort": 9090}]}}},
                ]
            }
        }
    ]


@pytest.mark.parametrize(
    ("text", "matcher"),
    [
        ("*", {"safeRegex": {"regex": ".+"}}),
        ("cluster.local/ns/souk/*", {"prefix": "spiffe://cluster.local/ns/souk/"}),
        ("*/sa/order", {"safeRegex": {"regex": "spiffe://.*/sa/order"}}),
    ],
)
def test_a_principal_may_be_a_pattern(text: str, matcher: dict[str, Any]) -> None:
    found = _rule(f'{{rules: [{{from: [{{source: {{principals: ["{text}"]}}}}]}}]}}')
    assert found["principals"][0]["andIds"]["ids"][0]["orIds"]["ids"] == [_named(**matcher)]
    assert found["permissions"] == [{"andRules": {"rules": ANYTHING}}]


def test_where_requests_are_not_told_apart_an_allowance_shrinks_and_a_denial_grows() -> None:
    rule = '{{action: {0}, rules: [{{to: [{{operation: {{methods: [GET], ports: ["5432"]}}}}]}}]}}'
    allow = _guards(_policies(rule.format("ALLOW")), Protocol.TCP).allow
    deny = _guards(_policies(rule.format("DENY")), Protocol.TCP).deny
    assert allow is not None
    assert deny is not None
    assert len(allow.policies) == 0
    (policy,) = json_format.MessageToDict(deny)["policies"].values()
    assert policy["permissions"] == [{"andRules": {"rules": [{"orRules": {"rules": [{"destinationPort": 5432}]}}]}}]


MESH = ("istio-system", "{mtls: {mode: STRICT}}")
NAMESPACE = ("souk", "{mtls: {mode: DISABLE}}")
UNSET = ("souk", "{}")
WORKLOAD = ("souk", "{selector: {matchLabels: {app: payment}}, mtls: {mode: PERMISSIVE}}")
PORT = ("souk", "{selector: {matchLabels: {app: payment}}, portLevelMtls: {50051: {mode: STRICT}}}")
OTHERS = ("souk", "{selector: {matchLabels: {app: order}}, mtls: {mode: STRICT}}")


@pytest.mark.parametrize(
    ("rules", "mode"),
    [
        ((), PeerMode.PERMISSIVE),
        ((MESH,), PeerMode.STRICT),
        ((MESH, NAMESPACE), PeerMode.DISABLE),
        ((MESH, UNSET), PeerMode.STRICT),
        ((MESH, NAMESPACE, WORKLOAD), PeerMode.PERMISSIVE),
        ((NAMESPACE, PORT), PeerMode.STRICT),
        ((OTHERS,), PeerMode.PERMISSIVE),
        ((("istio-system", WORKLOAD[1].replace("PERMISSIVE", "STRICT")),), PeerMode.PERMISSIVE),
    ],
)
def test_the_narrowest_rule_says_what_a_port_takes(rules: tuple[tuple[str, str], ...], mode: PeerMode) -> None:
    objects = [_object("PeerAuthentication", f"rule-{i}", *rule) for i, rule in enumerate(rules)]
    assert peer_mode(Configuration.of(objects).peer_authentications, PAYMENT, 50051) is mode


def test_pods_of_the_root_namespace_have_the_mode_of_the_mesh_and_are_asked_each_policy_once() -> None:
    pod = replace(PAYMENT, namespace="istio-system")
    selecting = _object("PeerAuthentication", "payment", "istio-system", WORKLOAD[1])
    rules = Configuration.of([_object("PeerAuthentication", "mesh", *MESH), selecting]).peer_authentications
    assert peer_mode(rules, pod, 50051) is PeerMode.STRICT
    policies = _policies("{}", namespace="istio-system").authorization_policies
    assert concerning(policies, pod) == policies


def test_of_two_rules_alike_the_first_by_age_then_name_holds() -> None:
    objects = [_object("PeerAuthentication", "b", *NAMESPACE), _object("PeerAuthentication", "a", "souk", MESH[1])]
    assert peer_mode(Configuration.of(objects).peer_authentications, PAYMENT, 50051) is PeerMode.STRICT


@pytest.mark.parametrize(
    ("name", "spoken"),
    [
        ("grpc", Protocol.HTTP2),
        ("grpc-health", Protocol.HTTP2),
        ("http2-web", Protocol.HTTP2),
        ("http-metrics", Protocol.HTTP1),
        ("kubernetes.io/h2c", Protocol.HTTP2),
        ("tcp-nats", Protocol.TCP),
        ("client", Protocol.TCP),
        ("httpish", Protocol.TCP),
    ],
)
def test_a_ports_name_says_what_is_spoken(name: str, spoken: Protocol) -> None:
    assert named_protocol(name) is spoken


def _named(**matcher: object) -> dict[str, Any]:
    return {"authenticated": {"principalName": matcher}}


def _rule(spec: str) -> dict[str, Any]:
    allow = _guards(_policies(spec), Protocol.HTTP2).allow
    assert allow is not None
    (policy,) = json_format.MessageToDict(allow)["policies"].values()
    return dict(policy)


def _policies(spec: str, namespace: str = "souk") -> Configuration:
    policy = _object("AuthorizationPolicy", "policy", namespace, spec)
    assert isinstance(policy, AuthorizationPolicy)
    return Configuration.of([policy])


def _object(kind: str, name: str, namespace: str, spec: str) -> Object:
    return parse(
        {
            "apiVersion": "security.istio.io/v1",
            "kind": kind,
            "metadata": {"name": name, "namespace": namespace},
            "spec": yaml.safe_load(spec),
        }
    )


def _guards(configuration: Configuration, spoken: Protocol) -> Guards:
    return guards(concerning(configuration.authorization_policies, PAYMENT), spoken)
