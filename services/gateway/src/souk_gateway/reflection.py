"""Tells gRPC clients what the gateway serves: server reflection for all public services, from the descriptor set.

Asking the services themselves would show only the one that happens to be asked.
"""

from __future__ import annotations

import logging
import signal
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from grpc_reflection.v1alpha.reflection_pb2 import ServerReflectionRequest, ServerReflectionResponse

from souk_gateway.acceptance import accepted
from souk_gateway.descriptors import Api, Refused
from souk_gateway.routes import REFLECTION_SERVICES
from souk_gateway.settings import Address
from souk_gateway.supervise import INTERVAL, state_of

# Each client that looks around holds a thread as long as it looks.
_THREADS = 16
GRACE = 5.0

_log = logging.getLogger(__name__)


def serve(path: Path, address: Address) -> None:
    """Serves a descriptor set, and what comes in its place, until SIGTERM.

    Raises:
        Refused: the first one can't be served.
    """
    known = state_of(path)
    look = Look(accepted(path))
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    server = make_server(look)
    server.add_insecure_port(str(address))
    server.start()
    _log.info("serving reflection on %s", address)
    while not stop.wait(INTERVAL):
        now = state_of(path)
        if now not in (known, None):
            known = now
            follow(look, path)
    server.stop(GRACE).wait()
    _log.info("stopped")


class Look:
    """Answers from the descriptor set that holds now; a client that is looking goes on with the one it began with."""

    def __init__(self, api: Api) -> None:
        self.at(api)

    def at(self, api: Api) -> None:
        """Answers from this one from now on."""
        public = api.public()
        names = [service.name for service in public.public_services]
        self._servicer = reflection.ReflectionServicer(names, pool=public.pool)

    def answer(self, requests: Iterable[ServerReflectionRequest], context: grpc.ServicerContext) -> Iterator[object]:
        """Answers one client."""
        yield from self._servicer.ServerReflectionInfo(requests, context)


def follow(look: Look, path: Path) -> None:
    """Takes up a new descriptor set, if it can be served; the proxy counts those that can't."""
    try:
        look.at(accepted(path))
        _log.info("took up a new descriptor set")
    except Refused as error:
        _log.error("descriptor set refused: %s", " ".join(str(error).split()))


def make_server(look: Look) -> grpc.Server:
    """A server that answers reflection, in both of its versions, and health."""
    # grpcio has v1alpha only; v1 is the same on the wire.
    handler = grpc.stream_stream_rpc_method_handler(
        look.answer, ServerReflectionRequest.FromString, ServerReflectionResponse.SerializeToString
    )
    server = grpc.server(ThreadPoolExecutor(_THREADS), maximum_concurrent_rpcs=_THREADS)
    server.add_generic_rpc_handlers(
        [grpc.method_handlers_generic_handler(name, {"ServerReflectionInfo": handler}) for name in REFLECTION_SERVICES]
    )
    healthy = health.HealthServicer()
    healthy.set("", health_pb2.HealthCheckResponse.SERVING)
    health_pb2_grpc.add_HealthServicer_to_server(healthy, server)
    return server
