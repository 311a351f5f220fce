"""What came of all the requests of a load."""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import dataclass, field

from tests.reliability.audit import Told


@dataclass
class Tally:
    """What came of all requests. Many threads write to it."""

    enough: int
    answered: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def total(self) -> int:
        """How many were answered as they should be."""
        return self.answered.total()

    def right(self, what: str) -> None:
        """Counts one good answer."""
        with self._lock:
            self.answered[what] += 1

    def wrong(self, what: str, why: object) -> None:
        """Notes one that failed, and when."""
        with self._lock:
            self.failures.append(f"{time.strftime('%H:%M:%S')} {what}: {why}")

    def learned(self, told: Told) -> None:
        """Notes what a customer was told of an order."""
        with self._lock:
            self.told.append(told)
