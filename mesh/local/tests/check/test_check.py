"""One mistake each, and the words that name it."""

from __future__ import annotations

from pathlib import Path

import pytest

from souk_mesh.check import check
from souk_mesh.images import load_images
from souk_mesh.overlays.loading import read
from souk_mesh.problems import Problem, Severity, errors

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


POD = "Deployment souk/payment-v1: spec.template.spec"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "subset: v1}, weight: 30}",
            "subset: v3}, weight: 30}",
            "error: VirtualService souk/payment: "
            'spec.http[1].route[0].destination.subset "v3" is not defined\n'
            "  DestinationRule souk/payment defines: v1\n"
            "  add the subset there, or route to one of these",
        ),
        ("labels: {version: v1}}", "labels: {version: v2}}", '(version=v2) of subset "v1" match no pods'),
        ("[{name: v1, ", "[{name: v1, labels: {}}, {name: v1, ", 'spec.subsets[1].name "v1" is defined twice'),
        (
            "selector: {app: payment}\n",
            "selector: {app: pay}\n",
            "Service souk/payment: spec.selector (app=pay) selects n",
        ),
        ("selector: {app: payment}\n", "selector: {}\n", "Service souk/payment: spec.selector is empty"),
        ("weight: 30", "weight: 0", "spec.http[1].route has several destinations whose weights add up to 0"),
        ("name: ingress, namespace: souk", "name: payment-v1, namespace: souk", "payment-v1: is defined twice"),
        (
            "configMapKeyRef: {name: settings",
            "configMapKeyRef: {name: set",
            'env[0].valueFrom.configMapKeyRef.name "set" is',
        ),
        ("key: level", "key: lev", 'env[0].valueFrom.configMapKeyRef.key "lev" is not in ConfigMap souk/settings'),
        ("secretKeyRef: {name: keys", "secretKeyRef: {name: key", "Secrets in souk: keys"),
        ("secretName: keys", "secretName: key", f'{POD}.volumes[1].secret.secretName "key" is not defined'),
        (
            "configMapRef: {name: settings",
            "configMapRef: {name: set",
            'envFrom[0].configMapRef.name "set" is not defined',
        ),
        ("claimName: payment-data", "claimName: data", f"{POD}.volumes[0].persistentVolumeClaim.claimName"),
        (
            "payment-data, namespace: souk",
            "payment-data, namespace: shop",
            "PersistentVolumeClaim shop/payment-data: a pod can",
        ),
        ("serviceAccountName: payment", "serviceAccountName: pay", f'{POD}.serviceAccountName "pay" is not defined'),
        (
            "matchLabels: {app: payment, version: v1}",
            "matchLabels: {app: payment, version: v2}",
            "does not match the labels",
        ),
        ("targetPort: grpc", "targetPort: http", 'spec.ports[0].targetPort "http" is no port of the pods'),
        ("tcpSocket: {port: grpc}", "tcpSocket: {port: http}", 'livenessProbe.tcpSocket.port "http" is no port'),
        (
            "volumeMounts: [{name: data",
            "volumeMounts: [{name: date",
            'volumeMounts[0].name "date" is no volume of the pod',
        ),
        ("hosts: [payment]", "hosts: [pay]", 'spec.hosts[0] "pay" is no Service'),
        ("host: payment, subset", "host: pay, subset", 'spec.http[0].route[0].destination.host "pay" is no Service'),
        ("host: payment\n", "host: pay\n", 'DestinationRule souk/payment: spec.host "pay" is no Service'),
        (
            "host: payment.souk.svc.cluster.local",
            "host: payment.souk.svc",
            "as it is: write payment.souk.svc.cluster.local",
        ),
        ("gateways: [edge]", "gateways: [side]", 'spec.gateways[0] "side" is not defined'),
        ("{number: 50051}", "{number: 8080}", "destination.port.number 8080 is no port of Service souk/payment"),
        ("port: 50051, targetPort", "port: 80, targetPort", "spec.ports[0].port 80 is a privileged port"),
        ("containerPort: 8080", "containerPort: 443", "containers[0].ports[0].containerPort 443 is a privileged port"),
        ("{number: 8080, name", "{number: 80, name", "spec.servers[0].port.number 80 is a privileged port"),
        (
            "selector: {app: ingress}\n",
            "selector: {app: edge}\n",
            "Gateway souk/edge: spec.selector (app=edge) selects no pods",
        ),
        ("unavailable,503", "unavailble,999", 'retries.retryOn has unknown conditions: "unavailble", "999"'),
        ("unavailable,503", "unavailable, reset", 'retries.retryOn has unknown conditions: " reset"'),
        ("prefix: /a", 'regex: "/(?!a).*"', "is no regular expression: invalid perl operator: (?!"),
        ("attempts: 2", "attempts: 0", "spec.http[0].retries.attempts is 0, but there is more about retries"),
        ("prefix: /a", 'regex: "("', 'match[0].uri.regex "(" is no regular expression'),
        ("image: souk/payment:1", "image: souk/pay:1", 'containers[0].image "souk/pay:1" has no local program'),
        ("image: auto, ", "image: auto}, {name: b, image: auto, ", 'image "auto" is the proxy alone, but the pod has'),
        ('{ports: ["50051"]}', "{}", "spec.rules[0].to[0].operation is empty"),
        ("{principals: [cluster.local/ns/souk/sa/payment]}", "{}", "spec.rules[0].from[0].source is empty"),
        ("  host: payment\n", "  host: payment\n  trafficPolicy: {}\n", "spec.trafficPolicy is empty"),
        ("{name: souk, ", "{name: shop, ", 'metadata.namespace "souk" is not defined'),
        ("selector: {matchLabels: {app: payment}}, port", "port", "spec.portLevelMtls needs a selector"),
        ('["50051"]', '["grpc"]', 'to[0].operation.ports[0] "grpc" is no port'),
        (
            "[cluster.local/ns/souk/sa/payment]",
            '["spiffe://cluster.local/ns/souk/sa/payment"]',
            "must not begin with spiffe",
        ),
    ],
)
def test_a_mistake_is_an_error_that_names_it(old: str, new: str, said: str, tmp_path: Path) -> None:
    assert old in SHOP
    found = errors(checked(SHOP.replace(old, new), tmp_path))
    assert said in "\n".join(map(str, found))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "spec:\n  selector: {matchLabels: {app: payment}}",
            "spec:\n  selector: {matchLabels: {app: pay}}",
            "protects noth",
        ),
        ("sa/payment]", "sa/pay]", '"cluster.local/ns/souk/sa/pay" is no ServiceAccount'),
        (
            "ports: [{name: grpc, port: 50051, targetPort: grpc}]",
            "ports: [{name: calls, port: 50051, targetPort: grpc}]",
            'Service souk/payment: spec.ports[0].name "calls" says no protocol',
        ),
        ("match: [{uri: {prefix: /a}}]", "name: all", "spec.http[1] is never reached"),
        (
            "          envFrom: [{configMapRef: {name: settings}}]",
            '          args: [serve, "--key=$(KEY)"]',
            "containers[0].args[1] makes the Secret in KEY an argument",
        ),
    ],
)
def test_what_may_be_meant_so_is_a_warning(old: str, new: str, said: str, tmp_path: Path) -> None:
    assert old in SHOP
    (problem,) = checked(SHOP.replace(old, new), tmp_path)
    assert problem.severity is Severity.WARNING
    assert said in str(problem)


def test_two_rules_for_one_host_are_named(tmp_path: Path) -> None:
    rules = [part for part in SHOP.split("---") if "kind: DestinationRule" in part or "  hosts: [payment]" in part]
    again = "---".join(part.replace("{name: payment, namespace", "{name: again, namespace") for part in rules)
    found = "\n".join(map(str, checked(f"{SHOP}---{again}", tmp_path)))
    assert 'warning: DestinationRule souk/again: spec.subsets[0].name "v1" is defined for this host already' in found
    assert 'VirtualService souk/again: spec.hosts[0] "payment" is routed twice' in found


def test_a_rule_may_be_for_several_hosts(tmp_path: Path) -> None:
    text = SHOP.replace("host: payment\n", 'host: "*.souk.svc.cluster.local"\n')
    assert checked(text, tmp_path) == ()
    (problem,) = errors(checked(text.replace("*.souk", "*.shop").replace("subset: v1", ""), tmp_path))
    assert 'spec.host "*.shop.svc.cluster.local" is no Service' in str(problem)


def test_what_is_optional_may_be_missing(tmp_path: Path) -> None:
    text = SHOP.replace("{name: settings, key: level}", "{name: none, key: none, optional: true}")
    assert checked(text, tmp_path) == ()


def test_weights_need_not_add_up_to_a_hundred(tmp_path: Path) -> None:
    assert checked(SHOP.replace("weight: 30", "weight: 7"), tmp_path) == ()
