"""The command's end of the control API."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

import grpc

from souk_mesh.control.methods import Method, Reply, Request

# Longer than the slowest order, a shutdown with everybody's full grace.
PATIENCE = 120.0


class ControlError(Exception):
    """The supervisor refused an order or did not answer; the text is for the person who gave it."""


class Outdated(ControlError):
    """Somebody else has changed the object meanwhile: read it again."""


class Unanswered(ControlError):
    """The supervisor did not answer: whether it did what it was asked is unknown."""


class ControlClient:
    """Gives orders to the supervisor behind a unix socket."""

    def __init__(self, socket: Path) -> None:
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
            reply: Reply = call(request, timeout=PATIENCE)
        except grpc.RpcError as error:
            raise _said(error) from error
        return reply


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
