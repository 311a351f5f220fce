"""The server of a service: calls, health and metrics, each on a port of its own; drained on SIGTERM."""

import gc
import os
import signal
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Thread, Timer
from typing import Self, TypeVar
from wsgiref.simple_server import WSGIServer

import grpc
import structlog
from grpc_health.v1 import health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector, start_http_server

from souk_chassis.access import access
from souk_chassis.bulkhead import bulkhead
from souk_chassis.condition import if_match
from souk_chassis.deadline import deadline
from souk_chassis.error_model import error_model
from souk_chassis.health import Health, Readiness
from souk_chassis.idempotency_key import idempotency_key
from souk_chassis.layers import Layers
from souk_chassis.settings import ServiceSettings
from souk_chassis.tracing import traced
from souk_chassis.validation import validation, well_formed

# Threads beyond those of the bulkhead: they tell the ones who come too many, with a reason, a log line and a count.
# Past them, grpc itself refuses without a thread.
_REFUSING_THREADS = 4
LAST_RESORT_SECONDS = 3.0
"""How long what still hangs after the drain, such as traces on their way, is waited for."""
_log = structlog.get_logger(__name__)
Servicer = TypeVar("Servicer")


class ServerError(Exception):
    """The server can't start."""


class Server:
    """Serves gRPC, health and metrics on the ports of the settings.

    `ready_when` are the checks behind readiness, such as `database.reachable`; they may be slow or hang.
    """

    def __init__(self, settings: ServiceSettings, ready_when: Sequence[Callable[[], bool]] = ()) -> None:
        self._settings = settings
        self.registry = CollectorRegistry()
        """A service may register metrics of its own here."""
        self._ready = Readiness(ready_when)
        self._calls = _grpc_server(threads(settings), interceptors(settings, self.registry), limit=threads(settings))
        self._health = _grpc_server(2, (), limit=None)
        health_pb2_grpc.add_HealthServicer_to_server(Health(self._ready), self._health)
        self._metrics: WSGIServer | None = None
        self._names = [reflection.SERVICE_NAME]
        self.stopping = Event()
        """Set when draining begins; a stream that would go on for ever ends itself then."""
        self.port = 0
        """Where calls are taken, once started; of use when the settings leave the choice to the system."""
        self.health_port = 0
        self.metrics_port = 0

    def add(self, register: Callable[[Servicer, grpc.Server], None], servicer: Servicer, service: str) -> Self:
        """Adds a servicer by its generated `add_…Servicer_to_server` and the full name of its service."""
        register(servicer, self._calls)
        self._names.append(service)
        return self

    def start(self) -> None:
        """Opens the ports and returns.

        Raises:
            ServerError: a port is taken.
        """
        host = self._settings.listen_host
        reflection.enable_server_reflection(self._names, self._calls)
        self.health_port = _bind(self._health, host, self._settings.health_port, "HEALTH_PORT")
        self.port = _bind(self._calls, host, self._settings.grpc_port, "GRPC_PORT")
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self.registry)
        try:
            self._metrics, _ = start_http_server(self._settings.metrics_port, host, self.registry)
        except OSError as error:
            raise _taken(host, self._settings.metrics_port, "METRICS_PORT") from error
        self.metrics_port = self._metrics.server_port
        self._health.start()
        self._calls.start()
        _log.info("serving", port=self.port, health_port=self.health_port, metrics_port=self.metrics_port)

    def run(self) -> None:
        """Serves until SIGTERM (or SIGINT), then drains: returns when the last call has ended or its time is up."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.stopping.set())
        self.start()
        # A hundred thousand objects of imports stay for good: to look through them again and again pauses calls.
        gc.freeze()
        self.stopping.wait()
        self.stop()
        # A handler that still hangs would keep the interpreter from ending; traces get this long to leave.
        last_resort = Timer(LAST_RESORT_SECONDS, os._exit, (0,))
        last_resort.daemon = True
        last_resort.start()

    def stop(self) -> None:
        """Says NOT_SERVING, takes no more calls, lets the running ones end, then closes health and metrics."""
        _log.info("draining", seconds=self._settings.drain_seconds)
        self._ready.drain()
        self.stopping.set()
        self._calls.stop(self._settings.drain_seconds).wait()
        self._health.stop(0).wait()
        if self._metrics is not None:
            # Its loop looks only twice a second whether it shall end; nobody need wait for that.
            Thread(target=_close, args=(self._metrics,), daemon=True).start()
        _log.info("stopped")


def threads(settings: ServiceSettings) -> int:
    """How many threads answer calls."""
    return settings.workers + settings.streams + _REFUSING_THREADS


def interceptors(settings: ServiceSettings, registry: CollectorRegistry) -> tuple[grpc.ServerInterceptor, ...]:
    """What stands around every handler, outermost first."""
    layers = (
        traced,
        access(registry),
        error_model,
        bulkhead(settings.workers, settings.streams),
        deadline,
        well_formed,
        idempotency_key,
        if_match,
        validation(),
    )
    return (Layers(layers),)


def _grpc_server(threads: int, around: Sequence[grpc.ServerInterceptor], limit: int | None) -> grpc.Server:
    return grpc.server(
        ThreadPoolExecutor(threads),
        interceptors=list(around),
        maximum_concurrent_rpcs=limit,
        options=[
            # Two processes on one port would each get a part of the calls, and nobody would notice.
            ("grpc.so_reuseport", 0),
            # Envoys let 60 KiB of headers in, and those on the way add theirs. Past its 8 KiB gRPC would
            # refuse some calls and not others, in words that list every header that they came with.
            ("grpc.max_metadata_size", 96 << 10),
            ("grpc.absolute_max_metadata_size", 128 << 10),
        ],
    )


def _close(metrics: WSGIServer) -> None:
    metrics.shutdown()
    metrics.server_close()


def _bind(server: grpc.Server, host: str, port: int, variable: str) -> int:
    try:
        return server.add_insecure_port(f"{host}:{port}")
    except RuntimeError as error:
        raise _taken(host, port, variable) from error


def _taken(host: str, port: int, variable: str) -> ServerError:
    return ServerError(f"can't listen on {host}:{port}: choose another with {variable}, or stop what listens there")
