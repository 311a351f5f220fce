"""A mesh of so many services as objects and pods, for those who measure what the control plane does with it.

Services stand in areas, one namespace each, and see no other but the hub: a Sidecar says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import yaml
from souk_mesh.objects import AnyObject, parse
from souk_mesh.topology import ContainerPort, Pod, PodAddresses, Proxy, ServiceKey

AREA = 20
"""Services of one area: with two pods each, 40 proxies go by what is said of one of them."""
VERSIONS = ("v1", "v2")
HUB = ServiceKey("area-0", "service-0")
"""Called from every area."""
PORT = 50051

_OBJECTS = """
apiVersion: v1
kind: Service
metadata: {{name: {name}, namespace: {namespace}}}
spec: {{selector: {{app: {name}}}, ports: [{{name: grpc, port: {port}}}]}}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {{name: {name}, namespace: {namespace}}}
spec:
  host: {name}
  subsets: [{{name: v1, labels: {{version: v1}}}}, {{name: v2, labels: {{version: v2}}}}]
"""
_SPLIT = """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {{name: {name}, namespace: {namespace}}}
spec:
  hosts: [{name}]
  http:
    - timeout: 5s
      route:
        - {{destination: {{host: {name}, subset: v1}}, weight: {first}}}
        - {{destination: {{host: {name}, subset: v2}}, weight: {second}}}
"""
_EGRESS = """
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {{name: default, namespace: {namespace}}}
spec: {{egress: [{{hosts: ["./*", "{hub.namespace}/{hub.host}"]}}]}}
"""


def keys(services: int) -> Sequence[ServiceKey]:
    """The services, the hub first."""
    return [ServiceKey(f"area-{number // AREA}", f"service-{number}") for number in range(services)]


def objects(services: Sequence[ServiceKey]) -> Iterator[AnyObject]:
    """What stands in the store."""
    for key in services:
        text = _OBJECTS.format(name=key.name, namespace=key.namespace, port=PORT)
        yield from map(parse, yaml.safe_load_all(text))
        yield split(key, 50)
    for namespace in sorted({key.namespace for key in services}):
        yield parse(yaml.safe_load(_EGRESS.format(namespace=namespace, hub=HUB)))


def split(key: ServiceKey, first: int) -> AnyObject:
    """The VirtualService that gives `first` percent to version 1."""
    return parse(yaml.safe_load(_SPLIT.format(name=key.name, namespace=key.namespace, first=first, second=100 - first)))


def pods(services: Sequence[ServiceKey]) -> tuple[Pod, ...]:
    """Two of each service, one of each version; no two have an address in common."""
    return tuple(
        _pod(2 * number + each, key, version, services)
        for number, key in enumerate(services)
        for each, version in enumerate(VERSIONS)
    )


def _pod(index: int, key: ServiceKey, version: str, services: Sequence[ServiceKey]) -> Pod:
    prefix = f"127.{10 + index // 250}.{1 + index % 250}"
    seen = [each for each in services if each.namespace == key.namespace or each == HUB]
    return Pod(
        namespace=key.namespace,
        name=f"{key.name}-{version}",
        service_account=key.name,
        labels={"app": key.name, "version": version},
        addresses=PodAddresses(
            pod=f"{prefix}.1",
            application=f"{prefix}.2",
            virtual={each: f"{prefix}.{3 + number}" for number, each in enumerate(seen)},
        ),
        ports=(ContainerPort("grpc", PORT),),
        proxy=Proxy.SIDECAR,
        ready=True,
        exposed={},
    )
