"""Ports on 127.0.0.1: which Services want one, and who holds it already."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from souk_mesh.objects import Service, ServicePort, contains
from souk_mesh.topology import ContainerPort, ServiceKey

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Exposure:
    """A port of a LoadBalancer Service and where it is bound on 127.0.0.1."""

    service: ServiceKey
    port: ServicePort
    bound: int


@dataclass(frozen=True)
class Holder:
    """The process that holds a port; pid 0 when it belongs to another user and cannot be told."""

    pid: int
    program: str

    def __str__(self) -> str:
        return f"pid {self.pid}, {self.program}" if self.pid else "by a process of another user"


def exposures(services: Sequence[Service], override: int | None) -> tuple[Exposure, ...]:
    """Lists the ports to bind; `override` takes the place of the first one."""
    found = [
        Exposure(ServiceKey(service.metadata.namespace, service.metadata.name), port, port.port)
        for service in services
        if service.spec.type == "LoadBalancer"
        for port in service.spec.ports
    ]
    if found and override is not None:
        found[0] = Exposure(found[0].service, found[0].port, override)
    return tuple(found)


def exposed(
    services: Sequence[Service],
    override: int | None,
    namespace: str,
    labels: Mapping[str, str],
    ports: Sequence[ContainerPort],
) -> Mapping[int, int]:
    """Says which container ports of a pod are bound on 127.0.0.1, and where."""
    selectors = {ServiceKey(each.metadata.namespace, each.metadata.name): each.spec.selector for each in services}
    named = {port.name: port.number for port in ports}
    bound: dict[int, int] = {}
    for each in exposures(services, override):
        selector = selectors[each.service]
        if each.service.namespace == namespace and selector and contains(labels, selector):
            target = each.port.target_port or each.port.port
            bound[named[target] if isinstance(target, str) else target] = each.bound
    return bound


def holder(port: int) -> Holder | None:
    """Says who holds a port of 127.0.0.1; None when it is free."""
    with socket.socket() as probe:
        # As Envoy binds it: connections that linger from an earlier mesh are in nobody's way.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except PermissionError:
            raise
        except OSError:
            return _find(port)
    return None


def taken(port: int, by: Holder) -> str:
    """The message for a port that somebody else holds."""
    return f"port {port} is taken ({by})\n  choose another with `make up PORT={port + 1}`, or stop that process"


def _find(port: int) -> Holder:
    inodes = _listening(port)
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            links = [os.readlink(entry) for entry in (folder / "fd").iterdir()]
            if any(link.removeprefix("socket:[").removesuffix("]") in inodes for link in links if "socket:" in link):
                return Holder(int(folder.name), (folder / "comm").read_text().strip())
        except OSError:
            continue
    return Holder(0, "")


def _listening(port: int) -> frozenset[str]:
    """The inodes of the sockets that listen on a port, on this host's IPv4 or IPv6 addresses."""
    found: set[str] = set()
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        if table.exists():
            for line in table.read_text().splitlines()[1:]:
                fields = line.split()
                # State 0A is LISTEN; the port is hexadecimal.
                if fields[3] == "0A" and int(fields[1].rpartition(":")[2], 16) == port:
                    found.add(fields[9])
    return frozenset(found)
