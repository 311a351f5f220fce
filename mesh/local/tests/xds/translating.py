"""Objects of a small shop, and what one of its pods is told of them, without a proxy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml
from google.protobuf import json_format

from souk_mesh.identity import Certificate, CertificateAuthority
from souk_mesh.objects import parse
from souk_mesh.topology import ContainerPort, Pod, PodAddresses, Proxy, ServiceKey
from souk_mesh.xds import Configuration, Kind, Resources, View, resources

Json = Any

AUTHORITY = CertificateAuthority.create()
LEAF: Certificate = AUTHORITY.issue("spiffe://cluster.local/ns/souk/sa/order")
PAYMENT = ServiceKey("souk", "payment")
HOST = "payment.souk.svc.cluster.local"
DEFAULT_RETRY = {
    "retryOn": "connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes",
    "numRetries": 2,
    "hostSelectionRetryMaxAttempts": "5",
}

SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: payment, namespace: souk}
spec: {selector: {app: payment}, ports: [{name: grpc, port: 50051, targetPort: grpc}]}
"""


def pod(app: str, index: int, namespace: str = "souk", **labels: str) -> Pod:
    return Pod(
        namespace=namespace,
        name=f"{app}-{index}",
        service_account=app,
        labels={"app": app, **labels},
        addresses=PodAddresses(f"127.9.{index}.1", f"127.9.{index}.2", {PAYMENT: f"127.9.{index}.10"}),
        ports=(ContainerPort("grpc", 50061),),
        proxy=Proxy.SIDECAR,
        ready=True,
        exposed={},
    )


ORDER = pod("order", 1, tier="back")
PAYMENTS = (pod("payment", 2, version="v1"), pod("payment", 3, version="v2"))


def translated(*objects: str, of: Pod = ORDER, pods: Sequence[Pod] = (ORDER, *PAYMENTS)) -> Resources:
    parsed = [parse(document) for text in (SERVICE, *objects) for document in yaml.safe_load_all(text)]
    everybody = tuple(pods) if of in pods else (*pods, of)
    return resources(View(Configuration.of(parsed), everybody), of, LEAF, AUTHORITY.roots)


def shown(result: Resources, kind: Kind, name: str) -> Json:
    shown: Json = json_format.MessageToDict(result.of_kind(kind)[name])
    return shown


def virtual_service(*rules: str, more: str = "hosts: [payment]") -> str:
    listed = "".join(f"\n    - {rule}" for rule in rules)
    return f"""
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {{name: payment, namespace: souk}}
spec:
  {more}
  http:{listed}
"""


def destination_rule(spec: str, namespace: str = "souk") -> str:
    return f"""
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {{name: payment, namespace: {namespace}}}
spec: {{{spec}}}
"""


def hosts(result: Resources) -> dict[str, Any]:
    table = shown(result, Kind.ROUTES, f"{HOST}:50051")
    return {host["domains"][0]: host for host in table["virtualHosts"]}


def routes(*objects: str, domain: str = "payment", of: Pod = ORDER) -> list[Any]:
    found: list[Any] = hosts(translated(*objects, of=of))[domain].get("routes", [])
    return found


def cluster(*objects: str, subset: str = "") -> Json:
    return shown(translated(*objects), Kind.CLUSTER, f"outbound|50051|{subset}|{HOST}")


TO = "route: [{destination: {host: payment}}]"
