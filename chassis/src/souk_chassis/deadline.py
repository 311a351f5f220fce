"""How much time the current call has left."""

import time
from contextvars import ContextVar

import grpc

from souk_chassis.errors import Refused
from souk_chassis.layers import Call

# A caller that names no deadline gets this one: no call may go on for ever.
DEFAULT_SECONDS = 10.0

# The callee must answer before our own caller gives up: keep 20 ms for the way back (two hops on a loaded node, p99).
RETURN_MARGIN_SECONDS = 0.02

# What grpcio reports for a call without a deadline is not None, as documented, but some hundred billion years.
_FOR_EVER_SECONDS = 365 * 24 * 3600.0

_ends_at: ContextVar[float | None] = ContextVar("deadline", default=None)


def remaining() -> float | None:
    """Seconds left of the current call, at least 0; None outside of a call and in a stream without a deadline."""
    ends_at = _ends_at.get()
    return None if ends_at is None else max(0.0, ends_at - time.monotonic())


def budget(asked: float | None) -> float:
    """Seconds to give to a callee: what is asked for, but no more than is left less the margin for the way back."""
    left = remaining()
    if left is None:
        return DEFAULT_SECONDS if asked is None else asked
    left = max(0.0, left - RETURN_MARGIN_SECONDS)
    return _on_the_wire(left if asked is None else min(asked, left))


def _on_the_wire(seconds: float) -> float:
    # gRPC rounds a deadline up to steps of 1 ms below a second, 10 ms below 10 s, 100 ms below 100 s: the margin
    # would be lost in it. So round down to the same steps.
    step = 1 if seconds < 1 else 10 if seconds < 10 else 100 if seconds < 100 else 1000
    return int(seconds * 1000) // step * step / 1000


def deadline(call: Call) -> None:
    """Lets the handler know its deadline, and doesn't start what can no longer be answered in time."""
    left: float | None = call.context.time_remaining()
    if left is not None and left > _FOR_EVER_SECONDS:
        left = None
    if left is None and not call.streaming:
        left = DEFAULT_SECONDS
    if left is not None and left <= 0:
        raise Refused("DEADLINE_EXCEEDED", "no time left to start", code=grpc.StatusCode.DEADLINE_EXCEEDED)
    if not call.context.is_active():
        # After a pause of this process, calls come in whose deadline, counted from now, seems far away.
        raise Refused("CALLER_GONE", "nobody waits for the answer any more", code=grpc.StatusCode.CANCELLED)
    if left is not None:
        # Never reset: each call runs in a context of its own.
        _ends_at.set(time.monotonic() + left)
