"""A shop in which everything fits together; other tests put a mistake into it."""

from __future__ import annotations

from pathlib import Path

from souk_mesh.check import check
from souk_mesh.images import load_images
from souk_mesh.overlays.loading import read
from souk_mesh.problems import Problem

SHOP = """
apiVersion: v1
kind: Namespace
metadata: {name: souk, labels: {istio-injection: enabled}}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: payment, namespace: souk}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: souk}
data: {level: INFO}
---
apiVersion: v1
kind: Secret
metadata: {name: keys, namespace: souk}
stringData: {key: k}
---
apiVersion: v1
kind: Secret
metadata: {name: shop-tls, namespace: souk}
type: kubernetes.io/tls
stringData: {tls.crt: c, tls.key: k, ca.crt: a}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: payment-data, namespace: souk}
spec: {}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: payment-v1, namespace: souk}
spec:
  selector: {matchLabels: {app: payment, version: v1}}
  template:
    metadata: {labels: {app: payment, version: v1}}
    spec:
      serviceAccountName: payment
      containers:
        - name: payment
          image: souk/payment:1
          env:
            - {name: LEVEL, valueFrom: {configMapKeyRef: {name: settings, key: level}}}
            - {name: KEY, valueFrom: {secretKeyRef: {name: keys, key: key}}}
          envFrom: [{configMapRef: {name: settings}}]
          ports: [{name: grpc, containerPort: 50051}]
          livenessProbe: {tcpSocket: {port: grpc}}
          volumeMounts: [{name: data, mountPath: /data}]
      volumes:
        - {name: data, persistentVolumeClaim: {claimName: payment-data}}
        - {name: keys, secret: {secretName: keys}}
---
apiVersion: v1
kind: Service
metadata: {name: payment, namespace: souk}
spec:
  selector: {app: payment}
  ports: [{name: grpc, port: 50051, targetPort: grpc}]
---
apiVersion: v1
kind: Service
metadata: {name: order, namespace: souk}
spec: {ports: [{port: 50051, name: grpc}], selector: {app: payment}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: ingress, namespace: souk}
spec:
  selector: {matchLabels: {app: ingress}}
  template:
    metadata: {labels: {app: ingress}}
    spec:
      containers: [{name: istio-proxy, image: auto, ports: [{containerPort: 8080}]}]
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: payment, namespace: souk}
spec:
  host: payment
  subsets: [{name: v1, labels: {version: v1}}]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: payment, namespace: souk}
spec:
  hosts: [payment]
  http:
    - match: [{uri: {prefix: /a}}]
      route: [{destination: {host: payment, subset: v1}}]
      retries: {attempts: 2, retryOn: "unavailable,503"}
    - route:
        - {destination: {host: payment, subset: v1}, weight: 30}
        - {destination: {host: payment.souk.svc.cluster.local}, weight: 30}
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: edge, namespace: souk}
spec:
  selector: {app: ingress}
  servers: [{port: {number: 8080, name: http, protocol: HTTP}, hosts: ["*"]}]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: edge, namespace: souk}
spec:
  hosts: ["*"]
  gateways: [edge]
  http: [{route: [{destination: {host: payment, port: {number: 50051}}}]}]
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: ports, namespace: souk}
spec: {selector: {matchLabels: {app: payment}}, portLevelMtls: {50052: {mode: DISABLE}}}
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: payment, namespace: souk}
spec:
  selector: {matchLabels: {app: payment}}
  rules:
    - from: [{source: {principals: [cluster.local/ns/souk/sa/payment]}}]
      to: [{operation: {ports: ["50051"]}}]
      when: [{key: "request.auth.claims[role]", values: [clerk]}]
---
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: {name: payment, namespace: souk}
spec: {jwtRules: [{issuer: shop, jwksUri: "http://payment.souk.svc.cluster.local:50051/keys", audiences: [payment]}]}
"""


def checked(text: str, root: Path) -> tuple[Problem, ...]:
    (root / "services/payment").mkdir(parents=True, exist_ok=True)
    objects, problems = read(text)
    assert problems == ()
    return check(objects, load_images(root, Path("python")))


def test_a_shop_without_mistakes_has_no_problems(tmp_path: Path) -> None:
    assert checked(SHOP, tmp_path) == ()


def test_a_rule_may_be_for_several_hosts(tmp_path: Path) -> None:
    text = SHOP.replace("host: payment\n", 'host: "*.souk.svc.cluster.local"\n')
    assert checked(text, tmp_path) == ()


def test_what_is_optional_may_be_missing(tmp_path: Path) -> None:
    text = SHOP.replace("{name: settings, key: level}", "{name: none, key: none, optional: true}")
    assert checked(text, tmp_path) == ()


def test_weights_need_not_add_up_to_a_hundred(tmp_path: Path) -> None:
    assert checked(SHOP.replace("weight: 30", "weight: 7"), tmp_path) == ()
