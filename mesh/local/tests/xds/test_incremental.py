"""What is taken over from an earlier translation is what would come out anew, and nobody else hears of a change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from souk_mesh.identity import CertificateAuthority
from souk_mesh.objects import AnyObject, parse
from souk_mesh.objects.pod_services import POD_NAME
from souk_mesh.topology import ContainerPort, Pod, PodAddresses, Proxy, ServiceKey
from souk_mesh.xds import Configuration, Kind, Translation, View, translate

AUTHORITY = CertificateAuthority.create()
LEAF = AUTHORITY.issue("spiffe://cluster.local/ns/souk/sa/anybody")

APPS = ("a", "b", "c")
API = "hosts: [api.example.com], ports: [{number: 50051, name: http, protocol: HTTP}]"
SERVICES = {
    (app, spoken): f"""
apiVersion: v1
kind: Service
metadata: {{name: {app}, namespace: souk}}
spec: {{selector: {{app: {app}}}, ports: [{{name: {spoken}, port: 50051}}]}}
"""
    for app in APPS
    for spoken in ("grpc", "http", "tcp")
}
ROUTES = {
    (app, other, weight): f"""
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {{name: {app}, namespace: souk}}
spec:
  hosts: [{app}]
  http:
    - match: [{{sourceLabels: {{tier: front}}}}]
      route: [{{destination: {{host: {other}}}}}]
    - route:
        - {{destination: {{host: {app}}}, weight: {weight}}}
        - {{destination: {{host: {other}, subset: v1}}, weight: {100 - weight}}}
"""
    for app in APPS
    for other in APPS
    for weight in (0, 40)
}
OTHER_ROUTES = {
    name: f"""
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {{name: {name}, namespace: souk}}
spec: {{{spec}}}
"""
    for name, spec in {
        "beside": "hosts: [a, api.example.com], http: [{route: [{destination: {host: b}}], mirror: {host: c}}]",
        "wild": 'hosts: ["*.souk.svc.cluster.local"], http: [{redirect: {uri: /b}}]',
        "hidden": "hosts: [b], exportTo: [other], http: [{directResponse: {status: 503}}]",
        "late": "hosts: [c], http: [{match: [{sourceLabels: {tier: front}}], route: [{destination: {host: a}}]}]",
        "tcp": "hosts: [a], tcp: [{match: [{sourceLabels: {tier: front}}], route: [{destination: {host: c}}]}]",
        "shares": "hosts: [a], tcp: [{route: [{destination: {host: b}, weight: 1}, {destination: {host: c}}]}]",
    }.items()
}
RULES = {
    (host, policy): f"""
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {{name: {host.strip("*.") or "all"}, namespace: {namespace}}}
spec: {{host: "{host}", trafficPolicy: {{{policy}}}, subsets: [{{name: v1, labels: {{version: v1}}}}]}}
"""
    for host, namespace in (("a", "souk"), ("b", "souk"), ("*.local", "istio-system"))
    for policy in ("tls: {mode: DISABLE}", "loadBalancer: {consistentHash: {httpHeaderName: x}}")
}
SECURITY = {
    (kind, mode): f"""
apiVersion: security.istio.io/v1
kind: {kind}
metadata: {{name: a, namespace: souk}}
spec: {{selector: {{matchLabels: {{app: a}}}}, {mode}}}
"""
    for kind, mode in (
        ("PeerAuthentication", "mtls: {mode: STRICT}"),
        ("PeerAuthentication", "mtls: {mode: DISABLE}"),
        ("AuthorizationPolicy", "rules: [{}]"),
        ("AuthorizationPolicy", "action: DENY, rules: [{}]"),
        ("RequestAuthentication", "jwtRules: [{issuer: x, jwks: '{}'}]"),
        ("RequestAuthentication", "jwtRules: [{issuer: x, jwksUri: 'http://b.souk.svc.cluster.local:50051/'}]"),
    )
}
EDGE = {
    "gateway": """
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: edge, namespace: souk}
spec: {selector: {app: edge}, servers: [{port: {number: 8080, name: http, protocol: HTTP}, hosts: ["*"]}]}
""",
    "tls": """
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: edge, namespace: souk}
spec:
  selector: {app: edge}
  servers:
    - {port: {number: 8080, name: http, protocol: HTTP}, hosts: ["*"], tls: {httpsRedirect: true}}
    - port: {number: 8443, name: https, protocol: HTTPS}
      hosts: ["*"]
      tls: {mode: MUTUAL, credentialName: edge}
    - {port: {number: 9000, name: tcp, protocol: TCP}, hosts: ["*"]}
""",
    "secret": """
apiVersion: v1
kind: Secret
metadata: {name: edge, namespace: souk}
stringData: {cert: c, key: k, cacert: a}
""",
    "renewed": """
apiVersion: v1
kind: Secret
metadata: {name: edge, namespace: souk}
stringData: {cert: c2, key: k2, cacert: a2}
""",
    "ingress": """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: ingress, namespace: souk}
spec:
  hosts: ["*"]
  gateways: [edge]
  http: [{route: [{destination: {host: b}}]}]
  tcp: [{route: [{destination: {host: c}}]}]
""",
    "policy": """
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: edge, namespace: souk}
spec: {selector: {matchLabels: {app: edge}}, rules: [{when: [{key: destination.port, values: ["8080"]}]}]}
""",
    "tokens": """
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: {name: edge, namespace: souk}
spec: {selector: {matchLabels: {app: edge}}, jwtRules: [{issuer: x, jwks: "{}"}]}
""",
}
STATEFUL = {
    "headless": """
apiVersion: v1
kind: Service
metadata: {name: c, namespace: souk}
spec: {clusterIP: None, selector: {app: c}, ports: [{name: http, port: 50051}]}
""",
    "unready": """
apiVersion: v1
kind: Service
metadata: {name: c, namespace: souk}
spec: {clusterIP: None, publishNotReadyAddresses: true, selector: {app: c}, ports: [{name: tcp, port: 50051}]}
""",
    "set": """
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: c, namespace: souk}
spec:
  serviceName: c
  selector: {matchLabels: {app: c}}
  template: {metadata: {labels: {app: c}}, spec: {containers: [{name: c, image: souk/c}]}}
""",
}
CALLING = {
    (kind, spec): f"""
apiVersion: networking.istio.io/v1
kind: {kind}
metadata: {{name: calling, namespace: {namespace}}}
spec: {{{spec}}}
"""
    for kind, namespace, spec in (
        ("DestinationRule", "souk", "host: a, workloadSelector: {matchLabels: {tier: front}}"),
        (
            "DestinationRule",
            "souk",
            "host: c, workloadSelector: {matchLabels: {app: a}}, subsets: [{name: v1}],"
            " trafficPolicy: {tls: {mode: MUTUAL, credentialName: edge}}",
        ),
        ("DestinationRule", "souk", "host: b, trafficPolicy: {connectionPool: {tcp: {maxConnections: 3}}}"),
        ("DestinationRule", "other", "host: a.souk.svc.cluster.local, trafficPolicy: {tls: {mode: DISABLE}}"),
        ("ServiceEntry", "souk", f"{API}, resolution: DNS"),
        ("ServiceEntry", "souk", f"{API}, resolution: STATIC, endpoints: [{{address: 127.0.0.9}}]"),
        ("ServiceEntry", "souk", f"{API}, resolution: STATIC, workloadSelector: {{labels: {{app: b}}}}"),
        ("ServiceEntry", "other", f"{API}, resolution: DNS, exportTo: [other]"),
        ("Sidecar", "souk", 'egress: [{hosts: ["./a.souk.svc.cluster.local"]}]'),
        ("Sidecar", "souk", 'workloadSelector: {labels: {tier: front}}, egress: [{hosts: ["./*.example.com"]}]'),
        ("Sidecar", "souk", "inboundConnectionPool: {tcp: {maxConnections: 4}}"),
        ("Sidecar", "istio-system", "outboundTrafficPolicy: {mode: REGISTRY_ONLY}"),
    )
}
OBJECTS: Sequence[AnyObject] = [
    parse(yaml.safe_load(text))
    for group in (SERVICES, ROUTES, OTHER_ROUTES, RULES, SECURITY, EDGE, STATEFUL, CALLING)
    for text in group.values()
]


def _pod(index: int, app: str, **labels: str) -> Pod:
    called = (*APPS, "c-0.c.souk.svc.cluster.local", "api.example.com")
    virtual = {ServiceKey("souk", each): f"127.9.{index}.{10 + number}" for number, each in enumerate(called)}
    return Pod(
        namespace="souk",
        name=f"{app}-{index}",
        service_account=app,
        labels={"app": app, "version": f"v{index % 2 + 1}", **labels},
        addresses=PodAddresses(f"127.9.{index}.1", f"127.9.{index}.2", virtual),
        calls=frozenset({ServiceKey("souk", "b"), ServiceKey("souk", "api.example.com")} if index == 1 else ()),
        ports=(ContainerPort("grpc", 50051),),
        proxy=Proxy.ROUTER if app == "edge" else Proxy.SIDECAR,
        ready=True,
        exposed={},
    )


PODS = (_pod(1, "a"), _pod(2, "a", tier="front"), _pod(3, "b"), _pod(4, "c", **{POD_NAME: "c-0"}), _pod(5, "edge"))


@st.composite
def views(draw: st.DrawFn) -> View:
    chosen = draw(st.lists(st.sampled_from(OBJECTS), unique_by=id))
    objects = {each.key: each for each in chosen}
    pods = draw(st.lists(st.sampled_from(PODS), unique_by=lambda pod: pod.name))
    ready = draw(st.lists(st.booleans(), min_size=len(pods), max_size=len(pods)))
    return View(
        Configuration.of(objects.values()),
        tuple(replace(pod, ready=flag) for pod, flag in zip(pods, ready, strict=True)),
    )


@settings(max_examples=60, deadline=None)
@given(st.lists(views(), min_size=2, max_size=4))
def test_whatever_came_before_the_result_is_the_same(history: list[View]) -> None:
    told = Translation()
    for view in history:
        told = translate(view, lambda _: LEAF, AUTHORITY.roots, told)
        anew = translate(view, lambda _: LEAF, AUTHORITY.roots)
        for pod in view.pods:
            assert told.resources(pod) == anew.resources(pod)


def test_a_weight_changes_one_table_of_each_caller_and_nothing_of_a_gateway() -> None:
    before, after = _changed(ROUTES["a", "b", 0], ROUTES["a", "b", 40])
    for pod in (PODS[0], *PODS[2:4]):
        old, new = before.resources(pod), after.resources(pod)
        assert {kind for kind in Kind if old.resources(kind) != new.resources(kind)} == {Kind.ROUTES}
        tables = old.resources(Kind.ROUTES), new.resources(Kind.ROUTES)
        changed = [name for name in tables[0] if tables[0][name] != tables[1][name]]
        assert changed == ["a.souk.svc.cluster.local:50051"]
    # An earlier entry of the rule takes all that this pod sends.
    assert after.resources(PODS[1]) == before.resources(PODS[1])
    assert after.resources(PODS[4]) is before.resources(PODS[4])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (SECURITY["AuthorizationPolicy", "rules: [{}]"], SECURITY["AuthorizationPolicy", "action: DENY, rules: [{}]"]),
        (SERVICES["a", "grpc"], SERVICES["a", "grpc"]),
    ],
)
def test_proxies_that_a_change_does_not_concern_keep_the_very_same_resources(old: str, new: str) -> None:
    before, after = _changed(old, new)
    for pod in PODS[2:]:
        assert after.resources(pod) is before.resources(pod)


def test_what_a_sidecar_hides_concerns_its_pods_no_more() -> None:
    scoped = CALLING["Sidecar", 'egress: [{hosts: ["./a.souk.svc.cluster.local"]}]']
    before, after = _changed(ROUTES["c", "c", 0], ROUTES["c", "c", 40], scoped)
    hidden = "outbound|50051||c.souk.svc.cluster.local"
    for pod in PODS[:4]:
        assert after.resources(pod) is before.resources(pod)
        assert hidden not in after.resources(pod).resources(Kind.CLUSTER)
    assert hidden in after.resources(PODS[4]).resources(Kind.CLUSTER)


def test_pods_in_whose_company_nobody_is_concerned_are_not_looked_at() -> None:
    before, after = _changed(ROUTES["a", "b", 0], ROUTES["a", "b", 40])
    (edge,) = [company for company, made in after.members.items() if PODS[4] in made.inputs.pods]
    assert after.members[edge] is before.members[edge]
    assert any(after.members[each] is not before.members[each] for each in after.members)


def test_pods_of_a_namespace_share_clusters_and_endpoints() -> None:
    told, _ = _changed(ROUTES["a", "b", 0], ROUTES["a", "b", 40])
    first, second = (told.resources(pod) for pod in PODS[1:3])
    assert first.resources(Kind.ENDPOINTS) is second.resources(Kind.ENDPOINTS)
    name = "outbound|50051||a.souk.svc.cluster.local"
    assert first.resources(Kind.CLUSTER)[name] is second.resources(Kind.CLUSTER)[name]


def _changed(old: str, new: str, *more: str) -> tuple[Translation, Translation]:
    standing = [*(SERVICES[app, "grpc"] for app in APPS), RULES["b", "tls: {mode: DISABLE}"], *EDGE.values(), *more]
    told = Translation()
    results = []
    for text in (old, new):
        objects = {each.key: each for each in map(_parsed, (*standing, text))}
        told = translate(View(Configuration.of(objects.values()), PODS), lambda _: LEAF, AUTHORITY.roots, told)
        results.append(told)
    return results[0], results[1]


def _parsed(text: str) -> AnyObject:
    return parse(yaml.safe_load(text))
