"""Channels to other services. They carry deadline and trace on; retries and encryption are the mesh's."""

from collections.abc import Callable
from typing import Any, NamedTuple

import grpc

from souk_chassis.deadline import budget, remaining
from souk_chassis.tracing import carrying_on, tracing

_OPTIONS = [
    # One place retries, and that is the mesh: two would multiply.
    ("grpc.enable_retries", 0),
    # A sidecar that restarts is back within a second; grpc's own backoff would stay away for up to two minutes.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1000),
    ("grpc.enable_http_proxy", 0),
]


def channel(address: str) -> grpc.Channel:
    """A channel to a plain name such as `peer:50051`.

    Each call gets what is left of the current call's deadline, less a margin, or the default deadline if there is
    none; a `timeout` that the caller gives can only shorten it. Trace context goes along.
    """
    plain = grpc.insecure_channel(address, options=_OPTIONS)
    return grpc.intercept_channel(plain, _Bounded(), _BoundedStream())


class _Details(NamedTuple):
    method: str
    timeout: float | None
    metadata: Any
    credentials: grpc.CallCredentials | None
    wait_for_ready: bool | None
    compression: grpc.Compression | None


class _Bounded(grpc.UnaryUnaryClientInterceptor):
    def intercept_unary_unary(self, continuation: Callable[..., Any], client_call_details: Any, request: Any) -> Any:  # noqa: ANN401
        asked = client_call_details
        timeout = budget(asked.timeout)
        return tracing(
            lambda metadata: continuation(_changed(asked, timeout, metadata), request), asked.method, asked.metadata
        )


class _BoundedStream(grpc.UnaryStreamClientInterceptor):
    # A stream has a deadline only if somebody set one.
    def intercept_unary_stream(self, continuation: Callable[..., Any], client_call_details: Any, request: Any) -> Any:  # noqa: ANN401
        asked = client_call_details.timeout
        timeout = None if asked is None and remaining() is None else budget(asked)
        metadata = carrying_on(client_call_details.metadata)
        return continuation(_changed(client_call_details, timeout, metadata), request)


def _changed(details: Any, timeout: float | None, metadata: Any) -> _Details:  # noqa: ANN401
    return _Details(details.method, timeout, metadata, details.credentials, details.wait_for_ready, details.compression)
