"""Who is told of a change, and who isn't."""

from __future__ import annotations

from pathlib import Path

import yaml

from souk_mesh.identity import CertificateAuthority, Identities
from souk_mesh.objects import AnyObject, parse
from souk_mesh.topology import ContainerPort, Pod, PodAddresses, Proxy, ServiceKey
from souk_mesh.xds import AdsServer, Configuration, Publisher

NAMESPACES = ("north", "south")
AUTHORITY = CertificateAuthority.create()

AREA = """
apiVersion: v1
kind: Service
metadata: {{name: stall, namespace: {0}}}
spec: {{selector: {{app: stall}}, ports: [{{name: grpc, port: 50051}}]}}
---
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {{name: default, namespace: {0}}}
spec: {{egress: [{{hosts: ["./*"]}}]}}
"""
ROUTE = """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {{name: stall, namespace: north}}
spec: {{hosts: [stall], http: [{{timeout: {0}, route: [{{destination: {{host: stall}}}}]}}]}}
"""


def _pod(index: int, namespace: str) -> Pod:
    return Pod(
        namespace=namespace,
        name=f"stall-{index}",
        service_account="default",
        labels={"app": "stall"},
        addresses=PodAddresses(
            f"127.9.{index}.1",
            f"127.9.{index}.2",
            {ServiceKey(each, "stall"): f"127.9.{index}.{3 + number}" for number, each in enumerate(NAMESPACES)},
        ),
        ports=(ContainerPort("grpc", 50051),),
        proxy=Proxy.SIDECAR,
        ready=True,
        exposed={},
    )


PODS = tuple(_pod(number, namespace) for number, namespace in enumerate(NAMESPACES * 2))


def _objects(*texts: str) -> list[AnyObject]:
    return [parse(each) for text in texts for each in yaml.safe_load_all(text)]


def test_a_change_is_a_new_version_for_those_it_concerns_and_for_nobody_else(tmp_path: Path) -> None:
    ads = AdsServer(tmp_path / "xds.sock")
    objects = _objects(*map(AREA.format, NAMESPACES), ROUTE.format("1s"))
    publisher = Publisher(
        ads, Identities(AUTHORITY), configuration=lambda: Configuration.of(objects), pods=lambda: PODS
    )

    def versions() -> set[tuple[str, int]]:
        publisher.publish()
        return {(pod.namespace, ads.status()[pod.node].published) for pod in PODS}

    assert versions() == {("north", 1), ("south", 1)}
    objects[-1:] = _objects(ROUTE.format("2s"))
    assert versions() == {("north", 2), ("south", 1)}
    objects[-1:] = _objects(ROUTE.format("2s"))
    assert versions() == {("north", 2), ("south", 1)}
