"""Waits for a condition, bounded in time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def until(look: Callable[[], T], enough: Callable[[T], object] = bool, seconds: float = 15) -> T:
    """Looks until what is seen is enough, and returns it."""
    deadline = time.monotonic() + seconds
    while True:
        seen = look()
        if enough(seen):
            return seen
        assert time.monotonic() < deadline, f"not after {seconds} s; last seen: {seen}"
        time.sleep(0.05)
