"""A small mesh of real Envoys: `order` calls `payment`, which runs in two versions; `stranger` may call nobody."""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import grpc
from shop_objects import OBJECTS, documents

from souk_mesh.identity import Certificate, CertificateAuthority, Identities
from souk_mesh.objects import Object
from souk_mesh.topology import ContainerPort, Pod, PodAddresses, Proxy, ServiceKey
from souk_mesh.xds import AdsServer, Configuration, ProxyStatus, Publisher
from souk_mesh.xds.bootstrap import bootstrap, command, envoy_binary

ENVOY = envoy_binary(Path(os.environ.get("SOUK_VENV", Path(__file__).parents[4] / ".souk" / "venv")))
PAYMENT = ServiceKey("souk", "payment")
METHOD = "/souk.payment.v1.PaymentService/AuthorizePayment"
OTHER_METHOD = "/souk.payment.v1.PaymentService/RefundPayment"

Metadata = Sequence[tuple[str, str]]
Run = Callable[[Coroutine[Any, Any, None]], None]
"""Runs the steps of a test in the event loop of the shop."""
Behaviour = Callable[[grpc.aio.ServicerContext[bytes, bytes]], Awaitable[None]]
"""What an application does before it answers."""


@dataclass(frozen=True)
class Answer:
    """How one call ended."""

    code: grpc.StatusCode
    details: str
    said: str
    """What the application answered with: its version and what it saw."""
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass
class App:
    """An application behind a sidecar: answers every method with its name and the metadata it was given."""

    version: str
    behaviour: Behaviour | None = None
    calls: int = 0
    server: grpc.aio.Server | None = None

    async def start(self, address: str, credentials: grpc.ServerCredentials | None = None) -> None:
        self.server = grpc.aio.server()
        self.server.add_generic_rpc_handlers((_Everything(self),))
        if credentials is None:
            self.server.add_insecure_port(address)
        else:
            self.server.add_secure_port(address, credentials)
        await self.server.start()

    async def answer(self, request: bytes, context: grpc.aio.ServicerContext[bytes, bytes]) -> bytes:
        self.calls += 1
        if self.behaviour is not None:
            await self.behaviour(context)
        seen = dict(context.invocation_metadata() or ())
        return json.dumps({"version": self.version, **{name: str(value) for name, value in seen.items()}}).encode()


class _Everything(grpc.GenericRpcHandler):
    def __init__(self, app: App) -> None:
        self._app = app

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[bytes, bytes]:
        return grpc.unary_unary_rpc_method_handler(self._app.answer)


@dataclass
class Shop:
    """The mesh under test; everything runs in one event loop."""

    home: Path
    net: str
    objects: list[Object]
    pods: list[Pod]
    authority: CertificateAuthority
    identities: Identities
    ads: AdsServer
    apps: dict[str, App]
    publisher: Publisher = field(init=False)
    proxies: dict[str, asyncio.subprocess.Process] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.publisher = Publisher(
            self.ads,
            self.identities,
            configuration=lambda: Configuration.of(self.objects),
            pods=lambda: self.pods,
        )

    async def start(self) -> None:
        await self.ads.start()
        self.publisher.publish()
        for pod in self.pods:
            if pod.name in self.apps:
                await self.apps[pod.name].start(f"{pod.addresses.application}:50051")
            await self.start_proxy(pod)
        statuses = await self.ads.acknowledged(20, [pod.node for pod in self.pods])
        assert all(status.current for status in statuses.values()), (statuses, self.logs())

    async def start_proxy(self, pod: Pod) -> None:
        config = self.home / f"{pod.name}.json"
        places = {"xds_socket": self.ads.socket, "observer_socket": self.observer_socket}
        config.write_text(bootstrap(pod, **places, admin=self.home / f"{pod.name}.sock"))
        with (self.home / f"{pod.name}.log").open("ab") as log:
            self.proxies[pod.name] = await asyncio.create_subprocess_exec(
                *command(ENVOY, config), stdout=log, stderr=log
            )

    @property
    def observer_socket(self) -> Path:
        return self.home / "access.sock"

    async def stop(self) -> None:
        for process in self.proxies.values():
            if process.returncode is None:
                process.terminate()
        await asyncio.gather(*(process.wait() for process in self.proxies.values()))
        await asyncio.gather(*(app.server.stop(0) for app in self.apps.values() if app.server))
        await self.ads.stop()

    def logs(self) -> str:
        return "\n".join(f"{each.name}: {each.read_text()[-3000:]}" for each in self.home.glob("*.log"))

    async def logged(self, request: str) -> dict[str, str]:
        """The callee's access log of one request; it is flushed four times a second."""
        async with asyncio.timeout(5):
            while True:
                for log in self.home.glob("payment-*.log"):
                    for line in log.read_text().splitlines():
                        if line.startswith("{") and request in line:
                            entry: dict[str, str] = json.loads(line)
                            return entry
                await asyncio.sleep(0.02)

    def pod(self, name: str) -> Pod:
        return next(pod for pod in self.pods if pod.name == name)

    def issue(self, identity: str) -> Certificate:
        """A certificate of the mesh's own authority."""
        return self.authority.issue(identity)

    def payment_of(self, caller: str) -> str:
        return f"{self.pod(caller).addresses.virtual[PAYMENT]}:50051"

    async def change(self, text: str) -> dict[str, ProxyStatus]:
        """Puts objects in place of those of the same name, and waits for the proxies."""
        for item in documents(text):
            self.objects = [each for each in self.objects if each.key != item.key] + [item]
        return await self.settle()

    async def settle(self) -> dict[str, ProxyStatus]:
        statuses = await self.publisher.settled(5)
        assert all(status.current for status in statuses.values()), statuses
        return statuses

    async def set_ready(self, name: str, *, ready: bool) -> None:
        self.pods = [replace(pod, ready=ready) if pod.name == name else pod for pod in self.pods]
        await self.settle()

    async def call(
        self,
        caller: str = "order",
        *,
        method: str = METHOD,
        authority: str | None = None,
        metadata: Metadata = (),
        timeout: float = 5,
    ) -> Answer:
        """One call on a connection of its own."""
        options = [("grpc.default_authority", authority)] if authority else []
        async with grpc.aio.insecure_channel(self.payment_of(caller), options=options) as channel:
            return await ask(channel, method, metadata, timeout)

    async def admin(self, name: str, path: str) -> str:
        reader, writer = await asyncio.open_unix_connection(str(self.home / f"{name}.sock"))
        writer.write(f"GET {path} HTTP/1.1\r\nhost: admin\r\nconnection: close\r\n\r\n".encode())
        text = (await reader.read()).decode()
        writer.close()
        return text

    async def counter(self, name: str, stat: str) -> int:
        text = await self.admin(name, f"/stats?filter={stat}")
        return sum(int(line.rpartition(": ")[2]) for line in text.splitlines() if ": " in line and stat in line)


async def ask(channel: grpc.aio.Channel, method: str = METHOD, metadata: Metadata = (), timeout: float = 5) -> Answer:
    """One call on an open channel."""
    try:
        call: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(method)
        said = await call(b"", timeout=timeout, metadata=tuple(metadata))
    except grpc.aio.AioRpcError as error:
        return Answer(error.code(), error.details() or "", "")
    seen = json.loads(said)
    return Answer(grpc.StatusCode.OK, "", seen["version"], seen)


def edge(shop: Shop, authority: str = "localhost:8080") -> grpc.aio.Channel:
    """A channel to the gateway, from outside the mesh."""
    port = shop.pod("ingress").exposed[8080]
    return grpc.aio.insecure_channel(f"127.0.0.1:{port}", options=[("grpc.default_authority", authority)])


def make(home: Path) -> Shop:
    """Lays out the mesh on addresses that nobody uses."""
    net = free_net()

    def pod(index: int, app: str, version: str, **more: object) -> Pod:
        base = Pod(
            namespace="souk",
            name=f"{app}-{version}",
            service_account=app,
            labels={"app": app, "version": version, "app.kubernetes.io/name": app},
            addresses=PodAddresses(f"{net}.{index}.1", f"{net}.{index}.2", {PAYMENT: f"{net}.{index}.10"}),
            ports=(ContainerPort("grpc", 50051),),
            proxy=Proxy.SIDECAR,
            ready=True,
            exposed={},
        )
        return replace(base, **more)  # type: ignore[arg-type]

    pods = [
        pod(1, "payment", "v1"),
        pod(2, "payment", "v2"),
        replace(pod(3, "order", "v1"), name="order"),
        replace(pod(4, "stranger", "v1"), name="stranger"),
        replace(
            pod(5, "ingress", "v1"),
            name="ingress",
            proxy=Proxy.ROUTER,
            ports=(ContainerPort("http2", 8080),),
            exposed={8080: free_port()},
            addresses=PodAddresses(f"{net}.5.1", f"{net}.5.2", {}),
        ),
    ]
    authority = CertificateAuthority.create()
    return Shop(
        home=home,
        net=net,
        objects=documents(OBJECTS),
        pods=pods,
        authority=authority,
        identities=Identities(authority),
        ads=AdsServer(home / "xds.sock"),
        apps={"payment-v1": App("v1"), "payment-v2": App("v2")},
    )


def free_net() -> str:
    """A /16 of the loopback range where nobody listens."""
    start = os.getpid()
    for offset in range(230):
        net = f"127.{16 + (start + offset) % 230}"
        with socket.socket() as probe:
            try:
                probe.bind((f"{net}.1.1", 50051))
            except OSError:
                continue
            return net
    raise RuntimeError("no free loopback network")


def free_port() -> int:
    """A port of 127.0.0.1 that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
