"""Leads to an ingress that speaks HTTPS alone: tests speak HTTP, and what they say is encrypted on its way.

Who speaks HTTPS already, as a browser does that was sent there by a redirect, is led on as he is.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from threading import Event, Thread

# How a connection in HTTP/2 begins, whatever is asked on it, and one in TLS: with a handshake.
HTTP2 = b"PRI "
TLS = b"\x16"
CHUNK = 65536


@dataclass(frozen=True)
class Edge:
    """Where an ingress listens for HTTPS, and by what it is known."""

    host: str
    port: int
    name: str
    certificate: str
    """In PEM: its own, or that of who signed it."""


@contextmanager
def encrypted(edge: Edge) -> Iterator[str]:
    """An address on this machine, `host:port`, at which the ingress is spoken to in plain HTTP/1.1 or HTTP/2."""
    relay = _Relay(edge)
    relay.start()
    try:
        relay.listening.wait()
        yield relay.address
    finally:
        relay.loop.call_soon_threadsafe(relay.over.set)
        relay.join()


class _Relay(Thread):
    def __init__(self, edge: Edge) -> None:
        super().__init__(name="edge")
        self.loop = asyncio.new_event_loop()
        self.listening = Event()
        self.over = asyncio.Event()
        self.address = ""
        self._edge = edge
        self._contexts: Mapping[str, ssl.SSLContext] = {each: _context(edge, each) for each in ("h2", "http/1.1")}

    def run(self) -> None:
        with closing(self.loop):
            self.loop.run_until_complete(self._listen())

    async def _listen(self) -> None:
        server = await asyncio.start_server(self._lead, "127.0.0.1", 0)
        self.address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        self.listening.set()
        await self.over.wait()
        server.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()

    async def _lead(self, inward: asyncio.StreamReader, answers: asyncio.StreamWriter) -> None:
        try:
            first = await inward.read(CHUNK)
            outward, asked = await self._opened(first)
            asked.write(first)
            await asyncio.gather(_copy(inward, asked), _copy(outward, answers))
        except OSError as error:  # as a connection that breaks: what the client is told by its own socket
            print(f"the connection to {self._edge.host}:{self._edge.port} ended: {error}", flush=True)
        finally:
            answers.close()

    async def _opened(self, first: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        host, port = self._edge.host, self._edge.port
        if first.startswith(TLS):
            return await asyncio.open_connection(host, port)
        context = self._contexts["h2" if first.startswith(HTTP2) else "http/1.1"]
        return await asyncio.open_connection(host, port, ssl=context, server_hostname=self._edge.name)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while said := await reader.read(CHUNK):
            writer.write(said)
            await writer.drain()
    finally:
        writer.close()


def _context(edge: Edge, protocol: str) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=edge.certificate)
    context.set_alpn_protocols([protocol])
    return context
