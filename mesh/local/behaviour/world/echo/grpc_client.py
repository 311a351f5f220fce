"""Calls over gRPC, without protos."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

import grpc

from echo.answering import ASKED
from echo.orders import Observation, Order


@contextmanager
def grpc_caller(order: Order) -> Iterator[Callable[[], Observation]]:
    """One channel."""
    options: list[tuple[str, str | int]] = [
        ("grpc.default_authority", order.authority),
        # What is tried again is the mesh's business.
        ("grpc.enable_retries", 0),
        ("grpc.enable_http_proxy", 0),
        ("grpc.use_local_subchannel_pool", 1),
    ]
    with _channel(order, f"{order.address}:{order.port}", options) as channel:
        # Every method is called as a stream: of a unary one, one message comes.
        method: grpc.UnaryStreamMultiCallable[bytes, bytes] = channel.unary_stream(order.path)
        yield lambda: _call(method, order)


def _channel(order: Order, place: str, options: Sequence[tuple[str, str | int]]) -> grpc.Channel:
    if order.tls is None:
        return grpc.insecure_channel(place, options)
    tls = order.tls
    shown = (tls.key.encode(), tls.certificate.encode()) if tls.certificate else (None, None)
    credentials = grpc.ssl_channel_credentials(tls.trusts.encode(), *shown)
    return grpc.secure_channel(place, credentials, [*options, ("grpc.ssl_target_name_override", tls.sni)])


def _call(method: grpc.UnaryStreamMultiCallable[bytes, bytes], order: Order) -> Observation:
    sent = tuple((name.lower(), value) for name, value in {ASKED: order.asked, **order.headers}.items())
    answer = method(b"", timeout=order.timeout, metadata=sent)
    bodies: list[str] = []
    try:
        bodies.extend(message.decode() for message in answer)
    except grpc.RpcError:
        bodies.append(answer.details() or "")
    headers = {**_texts(answer.initial_metadata()), **_texts(answer.trailing_metadata())}
    return Observation(answer.code().name, headers, tuple(bodies))


def _texts(metadata: Iterable[tuple[str, str | bytes]] | None) -> dict[str, str]:
    return {name: value if isinstance(value, str) else value.decode(errors="replace") for name, value in metadata or ()}
