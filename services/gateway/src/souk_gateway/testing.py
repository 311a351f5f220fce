"""Runs a whole gateway for a test: the real Envoy and the reflection server, as processes, on free ports."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import grpc
from google.protobuf.message import Message

Json = Any
"""Whatever was in a body: a test says what it should be."""
HOST = "127.0.0.1"
_PATIENCE = 15.0


@dataclass(frozen=True)
class Answer:
    """What came back by REST."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def text(self) -> str:
        """The body, read as UTF-8."""
        return self.content.decode()

    @property
    def json(self) -> Json:
        """The body, read as JSON."""
        return json.loads(self.text)

    @property
    def reason(self) -> str:
        """The reason of the google.rpc.ErrorInfo among the details of an error."""
        return str(self._detail("ErrorInfo")["reason"])

    @property
    def fields(self) -> list[str]:
        """The fields that the google.rpc.BadRequest among the details of an error names."""
        return [str(one["field"]) for one in self._detail("BadRequest")["fieldViolations"]]

    def _detail(self, kind: str) -> Json:
        return next(one for one in self.json["details"] if one["@type"].endswith(f"/google.rpc.{kind}"))


@dataclass
class Backend:
    """What the services behind a gateway have seen, and what holds a slow one back."""

    address: str = ""
    requests: list[Any] = field(default_factory=list)
    metadata: dict[str, str] = field(default_factory=dict)
    """Of the last request."""
    entered: threading.Event = field(default_factory=threading.Event)
    release: threading.Event = field(default_factory=threading.Event)

    def saw(self, request: Message, context: grpc.ServicerContext) -> None:
        """Notes a request."""
        self.requests.append(request)
        self.metadata = {key: str(value) for key, value in context.invocation_metadata()}

    @property
    def environment(self) -> Mapping[str, str]:
        """For a gateway in front of it; nobody is where payment should be."""
        served = {f"{name}_ADDRESS": self.address for name in ("CATALOG", "INVENTORY", "ORDER")}
        return {**served, "PAYMENT_ADDRESS": f"{HOST}:{free_ports(1)[0]}"}


@dataclass(frozen=True)
class Gateway:
    """A gateway that runs."""

    port: int
    metrics_port: int
    proxy: subprocess.Popen[bytes]
    log: Path
    """Where its access log is, among what else it says."""

    @property
    def address(self) -> str:
        """Where it takes REST and gRPC."""
        return f"{HOST}:{self.port}"

    def metrics(self) -> str:
        """What Prometheus would read."""
        with urllib.request.urlopen(f"http://{HOST}:{self.metrics_port}/metrics", timeout=10) as response:
            return str(response.read().decode())

    def logged(self, request_id: str) -> Json:
        """The line of the access log on one call; it is written a moment after the answer."""
        until = time.monotonic() + _PATIENCE
        while time.monotonic() < until:
            for line in self.log.read_text().splitlines(keepends=True):
                if request_id in line and line.endswith("}\n"):
                    return json.loads(line)
            time.sleep(0.05)
        raise AssertionError(f"nothing about {request_id} in {self.log}")

    def call(self, verb: str, path: str, body: object = None, headers: Mapping[str, str] | None = None) -> Answer:
        """Makes one REST call; a body is sent as JSON, bytes as they are."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=10)
        try:
            content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
            kind = {"content-type": "application/json"} if content is not None else {}
            connection.request(verb, path, content, {**kind, **(headers or {})})
            response = connection.getresponse()
            return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        finally:
            connection.close()


@contextmanager
def running(backends: Mapping[str, str], log: Path) -> Iterator[Gateway]:
    """Runs proxy and reflection until the end of the block; `backends` are environment variables, `CATALOG_ADDRESS`."""
    port, admin, metrics, reflection = free_ports(4)
    environment = {
        **os.environ,
        **backends,
        "LISTEN_HOST": HOST,
        "PORT": str(port),
        "ADMIN_PORT": str(admin),
        "METRICS_PORT": str(metrics),
        "REFLECTION_PORT": str(reflection),
        "PROXY_THREADS": "1",
    }
    with log.open("wb") as output, ExitStack() as stack:
        gateway = Gateway(port, metrics, stack.enter_context(_process("proxy", environment, output)), log)
        stack.enter_context(_process("reflection", environment, output))
        _wait_for(lambda: gateway.call("GET", "/healthz").status == 200, log)
        _wait_for(lambda: _listens(reflection), log)
        yield gateway


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on just now."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind((HOST, 0))
        return [one.getsockname()[1] for one in sockets]


def _listens(port: int) -> bool:
    with socket.create_connection((HOST, port), timeout=1):
        return True


@contextmanager
def _process(command: str, environment: Mapping[str, str], output: IO[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    program = [sys.executable, "-m", "souk_gateway", command]
    process = subprocess.Popen(program, env=dict(environment), stdout=output, stderr=subprocess.STDOUT)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(30)


def _wait_for(condition: Callable[[], bool], log: Path) -> None:
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            if condition():
                return
        except OSError:
            pass
        if time.monotonic() > until:
            raise TimeoutError(f"the gateway didn't come up:\n{log.read_text()}")
        time.sleep(0.02)
