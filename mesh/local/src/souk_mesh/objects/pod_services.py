"""The stable names of a StatefulSet's pods as Services, which is what everybody who looks for something to call knows.

In a cluster `db-0.db` is a name in the DNS, made by the headless Service `db`, for the address of one pod.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from souk_mesh.objects.core import Service
from souk_mesh.objects.meta import Metadata
from souk_mesh.objects.stateful_sets import StatefulSet
from souk_mesh.topology import ServiceKey

POD_NAME = "statefulset.kubernetes.io/pod-name"
"""The label by which a StatefulSet tells its pods apart."""


def pod_services(services: Iterable[Service], sets: Iterable[StatefulSet]) -> Iterator[Service]:
    """One for each pod that a StatefulSet may have, where its Service is a headless one."""
    headless = {
        ServiceKey(each.metadata.namespace, each.metadata.name): each for each in services if each.spec.headless
    }
    for each in sets:
        service = headless.get(ServiceKey(each.metadata.namespace, each.spec.service_name))
        if service is not None:
            yield from (_of_pod(service, pod) for pod in pod_names(each))


def short_names(host: str, namespace: str) -> tuple[str, ...]:
    """The names by which a pod of a namespace finds another: `db-0.db`, where both are in one, or longer ones."""
    pod, service, owner, _ = host.split(".", 3)
    short = f"{pod}.{service}"
    names = (f"{short}.{owner}", f"{short}.{owner}.svc", host)
    return (short, *names) if owner == namespace else names


def pod_names(of: StatefulSet) -> Iterator[str]:
    """The names of its pods, the first one first."""
    start = of.spec.ordinals.start
    yield from (f"{of.metadata.name}-{number}" for number in range(start, start + of.spec.replicas))


def _of_pod(service: Service, pod: str) -> Service:
    host = ServiceKey(service.metadata.namespace, service.metadata.name).host
    spec = service.spec.model_copy(update={"selector": {**service.spec.selector, POD_NAME: pod}})
    metadata = Metadata(
        name=f"{pod}.{host}", namespace=service.metadata.namespace, annotations=service.metadata.annotations
    )
    return Service(metadata=metadata, spec=spec)
