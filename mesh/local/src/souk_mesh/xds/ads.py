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


@dataclass
class _Proxy:
    wanted: Wanted
    acknowledged: int = 0
    conversation: Conversation | None = None
    wake: asyncio.Event = field(default_factory=asyncio.Event)

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
        self._moved = asyncio.Condition()
        self._server: grpc.aio.Server | None = None
        self._notices: set[asyncio.Task[None]] = set()

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
            self._proxies[node] = _Proxy(Wanted.of(1, resources))
            self._notify()
            return 1
        if (wanted := Wanted.of(proxy.wanted.version + 1, resources)).content != proxy.wanted.content:
            proxy.wanted = wanted
            if proxy.conversation is not None:
                proxy.conversation.want(proxy.wanted)
                proxy.wake.set()
        return proxy.wanted.version

    def forget(self, node: str) -> None:
        """Drops a proxy that is gone."""
        proxy = self._proxies.pop(node, None)
        if proxy is not None:
            proxy.wake.set()
            self._notify()

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
        chosen = [node for node, status in self.status().items() if status.connected] if nodes is None else list(nodes)
        targets = {node: self._proxies[node].wanted.version for node in chosen if node in self._proxies}

        def undecided(node: str) -> bool:
            proxy = self._proxies.get(node)
            if proxy is None:
                return False
            if proxy.conversation is None:
                return True
            return proxy.acknowledged < targets[node] and proxy.conversation.refusal is None

        try:
            async with asyncio.timeout(timeout), self._moved:
                await self._moved.wait_for(lambda: not any(undecided(node) for node in targets))
        except TimeoutError:
            pass
        return {node: status for node, status in self.status().items() if node in targets}

    async def converse(self, requests: Requests, context: Context) -> None:
        """Serves one stream until either side ends it."""
        first = await anext(requests, None)
        if first is None:
            return
        node = str(first.node.id)
        while (proxy := self._proxies.get(node)) is None:
            async with self._moved:
                await self._moved.wait_for(lambda: node in self._proxies)
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
            self._notify()

    async def _read(self, requests: Requests, proxy: _Proxy, conversation: Conversation) -> None:
        try:
            async for request in requests:
                conversation.receive(request)
                if conversation.settled:
                    proxy.acknowledged = conversation.wanted.version
                async with self._moved:
                    self._moved.notify_all()
                proxy.wake.set()
        finally:
            proxy.wake.set()

    def _notify(self) -> None:
        async def notify() -> None:
            async with self._moved:
                self._moved.notify_all()

        task = asyncio.get_running_loop().create_task(notify())
        self._notices.add(task)
        task.add_done_callback(self._notices.discard)


class _Servicer(ads_pb2_grpc.AggregatedDiscoveryServiceServicer):  # type: ignore[misc]
    def __init__(self, server: AdsServer) -> None:
        self._server = server

    async def StreamAggregatedResources(self, requests: Requests, context: Context) -> None:
        await self._server.converse(requests, context)
