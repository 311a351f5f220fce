"""Time for a run, and the wish that it end."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Protocol


class Clock(Protocol):
    """What a run waits by."""

    def now(self) -> float:
        """Seconds since the run began."""

    def wait(self, seconds: float) -> None:
        """Lets time pass; returns early when the run is to end."""

    @property
    def interrupted(self) -> str | None:
        """Who wants the run to end; None while nobody does."""


class WallClock:
    """The machine's, which a signal interrupts."""

    def __init__(self) -> None:
        self._begun = time.monotonic()
        self._rung = threading.Event()
        self._by: str | None = None

    def now(self) -> float:
        """Seconds since it was made."""
        return time.monotonic() - self._begun

    def wait(self, seconds: float) -> None:
        """Waits; a signal ends the wait that it falls into, and no later one."""
        self._rung.wait(seconds)
        self._rung.clear()

    @property
    def interrupted(self) -> str | None:
        """The signal that has come."""
        return self._by

    @contextmanager
    def rung_by_signals(self) -> Iterator[None]:
        """Takes SIGINT, SIGTERM and SIGHUP as the wish to end, as long as the context lasts."""
        kinds = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        before = {kind: signal.signal(kind, self._ring) for kind in kinds}
        try:
            yield
        finally:
            for kind, handler in before.items():
                signal.signal(kind, handler)

    def _ring(self, number: int, _: FrameType | None) -> None:
        self._by = signal.Signals(number).name
        self._rung.set()
