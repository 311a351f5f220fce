"""Bounds how many calls and how many streams run at once; one more is refused at once instead of waiting."""

from datetime import timedelta
from threading import BoundedSemaphore

import grpc

from souk_chassis.errors import Refused
from souk_chassis.layers import Afterwards, Call, Layer

# A call is over within milliseconds; HTTP's Retry-After knows no less than a second.
_RETRY_AFTER = timedelta(seconds=1)


def bulkhead(calls: int, streams: int) -> Layer:
    """A layer with a bound for calls and another for streams, since a stream holds its thread for long."""
    free_calls, free_streams = BoundedSemaphore(calls), BoundedSemaphore(streams)

    def bounded(call: Call) -> Afterwards:
        free, limit, what = (free_streams, streams, "streams") if call.streaming else (free_calls, calls, "calls")
        if not free.acquire(blocking=False):
            raise Refused(
                "OVERLOADED",
                f"{limit} {what} are running already",
                code=grpc.StatusCode.RESOURCE_EXHAUSTED,
                retry_after=_RETRY_AFTER,
            )
        return Afterwards(free.release)

    return bounded
