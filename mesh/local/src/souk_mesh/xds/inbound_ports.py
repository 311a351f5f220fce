"""Which ports a sidecar takes calls on for its application."""

from __future__ import annotations

from collections.abc import Iterable

from souk_mesh.objects import Service
from souk_mesh.topology import Pod
from souk_mesh.xds.view import Protocol, named_protocol, protocol, selects, target


def inbound_ports(services: Iterable[Service], pod: Pod) -> dict[int, Protocol]:
    """The ports of a pod and what is spoken there: as its Services say, else as the container's port is named.

    In a cluster a port that no Service leads to is captured as well, and its protocol found out from the first bytes.
    """
    ports = {port.number: named_protocol(port.name) for port in pod.ports}
    for service in services:
        if selects(service, pod):
            for port in service.spec.ports:
                number = target(port, pod)
                if number is not None:
                    ports[number] = protocol(port)
    return dict(sorted(ports.items()))
