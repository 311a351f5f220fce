"""Runs inside a pod of a cluster: leads connections on to hosts as the pod itself calls them.

Started by `python -c`, so it is one file and imports nothing of ours. Prints a port of 127.0.0.1 for each host that it
was given, and ends when nobody holds the other end of its input any more.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from contextlib import suppress
from functools import partial


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    # Closed, never reset: kubectl gives up a forwarded port whose connection breaks.
    writer.close()


async def _relay(target: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    host, _, port = target.rpartition(":")
    try:
        onward = await asyncio.open_connection(host, int(port))
    except OSError:
        writer.close()
        return
    await asyncio.gather(_copy(reader, onward[1]), _copy(onward[0], writer))


async def main(targets: Sequence[str]) -> None:
    """Listens until the input ends."""
    for target in targets:
        server = await asyncio.start_server(partial(_relay, target), "127.0.0.1", 0)
        print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
