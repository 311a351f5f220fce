"""Health on a port and pool of its own, so that neither a full pool nor a hanging database starves it."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from threading import Lock

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

# A probe asks every few seconds and gives up after one: answer within it, and don't ask the database more often.
_FRESH_SECONDS = 1.0
_PATIENCE_SECONDS = 0.7


class Readiness:
    """Ready when every check says so, in time, and nobody is draining. A check that hangs counts as a no."""

    def __init__(self, checks: Sequence[Callable[[], bool]]) -> None:
        self._checks = tuple(checks)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="readiness")
        self._lock = Lock()
        self._running: Future[bool] | None = None
        self._finished_at = 0.0
        self._draining = False

    def drain(self) -> None:
        """From now on, not ready."""
        self._draining = True

    def __call__(self) -> bool:
        """Asks the checks, or takes their last answer if it is fresh."""
        if self._draining:
            return False
        with self._lock:
            stale = time.monotonic() - self._finished_at > _FRESH_SECONDS
            if self._running is None or (self._running.done() and stale):
                self._running = self._thread.submit(self._ask)
            running = self._running
        wait([running], timeout=_PATIENCE_SECONDS)
        return running.done() and running.result()

    def close(self) -> None:
        """Lets go of the thread; one that hangs in a check ends with the process."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _ask(self) -> bool:
        try:
            return all(check() for check in self._checks)
        except Exception:  # a check that raises is a no
            return False
        finally:
            self._finished_at = time.monotonic()


class Health(health_pb2_grpc.HealthServicer):
    """Answers for `""` (ready for calls) and `liveness` (the process answers). `Watch` would hold a thread."""

    def __init__(self, ready: Readiness) -> None:
        self._ready = ready

    def Check(  # the name in the proto
        self, request: health_pb2.HealthCheckRequest, context: grpc.ServicerContext
    ) -> health_pb2.HealthCheckResponse:
        """Says SERVING or NOT_SERVING."""
        if request.service not in ("", "liveness"):
            context.abort(grpc.StatusCode.NOT_FOUND, 'ask for "" (readiness) or "liveness"')
        serving = request.service == "liveness" or self._ready()
        status = health_pb2.HealthCheckResponse.SERVING if serving else health_pb2.HealthCheckResponse.NOT_SERVING
        return health_pb2.HealthCheckResponse(status=status)
