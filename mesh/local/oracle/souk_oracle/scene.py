"""What a case looks like to a cluster: pods with addresses, Services with theirs, and everything as YAML.

Addresses count up in the order of the documents, so that they are the same each time, and the same for both sides.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from souk_mesh.topology import ContainerPort, Pod, PodAddresses, Proxy, ServiceKey
from souk_oracle.case import Case, CaseError, Document

_GATEWAY = ("inject.istio.io/templates", "gateway")
"""The annotation by which Istio's webhook makes a pod a gateway."""


@dataclass(frozen=True)
class Scene:
    """All objects of a case, the pods that its workloads come to, and the one that looks."""

    documents: tuple[Document, ...]
    pods: tuple[Pod, ...]
    services: Mapping[ServiceKey, str]
    """The address of each Service, and of each host of a ServiceEntry."""
    looker: Pod


def scene(case: Case) -> Scene:
    """Sets the scene of a case.

    Raises:
        CaseError: when the pod that should look is not there.
    """
    documents = case.documents
    services = {**_addresses(documents, "Service", "10.96"), **_addresses(documents, "ServiceEntry", "10.97")}
    pods = tuple(
        _pod(workload, replica, f"10.244.{number // 250}.{number % 250 + 1}", services)
        for number, (workload, replica) in enumerate(_replicas(documents))
    )
    namespace, _, name = f"shop/{case.header.proxy}".rpartition("/")
    namespace = namespace.removeprefix("shop/") or "shop"
    looker = next((pod for pod in pods if (pod.namespace, pod.name) == (namespace, f"{name}-0")), None)
    if looker is None:
        known = ", ".join(sorted({f"{pod.namespace}/{pod.name.rpartition('-')[0]}" for pod in pods}))
        raise CaseError(f"cases/{case.name}.yaml: proxy: there is no {namespace}/{name}; there are {known}")
    return Scene(documents, pods, services, looker)


def _addresses(documents: Iterable[Document], kind: str, net: str) -> dict[ServiceKey, str]:
    keys = [key for each in documents if each.get("kind") == kind for key in _callable(each)]
    return {key: f"{net}.{number // 250}.{number % 250 + 1}" for number, key in enumerate(keys)}


def _callable(document: Document) -> Iterable[ServiceKey]:
    namespace = _namespace(document)
    if document["kind"] == "Service":
        yield ServiceKey(namespace, document["metadata"]["name"])
    else:
        yield from (ServiceKey(namespace, host) for host in document["spec"]["hosts"])


def _replicas(documents: Iterable[Document]) -> Iterable[tuple[Document, int]]:
    for each in documents:
        if each.get("kind") in ("Deployment", "StatefulSet"):
            for replica in range(each["spec"].get("replicas", 1)):
                yield each, replica


def _pod(workload: Document, replica: int, address: str, services: Mapping[ServiceKey, str]) -> Pod:
    template = workload["spec"]["template"]
    metadata, spec = template["metadata"], template["spec"]
    name, value = _GATEWAY
    return Pod(
        namespace=_namespace(workload),
        name=f"{workload['metadata']['name']}-{replica}",
        service_account=spec.get("serviceAccountName", "default"),
        labels=metadata.get("labels", {}),
        # Where a Service is called is, in a cluster, the Service's own address: here too, for the comparison.
        addresses=PodAddresses(pod=address, application="127.0.0.1", virtual=services),
        ports=tuple(
            ContainerPort(port.get("name", ""), port["containerPort"])
            for container in spec["containers"]
            for port in container.get("ports", ())
        ),
        proxy=Proxy.ROUTER if metadata.get("annotations", {}).get(name) == value else Proxy.SIDECAR,
        ready=True,
        exposed={},
    )


def _namespace(document: Document) -> str:
    return str(document["metadata"].get("namespace", "default"))
