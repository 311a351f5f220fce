"""A scene as a cluster's API server would show it to istiod: what Kubernetes' own controllers add is added here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import yaml

from souk_mesh.topology import Pod, Proxy, ServiceKey
from souk_oracle.case import Document
from souk_oracle.scene import Scene

_WORKLOADS = ("Deployment", "StatefulSet", "Job")


def kubernetes(scene: Scene) -> str:
    """Pods, Services with addresses, their endpoints, and what else is not Istio's."""
    return _text(_kubernetes(scene))


def istio(scene: Scene) -> str:
    """Istio's own objects."""
    return _text(each for each in scene.documents if _is_istio(each))


def _kubernetes(scene: Scene) -> Iterator[Document]:
    yield from map(_pod, scene.pods)
    for each in scene.documents:
        if each["kind"] == "Service":
            yield from _service(scene, each)
        elif each["kind"] not in _WORKLOADS and not _is_istio(each):
            yield each


def _is_istio(document: Document) -> bool:
    return "istio.io/" in str(document["apiVersion"])


def _pod(pod: Pod) -> Document:
    # By this label, which the injector sets, callers know that the pod takes mutual TLS; it sets none on gateways.
    injected = {"security.istio.io/tlsMode": "istio"} if pod.proxy is Proxy.SIDECAR else {}
    ports = [{"name": each.name, "containerPort": each.number} for each in pod.ports]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": pod.name, "namespace": pod.namespace, "labels": {**injected, **pod.labels}},
        "spec": {
            "serviceAccountName": pod.service_account,
            "containers": [{"name": "app", "image": "app", "ports": ports}],
        },
        "status": {
            "phase": "Running",
            "podIP": pod.addresses.pod,
            "podIPs": [{"ip": pod.addresses.pod}],
            "conditions": [{"type": "Ready", "status": "True" if pod.ready else "False"}],
        },
    }


def _service(scene: Scene, service: Document) -> Iterator[Document]:
    name, namespace = service["metadata"]["name"], service["metadata"].get("namespace", "default")
    spec = {"clusterIP": scene.services[ServiceKey(namespace, name)], **service["spec"]}
    yield {**service, "spec": spec}
    selector = spec.get("selector")
    if selector:
        behind = [
            pod for pod in scene.pods if pod.namespace == namespace and selector.items() <= dict(pod.labels).items()
        ]
        yield _endpoints(name, namespace, spec["ports"], behind)


def _endpoints(name: str, namespace: str, ports: list[Document], behind: list[Pod]) -> Document:
    # The pods of a case that are behind one Service name their ports alike.
    named = {port.name: port.number for pod in behind for port in pod.ports}
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": f"{name}-1",
            "namespace": namespace,
            "labels": {"kubernetes.io/service-name": name},
        },
        "addressType": "IPv4",
        "ports": [
            {"name": port.get("name", ""), "port": number, "protocol": "TCP"}
            for port in ports
            if (number := _target(port, named)) is not None
        ],
        "endpoints": [
            {
                "addresses": [pod.addresses.pod],
                "conditions": {"ready": pod.ready},
                "targetRef": {"kind": "Pod", "name": pod.name, "namespace": namespace},
            }
            for pod in behind
        ],
    }


def _target(port: Document, named: dict[str, int]) -> int | None:
    wanted: Any = port.get("targetPort", port["port"])
    return named.get(wanted) if isinstance(wanted, str) else int(wanted)


def _text(documents: Iterable[Document]) -> str:
    return yaml.dump_all(documents, Dumper=yaml.CSafeDumper, sort_keys=False)
