"""Health on a port and pool of its own, so that neither a full pool nor a hanging database starves it."""

import time
from collections.abc import Callable, Sequence
from threading import Event, Lock, Thread

import grpc
import structlog
from grpc_health.v1 import health_pb2, health_pb2_grpc

# A probe asks every few seconds and gives up after one: answer within it, and don't ask the database more often.
_FRESH_SECONDS = 1.0
_PATIENCE_SECONDS = 0.7
_log = structlog.get_logger(__name__)


class Readiness:
    """Ready when every check says so, in time, and nobody is draining. A check that hangs counts as a no."""

    def __init__(self, checks: Sequence[Callable[[], bool]]) -> None:
        self._checks = tuple(checks)
        self._lock = Lock()
        self._asked: _Asked | None = None
        self._draining = False

    def drain(self) -> None:
        """From now on, not ready."""
        self._draining = True

    def __call__(self) -> bool:
        """Asks the checks, or takes their last answer if it is fresh."""
        if self._draining:
            return False
        with self._lock:
            if self._asked is None or self._asked.is_stale():
                self._asked = _Asked(self._checks)
            asked = self._asked
        return asked.answer() and not self._draining


class _Asked:
    """The checks, asked once, in a thread that the end of the process need not wait for."""

    def __init__(self, checks: Sequence[Callable[[], bool]]) -> None:
        self._checks = checks
        self._done = Event()
        self._yes = False
        self._asked_at = time.monotonic()
        self._done_at = 0.0
        Thread(target=self._ask, name="readiness", daemon=True).start()

    def is_stale(self) -> bool:
        """Whether to ask again; not before the last one has answered, so that a hanging database is asked once."""
        return self._done.is_set() and time.monotonic() - self._done_at > _FRESH_SECONDS

    def answer(self) -> bool:
        """Yes, if that is the answer and it came in time."""
        left = self._asked_at + _PATIENCE_SECONDS - time.monotonic()
        return self._done.wait(max(0.0, left)) and self._yes

    def _ask(self) -> None:
        try:
            self._yes = all(check() for check in self._checks)
        except Exception:
            _log.exception("readiness check failed")  # which is a no
        self._done_at = time.monotonic()
        self._done.set()


class Health(health_pb2_grpc.HealthServicer):  # type: ignore[misc, unused-ignore]  # its stubs are not everywhere
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
