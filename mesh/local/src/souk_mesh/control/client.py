"""The command's end of the control API."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Generic, Protocol, TypeVar

import grpc

from souk_mesh.control.methods import Method, Reply, Request

# Longer than the slowest order, a shutdown with everybody's full grace.
PATIENCE = 120.0


Answer_co = TypeVar("Answer_co", covariant=True)


class ControlError(Exception):
    """The supervisor refused an order or did not answer; the text is for the person who gave it."""


class Outdated(ControlError):
    """Somebody else has changed the object meanwhile: read it again."""


class Unanswered(ControlError):
    """The supervisor did not answer: whether it did what it was asked is unknown."""


class ControlClient:
    """Gives orders to the supervisor behind a unix socket."""

    def __init__(self, socket: Path, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._channel = grpc.insecure_channel(
            f"unix:{socket}", options=[("grpc.max_receive_message_length", -1), ("grpc.enable_http_proxy", 0)]
        )

    def __enter__(self) -> ControlClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._channel.close()

    def ask(self, method: Method[Request, Reply], request: Request) -> Reply:
        """Gives one order and returns the answer.

        Raises:
            ControlError: it was refused; Outdated and Unanswered say more.
        """
        call: grpc.UnaryUnaryMultiCallable[Request, Reply] = self._channel.unary_unary(
            method.path,
            request_serializer=lambda message: message.model_dump_json().encode(),
            response_deserializer=method.reply.model_validate_json,
        )
        try:
            reply: Reply = call(request, timeout=self._patience)
        except grpc.RpcError as error:
            raise _said(error) from error
        return reply

    def hold(self, method: Method[Request, Reply], request: Request) -> Held[Reply]:
        """Gives an order that lasts until it is ended; returns when it is carried out.

        Raises:
            ControlError: it was refused.
        """
        call: grpc.UnaryStreamMultiCallable[Request, Reply] = self._channel.unary_stream(
            method.path,
            request_serializer=lambda message: message.model_dump_json().encode(),
            response_deserializer=method.reply.model_validate_json,
        )
        return Held(call(request))


class _Lasting(Protocol[Answer_co]):
    """What grpcio's types lack a name for: the call of a method that goes on answering."""

    def __next__(self) -> Answer_co: ...
    def is_active(self) -> bool: ...
    def cancel(self) -> bool: ...


class Held(Generic[Reply]):
    """An order that lasts: until it is ended, or the supervisor ends."""

    def __init__(self, call: _Lasting[Reply]) -> None:
        self._call = call
        try:
            self.reply = next(call)
        except grpc.RpcError as error:
            raise _said(error) from error

    @property
    def holds(self) -> bool:
        """Whether it is still carried out."""
        return self._call.is_active()

    def end(self) -> None:
        """Ends it."""
        self._call.cancel()


def _said(error: grpc.RpcError) -> ControlError:
    assert isinstance(error, grpc.Call), "what a call raises tells how it ended"
    match error.code():
        case grpc.StatusCode.FAILED_PRECONDITION:
            return ControlError(error.details() or "refused")
        case grpc.StatusCode.ABORTED:
            return Outdated(error.details() or "changed meanwhile")
        case grpc.StatusCode.UNAVAILABLE | grpc.StatusCode.DEADLINE_EXCEEDED:
            return Unanswered(
                "the supervisor does not answer\n  is it running? `souk up` starts it; supervisor.log says more"
            )
    return ControlError(f"the supervisor failed: {error.details()}\n  supervisor.log in the state folder says more")
