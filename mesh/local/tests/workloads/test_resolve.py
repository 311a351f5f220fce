"""What of a container's environment becomes an address, and of what."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from souk_mesh.images import load_images
from souk_mesh.objects import Deployment, parse
from souk_mesh.state import StateDir
from souk_mesh.store import Store
from souk_mesh.topology import PodAddresses, Proxy, ServiceKey
from souk_mesh.workloads.pod import PodIdentity
from souk_mesh.workloads.resolve import Resolver

PAYMENT = ServiceKey("shop", "payment")
OWN, OTHERS = ServiceKey("shop", "api.example.com"), ServiceKey("other", "api.example.com")
HIDDEN = ServiceKey("other", "hidden.example.com")

OBJECTS = """
apiVersion: v1
kind: Service
metadata: {name: payment, namespace: shop}
spec: {selector: {app: payment}, ports: [{name: grpc, port: 50051}]}
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: api, namespace: other}
spec: {hosts: [api.example.com], ports: [{number: 8080, name: http, protocol: HTTP}], resolution: DNS}
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: api, namespace: shop}
spec:
  hosts: [api.example.com]
  ports: [{number: 80, name: http, protocol: HTTP}, {number: 443, name: https, protocol: HTTPS}]
  resolution: DNS
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: hidden, namespace: other}
spec:
  hosts: [hidden.example.com]
  ports: [{number: 8080, name: http, protocol: HTTP}]
  resolution: DNS
  exportTo: ["."]
"""
DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {{name: order, namespace: {namespace}}}
spec:
  selector: {{matchLabels: {{app: order}}}}
  template:
    metadata: {{labels: {{app: order}}}}
    spec: {{containers: [{{name: app, image: souk/payment:1, env: [{{name: PEER, value: "{value}"}}]}}]}}
"""


@pytest.mark.parametrize(
    ("namespace", "value", "expected"),
    [
        ("shop", "payment:50051", "127.16.3.10:50051"),
        ("shop", "http://api.example.com:80/v1", "http://127.16.3.11:64591/v1"),
        ("other", "api.example.com:8080", "127.16.3.12:8080"),
        ("other", "hidden.example.com:8080", "127.16.3.13:8080"),
    ],
)
def test_a_pod_is_given_an_address_of_what_it_may_see(
    namespace: str, value: str, expected: str, tmp_path: Path
) -> None:
    assert resolved(namespace, value, tmp_path) == expected


@pytest.mark.parametrize(
    ("namespace", "value"),
    [
        ("shop", "api.example.com:8080"),  # the entry of its own namespace has no such port
        ("shop", "https://api.example.com:443"),  # what it encrypts itself it must call by name
        ("shop", "hidden.example.com:8080"),
        ("shop", "www.example.com:80"),
    ],
)
def test_everything_else_keeps_its_name(namespace: str, value: str, tmp_path: Path) -> None:
    assert resolved(namespace, value, tmp_path) == value


def resolved(namespace: str, value: str, folder: Path) -> str:
    """What a variable becomes that a pod of a namespace is given."""
    (folder / "services/payment").mkdir(parents=True)
    store = Store()
    for each in yaml.safe_load_all(OBJECTS):
        store.create(parse(each))
    deployment = parse(yaml.safe_load(DEPLOYMENT.format(namespace=namespace, value=value)))
    assert isinstance(deployment, Deployment)
    virtual = {key: f"127.16.3.{10 + number}" for number, key in enumerate((PAYMENT, OWN, OTHERS, HIDDEN))}
    pod = PodIdentity(
        namespace=namespace,
        name="order-1",
        owner=deployment.key,
        revision="1",
        template=deployment.spec.template,
        addresses=PodAddresses("127.16.3.1", "127.16.3.2", virtual),
        proxy=Proxy.SIDECAR,
        created=0,
    )
    resolver = Resolver(store, load_images(folder, Path("python")), StateDir(folder / "state"))
    (container,) = resolver.containers(pod)[1]
    return container.plan.command.environment["PEER"]
