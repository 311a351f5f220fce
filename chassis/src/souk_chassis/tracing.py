"""A span around each call, one that comes in and one that goes out, by OpenTelemetry's conventions for RPC.

The libraries' interceptors for gRPC take half as long again as all else that stands around a call here, and turn a
client's stream into one that can't be cancelled.
"""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import grpc
from opentelemetry import trace
from opentelemetry.context import Context, attach
from opentelemetry.propagate import extract, get_global_textmap, inject
from opentelemetry.trace import Span, SpanKind, StatusCode, set_span_in_context

from souk_chassis.layers import Afterwards, Call

Metadata = Sequence[tuple[str, str | bytes]]
STATUS = "rpc.grpc.status_code"

# As OTEL_PROPAGATORS says; without any of them there is nothing to look for.
_HEADERS = get_global_textmap().fields
_NO_PARENT = Context()
_tracer = trace.get_tracer("souk_chassis")


def traced(call: Call) -> Afterwards:
    """A layer: the span of an incoming call, part of its caller's trace. An error is noted by the error model."""
    carrier = {key: value for key, value in call.context.invocation_metadata() if key in _HEADERS}
    parent = extract(carrier) if carrier else _NO_PARENT
    name = f"{call.service}/{call.method}"
    span = _tracer.start_span(name, parent, SpanKind.SERVER, _attributes(call.service, call.method))
    # Never detached: each call runs in a context of its own.
    attach(set_span_in_context(span, parent))
    return Afterwards(span.end)


def tracing(continuation: Callable[[Metadata], Any], path: str, metadata: Metadata | None) -> Any:  # noqa: ANN401
    """Makes an outgoing unary call within a span, which ends with it; the answer is grpc's own."""
    service, _, method = path.lstrip("/").partition("/")
    span = _tracer.start_span(f"{service}/{method}", None, SpanKind.CLIENT, _attributes(service, method))
    answer = continuation(carrying_on(metadata, span))
    answer.add_done_callback(lambda done: _end(span, done))
    return answer


def carrying_on(metadata: Metadata | None, span: Span | None = None) -> Metadata:
    """Metadata with the trace context: of this span, or of the current one."""
    carrier: dict[str, str] = {}
    inject(carrier, None if span is None else set_span_in_context(span))
    return (*(metadata or ()), *carrier.items())


def _end(span: Span, done: grpc.Call) -> None:
    code = done.code()
    if code is not grpc.StatusCode.OK:
        number, _ = code.value
        span.set_attribute(STATUS, number)
        span.set_status(StatusCode.ERROR, code.name)
    span.end()


@cache
def _attributes(service: str, method: str) -> dict[str, str | int]:
    return {"rpc.system": "grpc", "rpc.service": service, "rpc.method": method, STATUS: 0}
