"""What HTTP wants to know of an answer beside its body, sent as initial metadata: `etag`, `cache-control`, next page.

It is sent once the answer is there: an error stays one frame of trailers, of which a gateway can make a status. Who
comes by gRPC isn't told: the messages say it too, and metadata of its own costs a third of what a small call takes.
"""

from collections.abc import Callable
from contextlib import suppress
from functools import cache
from typing import Any, TypeVar

import grpc
from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message

Unary = Callable[[Any, grpc.ServicerContext], Any]
Read = TypeVar("Read", bound=Callable[..., object])
_CACHE_CONTROL = "cache_control"
_BY_HTTP = "x-envoy-original-path"
"""What the gateway's transcoder adds to each call that it makes of a REST request."""


def cacheable(cache_control: str) -> Callable[[Read], Read]:
    """Marks a servicer's method whose answers may be kept: `@cacheable("public, max-age=5")`."""

    def marked(handler: Read) -> Read:
        setattr(handler, _CACHE_CONTROL, cache_control)
        return handler

    return marked


def with_headers(handler: Unary) -> Unary:
    """The handler, whose answers carry `etag`, `next-page-token` and `cache-control` where they have them."""
    always: tuple[tuple[str, str], ...] = ()
    if said := getattr(handler, _CACHE_CONTROL, ""):
        always = (("cache-control", said),)

    def answer(request: Message, context: grpc.ServicerContext) -> object:
        answered = handler(request, context)
        if not any(key == _BY_HTTP for key, _ in context.invocation_metadata()):
            return answered
        headers = always
        for field, header in _told(answered.DESCRIPTOR):
            if value := getattr(answered, field):
                headers = (*headers, (header, _quoted(value) if header == "etag" else value))
        if headers:
            # Raises if the caller has left, which is no failure of ours.
            with suppress(grpc.RpcError):
                context.send_initial_metadata(headers)
        return answered

    return answer


@cache
def _told(answer: Descriptor) -> tuple[tuple[str, str], ...]:
    wanted = (("etag", "etag"), ("next_page_token", "next-page-token"))
    return tuple((field, header) for field, header in wanted if field in answer.fields_by_name)


def _quoted(etag: str) -> str:
    return etag if etag.endswith('"') else f'"{etag}"'
