"""Single attempts of probes, against real servers."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path

import grpc
import grpc.aio

from souk_mesh.workloads.ledger import Ledger
from souk_mesh.workloads.probes import ExecProbe, GrpcProbe, HttpProbe, Probe, TcpProbe, attempt
from souk_mesh.workloads.processes import Command

HOST = "127.0.0.1"
UNUSED_PORT = 1


def run(story: Callable[[], Coroutine[None, None, None]]) -> None:
    asyncio.run(asyncio.wait_for(story(), 20))


async def tried(probe: Probe, tmp_path: Path, timeout: float = 2) -> str:
    return await attempt(probe, timeout, Ledger(tmp_path / "children"))


async def health(request: bytes, context: grpc.aio.ServicerContext[bytes, bytes]) -> bytes:
    match request:
        case b"":
            return b"\x08\x01"
        case b"\x0a\x08liveness":
            return b"\x08\x02"
    await context.abort(grpc.StatusCode.NOT_FOUND, "unknown service")
    raise AssertionError("abort raises")


def test_a_grpc_probe_asks_for_its_service_and_passes_only_on_serving(tmp_path: Path) -> None:
    async def story() -> None:
        server = grpc.aio.server()
        handlers: dict[str, grpc.RpcMethodHandler[bytes, bytes]]
        handlers = {"Check": grpc.unary_unary_rpc_method_handler(health)}
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("grpc.health.v1.Health", handlers),))
        port = server.add_insecure_port(f"{HOST}:0")
        await server.start()
        assert await tried(GrpcProbe(HOST, port, ""), tmp_path) == ""
        assert "is not SERVING" in await tried(GrpcProbe(HOST, port, "liveness"), tmp_path)
        assert "NOT_FOUND" in await tried(GrpcProbe(HOST, port, "other"), tmp_path)
        await server.stop(0)
        assert "refused" in await tried(GrpcProbe(HOST, UNUSED_PORT, ""), tmp_path)

    run(story)


def test_an_http_probe_passes_on_success_and_redirection_only(tmp_path: Path) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        path = (await reader.readline()).split()[1].decode()
        writer.write(f"HTTP/1.1 {path[1:]} X\r\nConnection: close\r\n\r\n".encode())
        writer.close()

    async def story() -> None:
        async with await asyncio.start_server(answer, HOST, 0) as server:
            port = server.sockets[0].getsockname()[1]
            assert await tried(HttpProbe(HOST, port, "/200", ()), tmp_path) == ""
            assert await tried(HttpProbe(HOST, port, "/302", ()), tmp_path) == ""
            assert "status 503" in await tried(HttpProbe(HOST, port, "/503", ()), tmp_path)
            assert await tried(TcpProbe(HOST, port), tmp_path) == ""
        assert "refused" in await tried(TcpProbe(HOST, UNUSED_PORT), tmp_path)

    run(story)


def test_a_server_that_does_not_answer_fails_when_the_timeout_is_over(tmp_path: Path) -> None:
    async def silence(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(5)
        writer.close()

    async def story() -> None:
        async with await asyncio.start_server(silence, HOST, 0) as server:
            port = server.sockets[0].getsockname()[1]
            assert "no answer within 0.1 s" in await tried(HttpProbe(HOST, port, "/", ()), tmp_path, timeout=0.1)

    run(story)


def test_an_exec_probe_passes_on_exit_code_zero(tmp_path: Path) -> None:
    def program(code: str) -> ExecProbe:
        return ExecProbe(Command("probe", (sys.executable, "-c", code), {}, tmp_path, tmp_path / "log"))

    async def story() -> None:
        assert await tried(program("pass"), tmp_path) == ""
        assert "exited with 4" in await tried(program("raise SystemExit(4)"), tmp_path)
        assert "no answer" in await tried(program("import time; time.sleep(60)"), tmp_path, 0.05)

    run(story)
