"""The proxies of a mesh as far as its control plane can tell: each asks as Envoy asks, and takes what it is told.

Runs in the environment of the local mesh. Writes a line when every stream is open.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import grpc.aio
from envoy.config.cluster.v3 import cluster_pb2
from envoy.config.listener.v3 import listener_pb2
from envoy.extensions.filters.network.http_connection_manager.v3 import http_connection_manager_pb2
from envoy.service.discovery.v3 import ads_pb2_grpc, discovery_pb2
from google.protobuf import any_pb2
from souk_mesh.xds import Kind

from bench.programs.mesh_objects import keys, pods

OPTIONS = [("grpc.use_local_subchannel_pool", 1), ("grpc.max_receive_message_length", -1)]
Name = tuple[Kind, str]
Names = tuple[Name, ...]
_NAMES: dict[bytes, Names] = {}
"""What a resource names, by its bytes: pods have most of them in common."""


@dataclass
class Proxy:
    """One proxy."""

    node: str
    stream: grpc.aio.StreamStreamCall[discovery_pb2.DiscoveryRequest, discovery_pb2.DiscoveryResponse]
    nonces: dict[Kind, str] = field(default_factory=dict)
    names: dict[Kind, tuple[str, ...]] = field(default_factory=dict)

    async def run(self, opened: asyncio.Event) -> None:
        """Takes everything, until the stream ends."""
        for kind in (Kind.CLUSTER, Kind.LISTENER):
            await self._ask(kind)
        opened.set()
        async for response in self.stream:
            kind = Kind(response.type_url)
            self.nonces[kind] = response.nonce
            await self._ask(kind)
            for other, names in _named(kind, response.resources).items():
                if names != self.names.get(other):
                    self.names[other] = names
                    await self._ask(other)

    async def _ask(self, kind: Kind) -> None:
        request = discovery_pb2.DiscoveryRequest(
            type_url=kind, resource_names=self.names.get(kind, ()), response_nonce=self.nonces.get(kind, "")
        )
        request.node.id = self.node
        await self.stream.write(request)


def _named(kind: Kind, resources: Iterable[any_pb2.Any]) -> Mapping[Kind, tuple[str, ...]]:
    """What a proxy asks for when it has been told this."""
    named = {other for each in resources for other in _names(kind, each.value)}
    asked = {other: tuple(sorted(name for of, name in named if of is other)) for other in _ASKED.get(kind, ())}
    return asked | {Kind.SECRET: ("ROOTCA", "default")} if kind is Kind.CLUSTER else asked


def _names(kind: Kind, body: bytes) -> Names:
    if body not in _NAMES:
        _NAMES[body] = tuple(_READERS[kind](body)) if kind in _READERS else ()
    return _NAMES[body]


def _of_cluster(body: bytes) -> Iterator[Name]:
    cluster = cluster_pb2.Cluster.FromString(body)
    if cluster.type == cluster_pb2.Cluster.EDS:
        yield Kind.ENDPOINTS, cluster.eds_cluster_config.service_name or cluster.name


def _of_listener(body: bytes) -> Iterator[Name]:
    for chain in listener_pb2.Listener.FromString(body).filter_chains:
        for each in chain.filters:
            manager = http_connection_manager_pb2.HttpConnectionManager()
            if each.typed_config.Unpack(manager) and manager.HasField("rds"):
                yield Kind.ROUTES, manager.rds.route_config_name
            for inner in manager.http_filters:
                if inner.HasField("config_discovery"):
                    yield Kind.EXTENSION, inner.name


_READERS = {Kind.CLUSTER: _of_cluster, Kind.LISTENER: _of_listener}
_ASKED = {Kind.CLUSTER: (Kind.ENDPOINTS,), Kind.LISTENER: (Kind.EXTENSION, Kind.ROUTES)}


async def main() -> None:
    """Arguments: the socket, how many services."""
    socket, services = sys.argv[1], int(sys.argv[2])
    opened: list[asyncio.Event] = []
    async with asyncio.TaskGroup() as tasks:
        for pod in pods(keys(services)):
            stub = ads_pb2_grpc.AggregatedDiscoveryServiceStub(grpc.aio.insecure_channel(f"unix:{socket}", OPTIONS))
            opened.append(asyncio.Event())
            tasks.create_task(Proxy(pod.node, stub.StreamAggregatedResources()).run(opened[-1]))
        for each in opened:
            await each.wait()
        print("open", flush=True)


if __name__ == "__main__":
    asyncio.run(main())
