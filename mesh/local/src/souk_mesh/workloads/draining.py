"""Lets a gateway's Envoy finish what it has begun, while its successor takes what is new."""

from __future__ import annotations

import asyncio
import contextlib
import re

_ACTIVE = re.compile(rb"http\.(?!admin)[^:]*downstream_rq_active: (\d+)")
# Envoy closes its listeners when its drain time (5 s) is over; requests that it took until then must still end.
LISTENERS_CLOSED_AFTER = 5.0
LOOK_EVERY = 0.1


async def drain(host: str, admin_port: int, limit: float) -> None:
    """Returns when the proxy serves nobody any more, or after `limit` seconds."""
    with contextlib.suppress(TimeoutError, OSError):
        async with asyncio.timeout(limit):
            await _ask(host, admin_port, "POST", "/drain_listeners?graceful")
            await asyncio.sleep(LISTENERS_CLOSED_AFTER)
            while await _active(host, admin_port):
                await asyncio.sleep(LOOK_EVERY)


async def _active(host: str, port: int) -> int:
    stats = await _ask(host, port, "GET", "/stats?filter=downstream_rq_active")
    return sum(int(number) for number in _ACTIVE.findall(stats))


async def _ask(host: str, port: int, method: str, path: str) -> bytes:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(
            f"{method} {path} HTTP/1.1\r\nHost: admin\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()
        )
        return await reader.read()
    finally:
        writer.close()
