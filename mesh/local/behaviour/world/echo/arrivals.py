"""What has arrived at this pod, by the call that it belongs to."""

from __future__ import annotations

import threading
from collections import Counter


class Arrivals:
    """Counts the attempts of each call; retries and mirrored copies are attempts, too."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()

    def count(self, call: str) -> int:
        """Notes one more attempt and says which it is, from 1."""
        with self._lock:
            self._counts[call] += 1
            return self._counts[call]

    def of(self, call: str) -> int:
        """How often a call has arrived."""
        with self._lock:
            return self._counts[call]
