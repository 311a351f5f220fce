"""The hosts of ServiceEntries as Services, which is what everybody who looks for something to call knows."""

from __future__ import annotations

from collections.abc import Iterator

from souk_mesh.objects.core import Service, ServicePort, ServiceSpec
from souk_mesh.objects.meta import Metadata
from souk_mesh.objects.service_entry import EntryPort, ServiceEntry
from souk_mesh.objects.visibility import EXPORT_TO


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
