"""What a stall does in the background for as long as it serves, again and again, bit by bit."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from threading import Event, Thread

import structlog

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Chore:
    """Something to be done now and then. Any number of replicas may be at it at once."""

    name: str
    """What it does, as the log says it: `forget request ids`."""
    every: timedelta
    work: Callable[[], int]
    """Does a bounded part and says how much that was. Zero means that nothing is left, until the next time."""


@contextmanager
def housekeeping(*chores: Chore) -> Iterator[None]:
    """Does the chores in the background, each in a thread; at the end, waits for the parts at hand."""
    stopping = Event()
    with ExitStack() as threads:
        for chore in chores:
            thread = Thread(target=_repeat, args=(chore, stopping), name=chore.name)
            thread.start()
            threads.callback(thread.join)
        threads.callback(stopping.set)  # the last to be put there is the first to be called
        yield


def _repeat(chore: Chore, stopping: Event) -> None:
    while not stopping.wait(chore.every.total_seconds()):
        try:
            while not stopping.is_set() and (count := chore.work()):
                _log.info("housekeeping", chore=chore.name, count=count)
        except Exception:  # the next round tries again; a thread that ended would be missed by nobody
            _log.exception("housekeeping failed", chore=chore.name)
