"""Objects that come and go, of every kind that is translated, and the pods that are told of them."""

from __future__ import annotations

from collections.abc import Sequence

import yaml

from souk_mesh.objects import AnyObject, parse
from souk_mesh.objects.pod_services import POD_NAME
from souk_mesh.topology import ContainerPort, Pod, PodAddresses, Proxy, ServiceKey

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
