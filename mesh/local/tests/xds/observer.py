"""Somebody who observes requests: Envoy's access log service on a unix socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import grpc
from envoy.data.accesslog.v3.accesslog_pb2 import HTTPAccessLogEntry
from envoy.service.accesslog.v3 import als_pb2, als_pb2_grpc


@dataclass
class Told:
    """What proxies told, by their pods' names."""

    entries: list[tuple[str, HTTPAccessLogEntry]] = field(default_factory=list)

    async def until(self, enough: Callable[[list[tuple[str, HTTPAccessLogEntry]]], object]) -> None:
        async with asyncio.timeout(10):
            while not enough(self.entries):
                await asyncio.sleep(0.01)

    def by(self, pod: str) -> list[HTTPAccessLogEntry]:
        return [entry for name, entry in self.entries if name == pod]


class _Service(als_pb2_grpc.AccessLogServiceServicer):  # type: ignore[misc]
    def __init__(self, told: Told) -> None:
        self._told = told

    async def StreamAccessLogs(
        self, messages: AsyncIterator[als_pb2.StreamAccessLogsMessage], context: object
    ) -> als_pb2.StreamAccessLogsResponse:
        pod = ""
        async for message in messages:
            pod = message.identifier.node.id.split("~")[2].partition(".")[0] if message.identifier.node.id else pod
            self._told.entries.extend((pod, entry) for entry in message.http_logs.log_entry)
        return als_pb2.StreamAccessLogsResponse()


@asynccontextmanager
async def observer(socket: Path) -> AsyncIterator[Told]:
    told = Told()
    server = grpc.aio.server()
    als_pb2_grpc.add_AccessLogServiceServicer_to_server(_Service(told), server)
    server.add_insecure_port(f"unix:{socket}")
    await server.start()
    try:
        yield told
    finally:
        await server.stop(0)
        socket.unlink(missing_ok=True)
