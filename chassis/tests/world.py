"""What the tests share: a tiny service, whose answers each test gives."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

import grpc
from souk_chassis.server import Server


class Request(Protocol):
    """A `SayRequest`; its class is there only once the tests have compiled it."""

    text: str
    request_id: str


Reply: TypeAlias = object
"""A `SayResponse`."""


@dataclass(frozen=True)
class EchoModules:
    """What protoc generates."""

    pb2: Any
    grpc: Any


@dataclass
class Echo:
    """A servicer whose answers the test gives."""

    say: Callable[[Request, grpc.ServicerContext], Reply]
    count: Callable[[Request, grpc.ServicerContext], Iterator[Reply]]
    said: list[Request] = field(default_factory=list)

    def Say(self, request: Request, context: grpc.ServicerContext) -> Reply:
        self.said.append(request)
        return self.say(request, context)

    def Count(self, request: Request, context: grpc.ServicerContext) -> Iterator[Reply]:
        return self.count(request, context)


@dataclass(frozen=True)
class Running:
    """A server with the servicer behind it, and a stub for it."""

    server: Server
    stub: Any
    raw: grpc.Channel
    echo: Echo


Serve = Callable[..., AbstractContextManager[Running]]
"""Starts a server: `with serve(say=…, workers=1) as running`."""
