"""Which servers a gateway's pod has, of all that Gateways ask of it: merged as istiod merges them.

Servers of plain HTTP on one port become one table of routes; servers with TLS on one port are told apart by the names
that clients ask for (SNI). What does not fit beside an older server is left out, as istiod leaves it out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from souk_mesh.objects import Gateway, GatewayServer, Service, VirtualService, contains
from souk_mesh.topology import Pod
from souk_mesh.xds.view import covers, full_host, selects, target


@dataclass(frozen=True)
class Served:
    """One server, and what is settled about it."""

    gateway: str
    """`namespace/name` of its Gateway."""
    server: GatewayServer
    number: int
    """Where the pod listens: where the Service in front of it leads."""
    hosts: tuple[str, ...]
    """With the namespace whose rules may use them in front, unless all may: `host` or `namespace/host`."""
    table: str
    """Its table of routes; empty if it takes no requests."""

    @property
    def names(self) -> tuple[str, ...]:
        """Its hosts, without namespaces."""
        return tuple(sorted({host.rpartition("/")[2] for host in self.hosts}))

    @property
    def encrypted(self) -> bool:
        """Whether it speaks TLS; a plain server whose `tls` only redirects does not."""
        return self.server.tls is not None and not self.server.port.http


@dataclass
class _Port:
    """The servers of one port, as far as they are known."""

    servers: list[Served] = field(default_factory=list)
    encrypted_hosts: set[str] = field(default_factory=set)

    def takes(self, each: Served) -> bool:
        """Whether a server fits beside the older ones, and if so, adds it."""
        if each.server.tls is not None:
            if self.encrypted_hosts & set(each.hosts):
                return False
            self.encrypted_hosts.update(each.hosts)
        if self.servers and not _fits(self.servers, each):
            return False
        self.servers.append(each)
        return True


def served(pod: Pod, gateways: Iterable[Gateway], services: Iterable[Service]) -> dict[int, tuple[Served, ...]]:
    """The servers of a pod by the port where it listens. `gateways` are in order, the oldest first."""
    ports: dict[int, _Port] = {}
    fronts = [service for service in services if selects(service, pod)]
    for gateway in gateways:
        if contains(pod.labels, gateway.spec.selector):
            for server in gateway.spec.servers:
                each = _settled(gateway, server, _listening(server.port.number, pod, fronts))
                ports.setdefault(each.number, _Port()).takes(each)
    return {number: tuple(port.servers) for number, port in sorted(ports.items()) if port.servers}


def granted_hosts(each: Served, rule: VirtualService) -> list[str]:
    """The hosts that a VirtualService gets of those that the server offers."""
    granted: list[str] = []
    wanted = [full_host(host, rule.metadata.namespace) for host in rule.spec.hosts]
    for entry in each.hosts:
        owner, _, host = entry.rpartition("/")
        if owner in ("", rule.metadata.namespace):
            for other in wanted:
                # The narrower of the two, if they have anything in common.
                common = host if covers(other, host) else other if covers(host, other) else None
                if common is not None and common.lower() not in granted:
                    granted.append(common.lower())
    return granted


def _fits(present: Sequence[Served], each: Served) -> bool:
    plain = next((other for other in present if not other.encrypted), None)
    if plain is not None:
        return plain.server.port.http and each.server.port.http
    # Only TLS so far: servers with TLS are told apart by SNI, and who asks for none of their names may speak plainly.
    return not each.encrypted or not each.table or each.table not in {other.table for other in present}


def _settled(gateway: Gateway, server: GatewayServer, number: int) -> Served:
    return Served(
        gateway=f"{gateway.metadata.namespace}/{gateway.metadata.name}",
        server=server,
        number=number,
        hosts=tuple(_settled_hosts(server.hosts, gateway.metadata.namespace)),
        table=_table(gateway, server, number),
    )


def _settled_hosts(hosts: Iterable[str], namespace: str) -> Iterator[str]:
    for entry in hosts:
        owner, slash, host = entry.rpartition("/")
        if not slash or owner == "*":
            yield host
        else:
            yield f"{namespace if owner == '.' else owner}/{host}"


def _table(gateway: Gateway, server: GatewayServer, number: int) -> str:
    if server.port.http:
        return f"http.{number}"
    if server.port.protocol == "HTTPS":
        return f"https.{server.port.number}.{server.port.name}.{gateway.metadata.name}.{gateway.metadata.namespace}"
    return ""


def _listening(number: int, pod: Pod, fronts: Iterable[Service]) -> int:
    """A server's port is that of a Service in front of the gateway; the pod listens where that leads."""
    for service in fronts:
        for port in service.spec.ports:
            if port.port == number:
                return target(port, pod) or number
    return number
