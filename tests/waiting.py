"""Waits for what must come to pass."""

from __future__ import annotations

import time
from collections.abc import Callable

# Each look may start a program, which costs a fifth of a second of a core.
LOOK_EVERY = 0.7


def awaited(condition: Callable[[], bool], what: str, seconds: float) -> None:
    """Returns when it is so.

    Raises:
        AssertionError: it was not in time.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}"
        time.sleep(LOOK_EVERY)
