"""What stands around every handler, as layers: each is a function with one subject, or a context manager.

A layer is entered before the handler runs and left when its answer is complete, be that one message or a stream:
it need not know which of the two it stands around.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import grpc
from google.protobuf.message import Message

from souk_chassis.answer_headers import with_headers


class Call(NamedTuple):
    """One call as a layer sees it."""

    service: str
    method: str
    streaming: bool
    request: Message
    context: grpc.ServicerContext


@dataclass(frozen=True, slots=True)
class Malformed:
    """Stands in for a request whose bytes are no message of its type."""

    message_error: str


class Afterwards(AbstractContextManager[None]):
    """What a layer has to do when the call has ended, however it did; a third of what a generator for it costs."""

    __slots__ = ("_do",)

    def __init__(self, do: Callable[[], object]) -> None:
        self._do = do

    def __exit__(self, *_: object) -> None:
        self._do()


Layer = Callable[[Call], AbstractContextManager[None] | None]
"""What it returns is left when the call ends; None if the layer has no more to do then."""
Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"


class Layers(grpc.ServerInterceptor):
    """Puts layers around every handler, the first outermost. Methods that take a stream of requests go without."""

    def __init__(self, layers: Sequence[Layer]) -> None:
        self._layers = tuple(layers)
        self._wrapped: dict[str, Handler] = {}

    def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Handler | None],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler | None:
        """Finds the handler and wraps it, once per method."""
        path = handler_call_details.method
        if path not in self._wrapped:
            handler = continuation(handler_call_details)
            if handler is None or handler.request_streaming:
                return handler
            self._wrapped[path] = self._wrap(path, handler)
        return self._wrapped[path]

    def _wrap(self, path: str, handler: Handler) -> Handler:
        service, _, method = path.lstrip("/").partition("/")
        layers, streaming = self._layers, handler.response_streaming
        behaviour = handler.unary_stream if streaming else handler.unary_unary and with_headers(handler.unary_unary)
        parse = handler.request_deserializer
        if behaviour is None or parse is None:
            raise TypeError(f"{path} is not registered by generated code: it has no handler or no parser")

        inside = _nested(layers, behaviour)

        def answer(request: Message, context: grpc.ServicerContext) -> object:
            return inside(Call(service, method, streaming, request, context))

        def stream(request: Message, context: grpc.ServicerContext) -> Iterator[object]:
            call = Call(service, method, streaming, request, context)
            with ExitStack() as stack:
                for layer in layers:
                    if (around := layer(call)) is not None:
                        stack.enter_context(around)
                yield from behaviour(request, context)

        if streaming:
            return grpc.unary_stream_rpc_method_handler(stream, _lenient(parse), handler.response_serializer)
        return grpc.unary_unary_rpc_method_handler(answer, _lenient(parse), handler.response_serializer)


def _nested(layers: Sequence[Layer], behaviour: Callable[..., object]) -> Callable[[Call], object]:
    """The handler with the layers around it, one inside the other: half as dear as an ExitStack, at each call."""

    def around(layer: Layer, inner: Callable[[Call], object]) -> Callable[[Call], object]:
        def entered(call: Call) -> object:
            if (stands := layer(call)) is None:
                return inner(call)
            with stands:
                return inner(call)

        return entered

    def handled(call: Call) -> object:
        return behaviour(call.request, call.context)

    inside: Callable[[Call], object] = handled
    for layer in reversed(layers):
        inside = around(layer, inside)
    return inside


def _lenient(parse: Callable[[bytes], Any]) -> Callable[[bytes], Any]:
    # grpc answers INTERNAL when parsing raises; handing the failure on lets a layer say INVALID_ARGUMENT.
    # It includes the recursion bomb, whose depth passes a proxy and not the parser.
    def parsed(data: bytes) -> Message | Malformed:
        try:
            message: Message = parse(data)
        except Exception as error:  # whatever the parser raises, the bytes are at fault
            return Malformed(str(error))
        return message

    return parsed
