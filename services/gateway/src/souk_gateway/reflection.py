"""Tells gRPC clients what the gateway serves: server reflection for all public services, from the descriptor set.

Asking the services themselves would show only the one that happens to be asked.
"""

from __future__ import annotations

import logging
import signal
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from grpc_reflection.v1alpha.reflection_pb2 import ServerReflectionRequest, ServerReflectionResponse

from souk_gateway.descriptors import Api
from souk_gateway.routes import REFLECTION_SERVICES
from souk_gateway.settings import Address

# Each client that looks around holds a thread as long as it looks.
_THREADS = 16
_GRACE = 5.0

_log = logging.getLogger(__name__)


def serve(api: Api, address: Address) -> None:
    """Serves until SIGTERM."""
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    server = make_server(api)
    server.add_insecure_port(str(address))
    server.start()
    _log.info("serving reflection on %s", address)
    stop.wait()
    server.stop(_GRACE).wait()
    _log.info("stopped")


def make_server(api: Api) -> grpc.Server:
    """A server that answers reflection, in both of its versions, and health."""
    public = api.public()
    names = [service.name for service in public.public_services]
    servicer = reflection.ReflectionServicer(names, pool=public.pool)

    def look(requests: Iterable[ServerReflectionRequest], context: grpc.ServicerContext) -> Iterator[object]:
        yield from servicer.ServerReflectionInfo(requests, context)

    # grpcio has v1alpha only; v1 is the same on the wire.
    handler = grpc.stream_stream_rpc_method_handler(
        look, ServerReflectionRequest.FromString, ServerReflectionResponse.SerializeToString
    )
    server = grpc.server(ThreadPoolExecutor(_THREADS), maximum_concurrent_rpcs=_THREADS)
    server.add_generic_rpc_handlers(
        [grpc.method_handlers_generic_handler(name, {"ServerReflectionInfo": handler}) for name in REFLECTION_SERVICES]
    )
    healthy = health.HealthServicer()
    healthy.set("", health_pb2.HealthCheckResponse.SERVING)
    health_pb2_grpc.add_HealthServicer_to_server(healthy, server)
    return server
