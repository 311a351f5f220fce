"""Sends requests over connections that stay open, and says how each ended."""

from __future__ import annotations

from types import TracebackType

import grpc
import grpc.aio
import httpx
from souk_mesh.control.messages import StatusReply

from souk_canary.load.addresses import address, url
from souk_canary.load.messages import Messages
from souk_canary.load.requests import Rest, Rpc

# Longer than any promise of the shop, so that it is the mesh or the service who gives up.
PATIENCE = 10.0


class Sender:
    """The connections of one generator. Use it in one event loop."""

    def __init__(self, status: StatusReply, messages: Messages) -> None:
        self._status = status
        self._messages = messages
        self._channels: dict[str, grpc.aio.Channel] = {}
        self._http = httpx.AsyncClient(timeout=PATIENCE, limits=httpx.Limits(max_connections=256))

    async def __aenter__(self) -> Sender:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()
        for channel in self._channels.values():
            await channel.close()

    async def send(self, request: Rpc | Rest) -> str:
        """Sends a request; returns how it ended: a gRPC code's name, `HTTP 200`, or `no answer`.

        Raises:
            NoWay: it can't be sent as it is described.
            UnknownMethod: the protos know no such method or field.
        """
        return await self._call(request) if isinstance(request, Rpc) else await self._ask(request)

    async def _call(self, call: Rpc) -> str:
        written = self._messages.written(call.rpc, call.message)
        place = address(self._status, call)
        if place not in self._channels:
            options = [("grpc.enable_http_proxy", 0)]
            self._channels[place] = grpc.aio.insecure_channel(place, options=options)
        method: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = self._channels[place].unary_unary(f"/{call.rpc}")
        try:
            await method(written, timeout=PATIENCE)
        except grpc.aio.AioRpcError as error:
            return error.code().name
        return grpc.StatusCode.OK.name

    async def _ask(self, request: Rest) -> str:
        place = url(self._status, request) + request.path
        try:
            answer = await self._http.request(
                request.method, place, headers=dict(request.headers), json=request.body if request.body else None
            )
        except httpx.HTTPError:
            return "no answer"
        return f"HTTP {answer.status_code}"
