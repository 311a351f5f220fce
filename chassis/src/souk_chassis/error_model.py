"""Turns what a handler raises into an answer. The text of an unexpected exception never leaves the process."""

from collections.abc import Iterator
from contextlib import contextmanager
from math import ceil
from typing import NoReturn

import grpc
import structlog
from grpc_status import rpc_status
from opentelemetry import trace

from souk_chassis.errors import Refused, refusal, to_status
from souk_chassis.layers import Call
from souk_chassis.tracing import STATUS

_log = structlog.get_logger(__name__)

# A peer that could not answer makes this call fail in the same way; any other refusal of it, a handler has to expect.
_PASSED_ON = {
    grpc.StatusCode.DEADLINE_EXCEEDED: Refused(
        "DEADLINE_EXCEEDED", "a service behind this one did not answer in time", code=grpc.StatusCode.DEADLINE_EXCEEDED
    ),
    grpc.StatusCode.UNAVAILABLE: Refused(
        "PEER_UNAVAILABLE", "a service behind this one is not available", code=grpc.StatusCode.UNAVAILABLE
    ),
    grpc.StatusCode.RESOURCE_EXHAUSTED: Refused(
        "PEER_UNAVAILABLE", "a service behind this one is overloaded", code=grpc.StatusCode.UNAVAILABLE
    ),
}
_INTERNAL = Refused("INTERNAL", "internal error", code=grpc.StatusCode.INTERNAL)


@contextmanager
def error_model(call: Call) -> Iterator[None]:
    """Answers `Refused` as it is, a peer's failure as one of our own, and everything else as INTERNAL."""
    try:
        yield
    except Refused as refused:
        _abort(call, refused)
    except grpc.RpcError as error:
        peer = refusal(error)
        _log.warning("peer failed", code=peer.code.name, reason=peer.reason, message=peer.message)
        _abort(call, _PASSED_ON.get(peer.code, _INTERNAL))
    except Exception as error:
        _log.exception("handler failed")
        trace.get_current_span().record_exception(error)
        _abort(call, _INTERNAL)


def _abort(call: Call, refused: Refused) -> NoReturn:
    number, _ = refused.code.value
    span = trace.get_current_span()
    span.set_attribute(STATUS, number)
    span.set_attribute("error.type", refused.reason)
    if refused.code in (grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN, grpc.StatusCode.UNAVAILABLE):
        span.set_status(trace.StatusCode.ERROR, refused.reason)
    status = rpc_status.to_status(to_status(refused))
    kept = tuple(call.context.trailing_metadata() or ())
    if refused.retry_after is not None:
        # RetryInfo once more, for those who read headers: whole seconds, and not too early.
        kept = (*kept, ("retry-after", str(ceil(refused.retry_after.total_seconds()))))
    call.context.abort_with_status(_Status(status.code, status.details, (*status.trailing_metadata, *kept)))


class _Status(grpc.Status):
    def __init__(
        self, code: grpc.StatusCode, details: str, trailing_metadata: tuple[tuple[str, str | bytes], ...]
    ) -> None:
        self.code = code
        self.details = details
        self.trailing_metadata = trailing_metadata
