"""The discovery server: tells every proxy what it should have and knows what each has acknowledged."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import grpc
from envoy.service.discovery.v3 import ads_pb2_grpc, discovery_pb2

from souk_mesh.xds.conversation import Conversation, Wanted
from souk_mesh.xds.remaking import same
from souk_mesh.xds.resources import Resources

Requests = AsyncIterator[discovery_pb2.DiscoveryRequest]
Context = grpc.aio.ServicerContext[discovery_pb2.DiscoveryRequest, discovery_pb2.DiscoveryResponse]

# What fits in sockaddr_un on Linux, with its closing zero.
LONGEST_SOCKET_PATH = 107


class AdsError(Exception):
    """The discovery server can't serve; the message says where and what to do."""


@dataclass(frozen=True)
class ProxyStatus:
    """Where one proxy stands."""

    node: str
    connected: bool
    published: int
    """The version last published for it."""
    acknowledged: int
    """The version that it last acknowledged whole on its present stream; 0 before the first."""
    refusal: str | None
    """Envoy's own message, when it refused what it was sent last."""

    @property
    def current(self) -> bool:
        """Whether it runs what was published last."""
        return self.connected and self.acknowledged == self.published


class _Pulse:
    """Wakes whoever waits, each time that something happens; it belongs to the event loop."""

    def __init__(self) -> None:
        self._waiting: list[asyncio.Future[None]] = []

    def beat(self) -> None:
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            if not each.done():
                each.set_result(None)

    async def wait(self) -> None:
        future = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        await future


@dataclass
class _Proxy:
    wanted: Wanted
    acknowledged: int = 0
    conversation: Conversation | None = None
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    """There may be something to send."""
    moved: _Pulse = field(default_factory=_Pulse)
    """It said something, came or went."""

    def decided(self, version: int) -> bool:
        """Whether it has taken this version, or refused what it was sent last."""
        if self.conversation is None:
            return False
        return self.acknowledged >= version or self.conversation.refusal is not None

    def status(self, node: str) -> ProxyStatus:
        talking = self.conversation
        return ProxyStatus(
            node=node,
            connected=talking is not None,
            published=self.wanted.version,
            acknowledged=self.acknowledged,
            refusal=talking.refusal if talking else None,
        )


class AdsServer:
    """Serves aggregated discovery on a unix socket. Use it from one event loop."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket
        self._proxies: dict[str, _Proxy] = {}
        self._joined = _Pulse()
        """Something is published for a proxy that was unknown."""
        self._server: grpc.aio.Server | None = None

    @property
    def socket(self) -> Path:
        """Where proxies connect."""
        return self._socket

    async def start(self) -> None:
        """Begins to serve.

        Raises:
            AdsError: when the socket can't be made.
        """
        if len(str(self._socket)) > LONGEST_SOCKET_PATH:
            raise AdsError(
                f"{self._socket}: longer than the {LONGEST_SOCKET_PATH} characters that a unix socket's path may have;"
                " choose a shorter --home"
            )
        self._socket.unlink(missing_ok=True)
        server = grpc.aio.server()
        ads_pb2_grpc.add_AggregatedDiscoveryServiceServicer_to_server(_Servicer(self), server)
        try:
            server.add_insecure_port(f"unix:{self._socket}")
            await server.start()
            # Private keys are handed out here.
            os.chmod(self._socket, 0o600)
        except (OSError, RuntimeError) as cause:
            raise AdsError(f"{self._socket}: can't serve discovery there: {cause}") from cause
        self._server = server

    async def stop(self) -> None:
        """Ends all streams; proxies keep what they have."""
        if self._server is not None:
            await self._server.stop(grace=0)
            self._server = None
        self._socket.unlink(missing_ok=True)

    def publish(self, node: str, resources: Resources) -> int:
        """Sets what a proxy should have and returns its version; what it already should have is no new version."""
        proxy = self._proxies.get(node)
        if proxy is None:
            self._proxies[node] = _Proxy(Wanted(1, resources))
            self._joined.beat()
            return 1
        held = proxy.wanted
        if not same(held.resources, resources):
            proxy.wanted = Wanted(held.version + 1, resources)
            if proxy.conversation is not None:
                proxy.conversation.want(proxy.wanted)
                proxy.wake.set()
        return proxy.wanted.version

    def forget(self, node: str) -> None:
        """Drops a proxy that is gone."""
        proxy = self._proxies.pop(node, None)
        if proxy is not None:
            proxy.wake.set()
            proxy.moved.beat()

    def nodes(self) -> frozenset[str]:
        """The proxies that something is published for."""
        return frozenset(self._proxies)

    def status(self) -> dict[str, ProxyStatus]:
        """Where each proxy stands, by node."""
        return {node: proxy.status(node) for node, proxy in self._proxies.items()}

    async def acknowledged(self, timeout: float, nodes: Iterable[str] | None = None) -> dict[str, ProxyStatus]:
        """Waits until each of `nodes` (default: every connected proxy) took or refused what is published now.

        Returns where they stand then, or when `timeout` seconds have passed; a proxy that goes meanwhile is left out.
        """
        chosen = [node for node, each in self._proxies.items() if each.conversation] if nodes is None else list(nodes)
        targets = {node: self._proxies[node].wanted.version for node in chosen if node in self._proxies}
        try:
            async with asyncio.timeout(timeout):
                for node, version in targets.items():
                    while (proxy := self._proxies.get(node)) is not None and not proxy.decided(version):
                        await proxy.moved.wait()
        except TimeoutError:
            pass
        return {node: self._proxies[node].status(node) for node in targets if node in self._proxies}

    async def converse(self, requests: Requests, context: Context) -> None:
        """Serves one stream until either side ends it."""
        first = await anext(requests, None)
        if first is None:
            return
        node = str(first.node.id)
        while (proxy := self._proxies.get(node)) is None:
            await self._joined.wait()
        conversation = Conversation(proxy.wanted)
        conversation.receive(first)
        # A stream that comes anew takes the place of the one that broke, and its proxy may be a new process.
        proxy.conversation, proxy.acknowledged = conversation, 0
        proxy.wake.set()
        reader = asyncio.create_task(self._read(requests, proxy, conversation))
        try:
            while self._proxies.get(node) is proxy and proxy.conversation is conversation and not reader.done():
                await proxy.wake.wait()
                proxy.wake.clear()
                for response in conversation.due():
                    await context.write(response)
        finally:
            reader.cancel()
            if proxy.conversation is conversation:
                proxy.conversation = None
            proxy.moved.beat()

    async def _read(self, requests: Requests, proxy: _Proxy, conversation: Conversation) -> None:
        try:
            async for request in requests:
                conversation.receive(request)
                if conversation.settled:
                    proxy.acknowledged = conversation.wanted.version
                proxy.moved.beat()
                proxy.wake.set()
        finally:
            proxy.wake.set()


class _Servicer(ads_pb2_grpc.AggregatedDiscoveryServiceServicer):  # type: ignore[misc]
    def __init__(self, server: AdsServer) -> None:
        self._server = server

    async def StreamAggregatedResources(self, requests: Requests, context: Context) -> None:
        await self._server.converse(requests, context)
