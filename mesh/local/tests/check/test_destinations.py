"""What is wrong with DestinationRules, ServiceEntries and Sidecars, one mistake each."""

from __future__ import annotations

from pathlib import Path

import pytest

from souk_mesh.check import check
from souk_mesh.images import load_images
from souk_mesh.overlays.loading import read

SHOP = """
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio-injection: enabled}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: payment, namespace: shop}
spec:
  selector: {matchLabels: {app: payment}}
  template:
    metadata: {labels: {app: payment}}
    spec: {containers: [{name: app, image: souk/payment:1, ports: [{name: grpc, containerPort: 50051}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: payment, namespace: shop}
spec: {selector: {app: payment}, ports: [{name: grpc, port: 50051}]}
---
apiVersion: v1
kind: Secret
metadata: {name: known, namespace: shop}
stringData: {ca.crt: x}
"""
RULE = "DestinationRule"
ENTRY = "ServiceEntry"
HTTP = "ports: [{number: 8080, name: http, protocol: HTTP}]"
SELECTED = "workloadSelector: {matchLabels: {app: payment}}"


@pytest.mark.parametrize(
    ("kind", "spec", "said"),
    [
        (RULE, "{host: nobody}", 'error: DestinationRule shop/it: spec.host "nobody" is no Service'),
        (RULE, "{host: payment, trafficPolicy: {}}", "spec.trafficPolicy is empty"),
        (
            RULE,
            "{host: payment, trafficPolicy: {portLevelSettings: [{port: {number: 1}, tls: {}}]}}",
            "warning: DestinationRule shop/it: spec.trafficPolicy.portLevelSettings[0].port.number 1 is no port of",
        ),
        (
            RULE,
            "{host: payment, trafficPolicy: {tls: {mode: SIMPLE, credentialName: known}}}",
            "warning: DestinationRule shop/it: spec.trafficPolicy.tls.credentialName is not given to sidecars",
        ),
        (
            RULE,
            f"{{host: payment, {SELECTED}, trafficPolicy: {{tls: {{mode: SIMPLE, credentialName: other}}}}}}",
            'spec.trafficPolicy.tls.credentialName "other" is not defined\n  Secrets in shop: known',
        ),
        (RULE, '{host: payment, exportTo: [".", shop]}', "spec.exportTo lists the own namespace twice"),
        (RULE, f"{{host: payment, {SELECTED}, exportTo: [other]}}", "spec.exportTo goes beyond the rule's own"),
        (
            ENTRY,
            f"{{hosts: [a.example.com], {HTTP}, resolution: STATIC, endpoints: [{{address: b.example.com}}]}}",
            'spec.endpoints[0].address "b.example.com" is no address',
        ),
        (
            ENTRY,
            f"{{hosts: [a.example.com], {HTTP}, resolution: DNS, endpoints: [{{address: b, ports: {{grpc: 1}}}}]}}",
            "spec.endpoints[0].ports.grpc is no port of the entry",
        ),
        (
            ENTRY,
            f"{{hosts: [a.example.com], {HTTP}, resolution: STATIC}}",
            "warning: ServiceEntry shop/it: spec.endpoints are missing",
        ),
        (
            ENTRY,
            f"{{hosts: [a.example.com], {HTTP}, resolution: STATIC, workloadSelector: {{labels: {{app: nobody}}}}}}",
            "warning: ServiceEntry shop/it: spec.workloadSelector (app=nobody) selects no pods",
        ),
        (
            ENTRY,
            "{hosts: [a.example.com], ports: [{number: 443, name: tls, protocol: TLS}], resolution: DNS}",
            "warning: ServiceEntry shop/it: spec.ports[0].protocol TLS does not pass the sidecar here",
        ),
        (
            "Sidecar",
            "{workloadSelector: {labels: {app: nobody}}, outboundTrafficPolicy: {}}",
            "warning: Sidecar shop/it: spec.workloadSelector (app=nobody) selects no pods",
        ),
        (
            "Sidecar",
            "{egress: [{hosts: [./nobody.shop.svc.cluster.local]}]}",
            'spec.egress[0].hosts[0] "./nobody.shop.svc.cluster.local" means no host',
        ),
        ("Sidecar", '{egress: [{hosts: ["./*", "~./payment.shop.svc.cluster.local", "istio-system/*"]}]}', ""),
    ],
)
def test_one_mistake_is_named_with_its_field(kind: str, spec: str, said: str, tmp_path: Path) -> None:
    found = checked(_object(kind, spec), tmp_path)
    assert said in found
    assert bool(found) == bool(said)


@pytest.mark.parametrize(
    ("kind", "spec", "said"),
    [
        (
            ENTRY,
            f"{{hosts: [a.example.com], {HTTP}, resolution: DNS}}",
            'ServiceEntry shop/two: spec.hosts[0] "a.example.com" is entered twice',
        ),
        (
            "Sidecar",
            "{outboundTrafficPolicy: {}}",
            "Sidecar shop/two: spec.workloadSelector is missing, and a namespace has one such Sidecar",
        ),
        (RULE, "{host: payment, trafficPolicy: {loadBalancer: {simple: RANDOM}}}", ""),
    ],
)
def test_two_that_contradict_each_other_are_named(kind: str, spec: str, said: str, tmp_path: Path) -> None:
    found = checked(f"{_object(kind, spec)}---{_object(kind, spec, 'two')}", tmp_path)
    assert said in found
    assert bool(found) == bool(said)


def test_rules_may_be_for_the_host_of_an_entry(tmp_path: Path) -> None:
    entry = _object(ENTRY, f"{{hosts: [a.example.com], {HTTP}, resolution: DNS}}")
    rule = _object(RULE, "{host: a.example.com, trafficPolicy: {tls: {mode: SIMPLE}}}")
    route = _object(
        "VirtualService", "{hosts: [a.example.com], http: [{route: [{destination: {host: a.example.com}}]}]}"
    )
    assert checked("---".join((entry, rule, route)), tmp_path) == ""


def _object(kind: str, spec: str, name: str = "it") -> str:
    return f"""
apiVersion: networking.istio.io/v1
kind: {kind}
metadata: {{name: {name}, namespace: shop}}
spec: {spec}
"""


def checked(text: str, folder: Path) -> str:
    """What is said of the shop with more objects, as it is printed."""
    (folder / "services" / "payment").mkdir(parents=True, exist_ok=True)
    objects, problems = read(f"{SHOP}---{text}")
    assert not problems
    return "\n".join(map(str, check(objects, load_images(folder, Path("python")))))
