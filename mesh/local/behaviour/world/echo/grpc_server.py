"""gRPC without protos: bodies are JSON; a method `Stream` answers with a stream, any other with a message."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import grpc

from echo.answering import ASKED, Answer, Answerer, Asked

MOST_AT_ONCE = 64


def grpc_server(place: str, answerer: Answerer) -> grpc.Server:
    """Listens for every method of every service."""
    server = grpc.server(ThreadPoolExecutor(MOST_AT_ONCE), options=[("grpc.so_reuseport", 0)])
    server.add_generic_rpc_handlers((_Everything(answerer),))
    server.add_insecure_port(place)
    return server


class _Everything(grpc.GenericRpcHandler):
    def __init__(self, answerer: Answerer) -> None:
        self._answerer = answerer

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[bytes, bytes]:
        method = handler_call_details.method

        def say(_: bytes, context: grpc.ServicerContext) -> bytes:
            return self._answer(method, context)[1].body

        def stream(_: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
            asked, first = self._answer(method, context)
            yield from (first.body for _ in range(asked.messages))

        if method.endswith("/Stream"):
            return _streaming(stream)
        return _unary(say)

    def _answer(self, method: str, context: grpc.ServicerContext) -> tuple[Asked, Answer]:
        headers = {key: str(value) for key, value in context.invocation_metadata() or ()}
        asked = Asked.read(headers.pop(ASKED, ""))
        seen = {"protocol": "HTTP/2", "method": "POST", "path": method, "headers": headers}
        answer = self._answerer.answer(asked, seen)
        if answer.fails:
            # Before any message: so the code is in the headers, where proxies see it.
            context.abort(grpc.StatusCode[answer.fails], "as asked")
        if answer.headers:
            context.send_initial_metadata(tuple(answer.headers.items()))
        return asked, answer


def _unary(handler: Callable[[bytes, grpc.ServicerContext], bytes]) -> grpc.RpcMethodHandler[bytes, bytes]:
    made: grpc.RpcMethodHandler[bytes, bytes] = grpc.unary_unary_rpc_method_handler(handler)
    return made


def _streaming(
    handler: Callable[[bytes, grpc.ServicerContext], Iterator[bytes]],
) -> grpc.RpcMethodHandler[bytes, bytes]:
    made: grpc.RpcMethodHandler[bytes, bytes] = grpc.unary_stream_rpc_method_handler(handler)
    return made
