"""How long a container that ended waits before it is started again."""

from __future__ import annotations

from dataclasses import dataclass, replace

# Kubernetes waits 10 s before the second restart; on one machine a fix is seconds away, so we start lower.
FIRST = 1.0
LONGEST = 300.0
FORGOTTEN_AFTER = 600.0
"""A container that ran this long has recovered: its next failure counts as the first (as in Kubernetes)."""


@dataclass(frozen=True)
class Backoff:
    """How often a container has ended in a row, too soon to count as recovered."""

    failures: int = 0

    def ended(self, ran: float) -> Backoff:
        """Counts one more end, after running for `ran` seconds."""
        if ran >= FORGOTTEN_AFTER:
            return Backoff(failures=1)
        return replace(self, failures=self.failures + 1)

    @property
    def delay(self) -> float:
        """Seconds until the next start: none after the first end, then doubling up to a limit."""
        if self.failures <= 1:
            return 0.0
        # 2 ** 9 already exceeds the limit; an exponent without bound would overflow after a long night.
        return min(LONGEST, FIRST * (1 << min(self.failures - 2, 9)))
