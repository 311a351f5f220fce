"""What is refused of DestinationRules, ServiceEntries and Sidecars by the field alone."""

from __future__ import annotations

import pytest
import yaml

from souk_mesh.objects import AnyObject, Malformed, parse

HTTP = "ports: [{number: 8080, name: http, protocol: HTTP}]"
ENTRY = f"hosts: [api.example.com], {HTTP}"


@pytest.mark.parametrize(
    "balancing",
    [
        "simple: LEAST_CONN",
        "consistentHash: {httpCookie: {name: user, ttl: 0s, attributes: [{name: Secure}]}}",
        "consistentHash: {useSourceIp: true, minimumRingSize: 8}",
        "warmup: {duration: 1s, minimumPercent: 0, aggression: 0.5}",
        "localityLbSetting: {distribute: [{from: a/b/c, to: {a/b/c: 80, a/b/d: 20}}]}",
        "localityLbSetting: {failover: [{from: a, to: b}], failoverPriority: [x]}",
        "zoneAwareLbSetting: {enabled: true, minClusterSize: 2}",
    ],
)
def test_balancing_is_accepted(balancing: str) -> None:
    assert _rule(f"loadBalancer: {{{balancing}}}")


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        ("loadBalancer: {simple: PASSTHROUGH}", "always its own sidecar's"),
        ("loadBalancer: {simple: RANDOM, consistentHash: {httpHeaderName: x}}", "at most one of simple"),
        ("loadBalancer: {consistentHash: {httpHeaderName: x, useSourceIp: true}}", "exactly one of httpHeaderName"),
        ("loadBalancer: {consistentHash: {httpHeaderName: x, ringHash: {}, maglev: {tableSize: 7}}}", "at most one of"),
        ("loadBalancer: {consistentHash: {httpCookie: {name: a, attributes: [{name: b}, {name: b}]}}}", "given twice"),
        ("loadBalancer: {consistentHash: {httpHeaderName: x, maglev: {}}}", "tableSize is required"),
        ("loadBalancer: {warmup: {duration: 1s, aggression: 0}}", "warmup.aggression is 0"),
        ("loadBalancer: {warmup: {minimumPercent: 5}}", "warmup.duration is required"),
        ("loadBalancer: {localityLbSetting: {}, zoneAwareLbSetting: {}}", "at most one of localityLbSetting"),
        ("loadBalancer: {localityLbSetting: {distribute: [{from: a, to: {b: 99}}]}}", "add up to 100"),
        ("loadBalancer: {localityLbSetting: {distribute: [{from: a, to: {b: 0, c: 100}}]}}", "must be 1 to 100"),
        ("loadBalancer: {localityLbSetting: {failover: [{from: a, to: a}]}}", "can't stand in for itself"),
        ("loadBalancer: {localityLbSetting: {failover: [{from: a, to: b/c}]}}", 'failover[0].to is "b/c"'),
        ("loadBalancer: {localityLbSetting: {distribute: [], failover: []}}", "at most one of distribute, failover"),
        ("connectionPool: {http: {http2KeepAlive: {interval: 1s}}}", "http2KeepAlive.timeout is required"),
        ("retryBudget: {budgetInterval: 1s}", "counts active requests only"),
        ("retryBudget: {percent: 101}", "percent is 101"),
        ("tls: {mode: MUTUAL}", "needs a credentialName here"),
        ("tls: {mode: SIMPLE, privateKey: /k}", "put it into a Secret"),
        ("tls: {mode: SIMPLE, insecureSkipVerify: true, credentialName: a}", "contradicts what says how to verify"),
        ("tls: {mode: MUTUAL, credentialName: a, insecureSkipVerify: true, subjectAltNames: [b]}", "contradicts"),
        ("portLevelSettings: [{port: {number: 1}}]", "says nothing about the port"),
        ("portLevelSettings: [{tls: {mode: DISABLE}}]", "portLevelSettings[0].port is required"),
    ],
)
def test_a_policy_is_refused(policy: str, said: str) -> None:
    assert said in _refusal("DestinationRule", f"host: a, trafficPolicy: {{{policy}}}")


@pytest.mark.parametrize(
    ("namespaces", "said"),
    [
        ('["*", other]', "stand alone"),
        ('["~"]', "only a ServiceEntry or a Service"),
        ("[a, a]", "listed twice"),
        ("[A]", '"A" is no namespace'),
    ],
)
def test_namespaces_to_export_to_are_refused(namespaces: str, said: str) -> None:
    assert said in _refusal("DestinationRule", f"host: a, exportTo: {namespaces}")


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        (ENTRY, "spec.resolution is required"),
        (f"{ENTRY}, resolution: NONE", "write DNS, or STATIC with endpoints"),
        (f'hosts: ["*.example.com"], {HTTP}, resolution: DNS', 'spec.hosts[0] is "*.example.com"'),
        (f"hosts: [api], {HTTP}, resolution: DNS", 'spec.hosts[0] is "api"'),
        (
            f"{ENTRY}, resolution: STATIC, endpoints: [{{address: a}}], workloadSelector: {{labels: {{a: b}}}}",
            "only one",
        ),
        (f"{ENTRY}, resolution: DNS, workloadSelector: {{labels: {{a: b}}}}", "needs the resolution STATIC"),
        (f"{ENTRY}, resolution: STATIC, workloadSelector: {{}}", "names no labels"),
        (f"{ENTRY}, resolution: DNS_ROUND_ROBIN, endpoints: [{{address: a}}, {{address: b}}]", "one endpoint at most"),
        (f"{ENTRY}, resolution: STATIC, endpoints: [{{address: 127.0.0.1, network: n}}]", "there is one network"),
        (
            "hosts: [a.b], ports: [{number: 1, name: a, protocol: HTTP}, {number: 1, name: b, protocol: HTTP}],"
            " resolution: DNS",
            "two ports have one number",
        ),
        (
            "hosts: [a.b], ports: [{number: 1, name: a, protocol: HTTP}, {number: 2, name: a, protocol: HTTP}],"
            " resolution: DNS",
            "two ports have one name",
        ),
        ("hosts: [a.b, c.d], ports: [{number: 1, name: a, protocol: TCP}], resolution: DNS", "make one ServiceEntry"),
        ("hosts: [a.b], ports: [{number: 1, name: a, protocol: GRPC-WEB}], resolution: DNS", "gRPC-Web into gRPC"),
        (f'{ENTRY}, resolution: DNS, exportTo: ["~", a]', "stand alone"),
    ],
)
def test_an_entry_is_refused(spec: str, said: str) -> None:
    assert said in _refusal("ServiceEntry", spec)


def test_an_entry_may_be_for_nobody() -> None:
    assert _parsed("ServiceEntry", f'{ENTRY}, resolution: DNS, exportTo: ["~"]')


@pytest.mark.parametrize("host", ["./*", "*/*", "shop/*", "~/*", "~shop/a.b", "*/*.example.com", "./a.shop.svc"])
def test_an_egress_host_is_accepted(host: str) -> None:
    assert _parsed("Sidecar", f'egress: [{{hosts: ["{host}"]}}]')


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("", "says nothing"),
        ("egress: [{hosts: []}]", "spec.egress[0].hosts is empty"),
        ("egress: [{hosts: [payment]}]", '"payment" is not namespace/host'),
        ("egress: [{hosts: [./payment]}]", '"./payment" is not namespace/host'),
        ("egress: [{hosts: [/a.b]}]", '"/a.b" is not namespace/host'),
        ('egress: [{hosts: ["./*"]}, {hosts: ["./*"]}]', "spec.egress"),
        ('egress: [{hosts: ["./*"], port: {number: 1}}]', "the hosts then count for all ports"),
        ("ingress: [{port: {number: 1}}]", "a sidecar listens where"),
        ("outboundTrafficPolicy: {egressProxy: {host: a}}", "write a ServiceEntry for the host"),
    ],
)
def test_a_sidecar_is_refused(spec: str, said: str) -> None:
    assert said in _refusal("Sidecar", spec)


def _rule(policy: str) -> AnyObject:
    return _parsed("DestinationRule", f"host: a, trafficPolicy: {{{policy}}}")


def _parsed(kind: str, spec: str) -> AnyObject:
    return parse(
        yaml.safe_load(f"apiVersion: networking.istio.io/v1\nkind: {kind}\nmetadata: {{name: it}}\nspec: {{{spec}}}")
    )


def _refusal(kind: str, spec: str) -> str:
    with pytest.raises(Malformed) as caught:
        _parsed(kind, spec)
    return "; ".join(f"{error} | {error.remedy}" for error in caught.value.errors)
