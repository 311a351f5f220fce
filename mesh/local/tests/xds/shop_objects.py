"""The objects of the shop under test, and rules to change them by."""

from __future__ import annotations

import yaml

from souk_mesh.objects import Object, parse

OBJECTS = """
apiVersion: v1
kind: Service
metadata: {name: payment, namespace: souk}
spec:
  selector: {app: payment}
  ports: [{name: grpc, port: 50051, targetPort: grpc}]
---
apiVersion: v1
kind: Service
metadata: {name: ingress, namespace: souk}
spec:
  type: LoadBalancer
  selector: {app: ingress}
  ports: [{name: http2, port: 8080, targetPort: 8080}]
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: default, namespace: souk}
spec: {mtls: {mode: STRICT}}
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: deny-by-default, namespace: souk}
spec: {}
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: payment, namespace: souk}
spec:
  selector: {matchLabels: {app: payment}}
  rules:
    - from: [{source: {principals: [cluster.local/ns/souk/sa/order, cluster.local/ns/souk/sa/ingress]}}]
      to: [{operation: {methods: [POST], paths: [/souk.payment.v1.PaymentService/AuthorizePayment]}}]
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: ingress, namespace: souk}
spec:
  selector: {matchLabels: {app: ingress}}
  rules: [{to: [{operation: {ports: ["8080", "8443"]}}]}]
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: souk, namespace: souk}
spec:
  selector: {app: ingress}
  servers: [{port: {number: 8080, name: http, protocol: HTTP}, hosts: ["*"]}]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: ingress, namespace: souk}
spec:
  hosts: ["*"]
  gateways: [souk]
  http: [{route: [{destination: {host: payment, port: {number: 50051}}}]}]
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: payment, namespace: souk}
spec:
  host: payment
  subsets:
    - {name: v1, labels: {version: v1}}
    - {name: v2, labels: {version: v2}}
"""

ROUTE = """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {{name: payment, namespace: souk}}
spec:
  hosts: [payment]
  http:
    - {rule}
"""


def routed(rule: str) -> str:
    """A VirtualService of `payment` with one HTTP rule, in flow style."""
    return ROUTE.format(rule=rule)


def split(first: int, second: int) -> str:
    """A VirtualService that divides `payment` between its versions."""
    shares = ", ".join(
        f"{{destination: {{host: payment, subset: {subset}}}, weight: {weight}}}"
        for subset, weight in (("v1", first), ("v2", second))
    )
    return routed(f"{{route: [{shares}]}}")


ROUTE_V1 = "route: [{destination: {host: payment, subset: v1}}]"


def with_v1(*fields: str) -> str:
    """A VirtualService that sends everything to version 1, with more fields of the route."""
    return routed(f"{{{', '.join([ROUTE_V1, *filter(None, fields)])}}}")


def documents(text: str) -> list[Object]:
    """Reads objects as they would stand in a file."""
    return [parse(each) for each in yaml.safe_load_all(text)]
