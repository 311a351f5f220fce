"""The supervisor's end of the control API."""

from __future__ import annotations

import logging
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Protocol

import grpc
import grpc.aio

from souk_mesh.control import methods
from souk_mesh.control.messages import (
    ApplyReply,
    ApplyRequest,
    DeleteRequest,
    Done,
    ForgetImageRequest,
    GetReply,
    GetRequest,
    LateReply,
    Message,
    NamedRequest,
    Nothing,
    ObserveReply,
    ObserveRequest,
    ProgressReply,
    RegisterImageRequest,
    ReplaceReply,
    ReplaceRequest,
    ScaleRequest,
    SplitReply,
    SplitRequest,
    StatusReply,
)
from souk_mesh.control.methods import Method, Reply, Request

log = logging.getLogger(__name__)

# An overlay's whole YAML travels in one message; gRPC's own limit of 4 MiB is little for a ConfigMap or two.
LARGEST_MESSAGE = 64 * 1024 * 1024


class Refusal(Exception):
    """An order that cannot be carried out; the text is for the person who gave it."""


class Outdated(Refusal):
    """An order about an object that somebody else has changed meanwhile: read it again."""


class Orders(Protocol):
    """What the supervisor can be asked to do."""

    async def apply(self, request: ApplyRequest) -> ApplyReply:
        """Makes the store hold these objects, or refuses them all."""

    async def status(self, _: Nothing, /) -> StatusReply:
        """Says what runs."""

    async def progress(self, _: Nothing, /) -> ProgressReply:
        """Says how far the mesh is from what its objects ask."""

    async def get(self, request: GetRequest) -> GetReply:
        """Shows objects."""

    async def replace(self, request: ReplaceRequest) -> ReplaceReply:
        """Puts a changed object in the place of the one that it was made from."""

    async def delete(self, request: DeleteRequest) -> Done:
        """Removes an object."""

    async def late(self, _: Nothing, /) -> LateReply:
        """Names the proxies that have not acknowledged what the store holds; does not wait."""

    async def register_image(self, request: RegisterImageRequest) -> Done:
        """Says that an image is another tree's program."""

    async def forget_image(self, request: ForgetImageRequest) -> Done:
        """Says that an image is this tree's program again."""

    def observe(self, request: ObserveRequest) -> AsyncIterator[ObserveReply]:
        """Lets proxies tell somebody of requests, for as long as the call lasts."""

    async def split(self, request: SplitRequest) -> SplitReply:
        """Changes the weights of a VirtualService and waits for every proxy."""

    async def restart(self, request: NamedRequest) -> Done:
        """Replaces the pods of a Deployment, one after the other."""

    async def scale(self, request: ScaleRequest) -> Done:
        """Changes the number of a Deployment's pods."""

    async def delete_pod(self, request: NamedRequest) -> Done:
        """Ends a pod; its Deployment makes another."""

    async def rotate(self, _: Nothing, /) -> Done:
        """Gives every pod a new certificate and waits for every proxy."""

    async def shut_down(self, _: Nothing, /) -> Done:
        """Ends all pods, and then the supervisor."""


async def serve(orders: Orders, socket: Path) -> grpc.aio.Server:
    """Starts to take orders on a unix socket that only its owner can use."""
    socket.unlink(missing_ok=True)
    server = grpc.aio.server(options=[("grpc.max_receive_message_length", LARGEST_MESSAGE)])
    handlers = dict(
        [
            _handler(methods.APPLY, orders.apply),
            _handler(methods.STATUS, orders.status),
            _handler(methods.PROGRESS, orders.progress),
            _handler(methods.GET, orders.get),
            _handler(methods.REPLACE, orders.replace),
            _handler(methods.DELETE, orders.delete),
            _handler(methods.LATE, orders.late),
            _handler(methods.REGISTER_IMAGE, orders.register_image),
            _handler(methods.FORGET_IMAGE, orders.forget_image),
            _lasting_handler(methods.OBSERVE, orders.observe),
            _handler(methods.SPLIT, orders.split),
            _handler(methods.RESTART, orders.restart),
            _handler(methods.SCALE, orders.scale),
            _handler(methods.DELETE_POD, orders.delete_pod),
            _handler(methods.ROTATE, orders.rotate),
            _handler(methods.SHUT_DOWN, orders.shut_down),
        ]
    )
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(methods.SERVICE, handlers),))
    before = os.umask(0o177)
    try:
        server.add_insecure_port(f"unix:{socket}")
        await server.start()
    finally:
        os.umask(before)
    return server


def _handler(
    method: Method[Request, Reply], order: Callable[[Request], Awaitable[Reply]]
) -> tuple[str, grpc.RpcMethodHandler[Message, Message]]:
    async def handle(request: Request, context: grpc.aio.ServicerContext[Request, Reply]) -> Reply:
        try:
            return await order(request)
        except Exception as error:
            await context.abort(*_ended(method.name, error))
        raise AssertionError("abort raises")

    return method.name, grpc.unary_unary_rpc_method_handler(
        handle,
        request_deserializer=method.request.model_validate_json,
        response_serializer=_to_json,
    )


def _lasting_handler(
    method: Method[Request, Reply], order: Callable[[Request], AsyncIterator[Reply]]
) -> tuple[str, grpc.RpcMethodHandler[Message, Message]]:
    async def handle(request: Request, context: grpc.aio.ServicerContext[Request, Reply]) -> AsyncIterator[Reply]:
        try:
            async for reply in order(request):
                yield reply
        except Exception as error:
            await context.abort(*_ended(method.name, error))

    return method.name, grpc.unary_stream_rpc_method_handler(
        handle,
        request_deserializer=method.request.model_validate_json,
        response_serializer=_to_json,
    )


def _ended(name: str, error: Exception) -> tuple[grpc.StatusCode, str]:
    match error:
        case Outdated():
            return grpc.StatusCode.ABORTED, str(error)
        case Refusal():
            return grpc.StatusCode.FAILED_PRECONDITION, str(error)
    log.error("%s failed", name, exc_info=error)
    return grpc.StatusCode.INTERNAL, f"{type(error).__name__}: {error}"


def _to_json(message: Message) -> bytes:
    return message.model_dump_json().encode()
