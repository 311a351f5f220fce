"""Quantiles from counts above bounds, which is all that is kept of latencies."""

from __future__ import annotations

from collections.abc import Sequence

from souk_canary.counts import Arm


def between(arm: Arm, bounds: Sequence[float], part: float) -> tuple[float, float | None] | None:
    """The bounds between which a quantile lies; None above the last one, and for all without attempts."""
    if not arm.attempts:
        return None
    below = 0.0
    for bound, slower in zip(bounds, arm.slower, strict=True):
        if arm.attempts - slower >= part * arm.attempts:
            return below, bound
        below = bound
    return below, None


def shown(seconds: float) -> str:
    """A latency, for people."""
    return f"{seconds * 1000:g} ms" if seconds < 1 else f"{seconds:g} s"


def quantile(arm: Arm, bounds: Sequence[float], part: float) -> str:
    """A quantile, as exactly as it is known."""
    found = between(arm, bounds, part)
    if found is None:
        return "–"
    low, high = found
    if high is None:
        return f"over {shown(low)}"
    return f"{shown(low)} to {shown(high)}" if low else f"under {shown(high)}"
