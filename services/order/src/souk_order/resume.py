"""Goes on with the checkouts that nobody is at: their process died, their caller's time was up, or a pause is over."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from threading import Lock, Thread

import structlog
from souk_chassis.clock import Clock, utc_now
from souk_chassis.errors import Refused

from souk_order.checkout import Checkout
from souk_order.store import OrderStore

# A saga gives way to the others after this long; whatever is left of it is taken up again in its turn.
TURN = timedelta(seconds=30)

_log = structlog.get_logger(__name__)


class Resume:
    """Looks for such checkouts and drives a bounded number of them at the same time. Every replica has one."""

    def __init__(
        self, store: OrderStore, checkout: Checkout, *, every: timedelta, at_once: int, clock: Clock = utc_now
    ) -> None:
        self._store = store
        self._checkout = checkout
        self._every = every
        self._at_once = at_once
        self._clock = clock
        self._lock = Lock()
        self._under_way: set[str] = set()
        self._ends = False

    @contextmanager
    def running(self) -> Iterator[None]:
        """Does so in the background; at the end every checkout stops after the step that it is at."""
        with ThreadPoolExecutor(self._at_once, thread_name_prefix="resume") as pool:
            thread = Thread(target=self._look_again_and_again, args=(pool,), name="resume")
            thread.start()
            try:
                yield
            finally:
                self._ends = True
                self._checkout.stop()
                thread.join()

    def _look_again_and_again(self, pool: ThreadPoolExecutor) -> None:
        while not self._ends:
            self._checkout.left_over.clear()
            try:
                self._look(pool)
            except Refused as refused:
                _log.warning("can't look for checkouts to go on with", reason=refused.reason)
            except Exception:
                _log.exception("looking for checkouts to go on with failed")
            if not self._ends:
                self._checkout.left_over.wait(self._every.total_seconds())

    def _look(self, pool: ThreadPoolExecutor) -> None:
        with self._lock:
            free = self._at_once - len(self._under_way)
        # Those under way may be due again, but they are not ours to start a second time.
        names = self._store.due(self._clock(), self._at_once) if free else ()
        for name in names:
            with self._lock:
                if name in self._under_way or len(self._under_way) >= self._at_once:
                    continue
                self._under_way.add(name)
            pool.submit(self._go_on, name)

    def _go_on(self, name: str) -> None:
        try:
            self._checkout.go_on(name, self._clock() + TURN)
        except Refused as refused:
            _log.warning("can't go on with a checkout", order=name, reason=refused.reason)
        except Exception:
            _log.exception("going on with a checkout failed", order=name)
        finally:
            with self._lock:
                self._under_way.discard(name)
                full = len(self._under_way) + 1 >= self._at_once
            if full:
                self._checkout.left_over.set()
