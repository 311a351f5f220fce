"""One attempt of a probe: gRPC health, HTTP, TCP or a program; true when it passed."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass

import grpc
import grpc.aio

from souk_mesh.workloads.ledger import Ledger
from souk_mesh.workloads.processes import CannotStart, Command, run

SERVING = b"\x08\x01"
"""A HealthCheckResponse that says SERVING, on the wire: its one field, with the value 1."""


@dataclass(frozen=True)
class GrpcProbe:
    """Asks grpc.health.v1 about one service name."""

    host: str
    port: int
    service: str


@dataclass(frozen=True)
class HttpProbe:
    """Gets a path; any status from 200 to 399 passes."""

    host: str
    port: int
    path: str
    headers: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class TcpProbe:
    """Opens a connection."""

    host: str
    port: int


@dataclass(frozen=True)
class ExecProbe:
    """Runs a program; exit code 0 passes."""

    command: Command


Probe = GrpcProbe | HttpProbe | TcpProbe | ExecProbe


async def attempt(probe: Probe, timeout: float, ledger: Ledger) -> str:
    """Makes one attempt; an empty answer means that it passed, any other says what failed."""
    # Not asyncio.wait_for: before Python 3.12 it can swallow a cancellation, and the probe would go on for ever.
    try:
        async with asyncio.timeout(timeout):
            return await _attempt(probe, timeout, ledger)
    except TimeoutError:
        return f"no answer within {timeout:g} s"


async def _attempt(probe: Probe, timeout: float, ledger: Ledger) -> str:
    match probe:
        case GrpcProbe():
            return await _grpc(probe, timeout)
        case HttpProbe():
            return await _http(probe)
        case TcpProbe(host, port):
            return await _tcp(host, port)
        case ExecProbe(command):
            return await _exec(command, timeout, ledger)


async def _grpc(probe: GrpcProbe, timeout: float) -> str:
    # A refused TCP connection answers at once, where a gRPC channel would back off for a second.
    if refused := await _tcp(probe.host, probe.port):
        return refused
    name = probe.service.encode()
    request = b"\x0a" + bytes([len(name)]) + name if name else b""
    async with grpc.aio.insecure_channel(f"{probe.host}:{probe.port}") as channel:
        check: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary("/grpc.health.v1.Health/Check")
        try:
            answer = await check(request, timeout=timeout)
        except grpc.aio.AioRpcError as error:
            return f"port {probe.port}: {error.code().name} {error.details()}"
    return "" if answer == SERVING else f'port {probe.port}: health of "{probe.service}" is not SERVING'


async def _http(probe: HttpProbe) -> str:
    try:
        reader, writer = await asyncio.open_connection(probe.host, probe.port)
    except OSError as error:
        return f"port {probe.port}: {_why(error)}"
    try:
        headers = {"Host": f"{probe.host}:{probe.port}", "User-Agent": "kube-probe/souk", "Connection": "close"}
        lines = [f"{name}: {value}" for name, value in (headers | dict(probe.headers)).items()]
        writer.write("\r\n".join([f"GET {probe.path} HTTP/1.1", *lines, "", ""]).encode())
        await writer.drain()
        words = (await reader.readline()).split()
    except OSError as error:
        return f"port {probe.port}: {_why(error)}"
    finally:
        writer.close()
    status = int(words[1]) if len(words) > 1 and words[1].isdigit() else 0
    return "" if 200 <= status < 400 else f"GET {probe.path} on port {probe.port}: status {status}"


async def _tcp(host: str, port: int) -> str:
    try:
        _, writer = await asyncio.open_connection(host, port)
    except OSError as error:
        return f"port {port}: {_why(error)}"
    writer.close()
    return ""


async def _exec(command: Command, timeout: float, ledger: Ledger) -> str:
    try:
        code = await run(command, ledger, timeout)
    except CannotStart as error:
        return str(error)
    return "" if code == 0 else f"{command.arguments[0]} exited with {code}"


def _why(error: OSError) -> str:
    # asyncio's own text repeats the address; the system's says what happened.
    return os.strerror(error.errno).lower() if error.errno else str(error)
