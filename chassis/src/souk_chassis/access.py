"""One log line and one observation per call."""

import time
from functools import cache

import grpc
import structlog
from prometheus_client import CollectorRegistry, Counter, Histogram

from souk_chassis.layers import Afterwards, Call, Layer

# From a read that hits memory to the longest default deadline.
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_SERVER_AT_FAULT = {"INTERNAL", "UNKNOWN", "DATA_LOSS"}
_log = structlog.get_logger(__name__)


def access(registry: CollectorRegistry) -> Layer:
    """A layer that logs and counts each call under its final status, with the metric names that gRPC's users know."""
    labels = ("grpc_type", "grpc_service", "grpc_method")
    started = Counter("grpc_server_started_total", "Calls begun", labels, registry=registry)
    handled = Counter("grpc_server_handled_total", "Calls answered", (*labels, "grpc_code"), registry=registry)
    seconds = Histogram("grpc_server_handling_seconds", "Time to answer", labels, buckets=_BUCKETS, registry=registry)

    # To find a series by its labels takes a lock and a check of each label; there are few series, and many calls.
    started_of, handled_of, seconds_of = cache(started.labels), cache(handled.labels), cache(seconds.labels)

    log = _log.bind()  # once: the lazy one puts itself together anew for each line

    def observed(call: Call) -> Afterwards:
        which = ("server_stream" if call.streaming else "unary", call.service, call.method)
        started_of(*which).inc()
        begin = time.perf_counter()

        def note() -> None:
            took = time.perf_counter() - begin
            code = final_code(call.context)
            handled_of(*which, code).inc()
            seconds_of(*which).observe(took)
            say = log.error if code in _SERVER_AT_FAULT else log.info
            say("call", rpc=f"{call.service}/{call.method}", code=code, duration_ms=round(took * 1000, 3))

        return Afterwards(note)

    return observed


def final_code(context: grpc.ServicerContext) -> str:
    """What the caller sees, which is not what the handler returned if the caller has left meanwhile."""
    code = context.code()  # type: ignore[attr-defined]  # grpcio has it, its stubs don't
    if code is None:
        if context.is_active():
            return "OK"
        return "DEADLINE_EXCEEDED" if context.time_remaining() == 0 else "CANCELLED"
    return code.name if isinstance(code, grpc.StatusCode) else str(code)
