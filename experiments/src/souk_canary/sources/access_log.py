"""The access logs of a local mesh: every attempt at both versions, as the proxies at its ends saw it."""

from __future__ import annotations

import asyncio
import secrets
import threading
import time
from collections.abc import AsyncIterator, Callable, Set
from pathlib import Path

import grpc.aio
from envoy.service.accesslog.v3 import als_pb2, als_pb2_grpc
from souk_mesh.control import methods
from souk_mesh.control.client import ControlClient, ControlError, Held
from souk_mesh.control.messages import ObserveReply, ObserveRequest
from souk_mesh.state import StateDir

from souk_canary.sources import Counts, SourceError, endings
from souk_canary.sources.attempts import Attempt, Teller, Versions, attempt
from souk_canary.sources.tally import Tally

BOUNDS = tuple(float(f"{10 ** (exponent / 8):.3g}") for exponent in range(-24, 9))
"""Eight to each power of ten, from 1 ms to 10 s; Istio's metrics have two or three."""

# Proxies end their streams when they are told that nobody observes; this is for those that are late.
GRACE = 0.2


class AccessLog:
    """Counts what the proxies of a mesh tell. The mesh lets one observe at a time."""

    def __init__(
        self,
        state: StateDir,
        versions: Versions,
        *,
        baseline: str,
        candidate: str,
        bad: Set[str] = endings.BLAMING,
        bounds: tuple[float, ...] = BOUNDS,
    ) -> None:
        self._versions = versions
        self._names = (baseline, candidate)
        self._bounds = bounds
        self._lock = threading.Lock()
        self._tallies = {name: Tally(bounds, bad) for name in self._names}
        # Short: a unix socket's path may have 107 characters, and the folder's has up to 94.
        self._socket = state.runtime / f"{secrets.token_hex(4)}.als"
        self._client = ControlClient(state.control_socket)
        self._listener = _Listener(self._socket, self._told)
        self._held: Held[ObserveReply] | None = None

    @property
    def bounds(self) -> tuple[float, ...]:
        """The latencies in seconds that attempts are compared with."""
        return self._bounds

    def start(self) -> None:
        """Begins to listen, and has the proxies tell."""
        try:
            self._listener.start()
            self._observe()
        except (ControlError, OSError, RuntimeError) as error:
            self.close()
            raise SourceError(f"the mesh's requests can't be observed: {error}") from error

    def take(self) -> Counts:
        """What the proxies told since it was asked last, up to a quarter of a second ago."""
        if self._held is None or not self._held.holds:
            self._observe_again()
        now = time.monotonic()
        with self._lock:
            baseline, candidate = (self._tallies[name].take(now) for name in self._names)
        return Counts(baseline, candidate)

    def close(self) -> None:
        """Has the proxies tell no more, and removes the socket."""
        if self._held is not None:
            self._held.end()
            self._held = None
        self._listener.stop()
        self._client.__exit__(None, None, None)

    def _observe(self) -> None:
        self._held = self._client.hold(methods.OBSERVE, ObserveRequest(socket=str(self._socket)))

    def _observe_again(self) -> None:
        """What happened meanwhile is not known, so there is nothing to take, whether this succeeds or not."""
        try:
            self._observe()
        except ControlError as error:
            raise SourceError(f"the mesh tells nothing of its requests any more: {error}") from error
        now = time.monotonic()
        with self._lock:
            for tally in self._tallies.values():
                tally.take(now)
        raise SourceError("the mesh told nothing of its requests for a while: it was asked again")

    def _told(self, teller: Teller, message: als_pb2.StreamAccessLogsMessage) -> None:
        found = (attempt(self._versions, teller, entry) for entry in message.http_logs.log_entry)
        now = time.monotonic()
        with self._lock:
            for each in found:
                if isinstance(each, Attempt) and each.subset in self._tallies:
                    self._tallies[each.subset].add(each, now)


class _Listener:
    """Envoy's access log service on a unix socket, in a thread of its own: each proxy holds a stream."""

    def __init__(self, socket: Path, told: Callable[[Teller, als_pb2.StreamAccessLogsMessage], None]) -> None:
        self._socket = socket
        self._told = told
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="access log", daemon=True)
        self._server: grpc.aio.Server | None = None

    def start(self) -> None:
        self._socket.unlink(missing_ok=True)
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._serve(), self._loop).result()

    def stop(self) -> None:
        if self._thread.is_alive():
            asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
        self._loop.close()
        self._socket.unlink(missing_ok=True)

    async def _end(self) -> None:
        if self._server is not None:
            await self._server.stop(GRACE)
        # What a late proxy's stream leaves would be found, and complained about, when the loop is gone.
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    async def _serve(self) -> None:
        self._server = grpc.aio.server()
        als_pb2_grpc.add_AccessLogServiceServicer_to_server(_Service(self._told), self._server)
        self._server.add_insecure_port(f"unix:{self._socket}")
        await self._server.start()
        self._socket.chmod(0o600)


class _Service(als_pb2_grpc.AccessLogServiceServicer):  # type: ignore[misc]
    def __init__(self, told: Callable[[Teller, als_pb2.StreamAccessLogsMessage], None]) -> None:
        self._told = told

    async def StreamAccessLogs(
        self, messages: AsyncIterator[als_pb2.StreamAccessLogsMessage], _: object
    ) -> als_pb2.StreamAccessLogsResponse:
        teller: Teller | None = None
        async for message in messages:
            # A proxy says who it is in the first message of a stream, and never again.
            if message.HasField("identifier"):
                teller = Teller.of(message.identifier.node)
            if teller is not None:
                self._told(teller, message)
        return als_pb2.StreamAccessLogsResponse()
