"""The hosts of ServiceEntries as Services, which is what everybody who looks for something to call knows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from souk_mesh.objects.core import Service, ServicePort, ServiceSpec
from souk_mesh.objects.meta import Metadata
from souk_mesh.objects.pod_services import pod_services
from souk_mesh.objects.service_entry import EntryPort, ServiceEntry
from souk_mesh.objects.stateful_sets import StatefulSet
from souk_mesh.objects.visibility import EXPORT_TO
from souk_mesh.topology import ServiceKey

OWN_TLS = ("https", "tls")
"""The protocols of applications that encrypt by themselves."""


def callable_services(
    services: Iterable[Service], sets: Iterable[StatefulSet], entries: Iterable[ServiceEntry]
) -> Iterator[Service]:
    """Everything that can be called: Services, pods that have a name of their own, and the hosts of ServiceEntries."""
    services = tuple(services)
    yield from services
    yield from pod_services(services, sets)
    for entry in entries:
        yield from as_services(entry)


def passes_sidecar(key: ServiceKey, port: ServicePort) -> bool:
    """Whether calls to a port of a host are led through the caller's sidecar.

    An application that encrypts by itself must know a host outside by its own name to trust it, and calls it directly.
    """
    return not key.entered or port.app_protocol not in OWN_TLS


def as_services(entry: ServiceEntry) -> Iterator[Service]:
    """Each host as a Service: the pods that the entry selects are behind it, if it selects any."""
    selector = entry.spec.workload_selector
    for host in entry.spec.hosts:
        yield Service(
            metadata=Metadata(
                name=host,
                namespace=entry.metadata.namespace,
                annotations={EXPORT_TO: ",".join(entry.spec.export_to)} if entry.spec.export_to else {},
            ),
            spec=ServiceSpec(
                selector=selector.labels if selector else {}, ports=tuple(map(_service_port, entry.spec.ports))
            ),
        )


def _service_port(port: EntryPort) -> ServicePort:
    return ServicePort(
        name=port.name,
        port=port.number,
        target_port=port.target_port,
        app_protocol=port.protocol.lower(),
    )
