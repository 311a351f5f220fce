"""The steps that every rule goes through, and what became of a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from souk_canary.rule.floats import Floats, Truths
from study.worlds import BOUNDS, LIMIT, WINDOW, WINDOWS, Counts, Traffic

STEPS = (0.1, 0.2, 0.3, 0.4, 0.5)
STEP = 6
"""Windows: a minute."""


@dataclass(frozen=True)
class Outcomes:
    """How runs ended: after how many windows, infinite for never. What came first counts."""

    rolled_back: Floats
    promoted: Floats
    invalid: Floats
    harm: Floats
    """Attempts of the candidate in the half hour that failed, or, where latency is simulated, took longer than `LIMIT`:
    until the rollback, or, once it is promoted, all that there are."""

    @property
    def is_rolled_back(self) -> Truths:
        """The candidate was rolled back."""
        return np.isfinite(self.rolled_back) & (self.rolled_back < np.minimum(self.promoted, self.invalid))

    @property
    def is_promoted(self) -> Truths:
        """The candidate was promoted."""
        return np.isfinite(self.promoted) & (self.promoted < np.minimum(self.rolled_back, self.invalid))

    @property
    def is_invalid(self) -> Truths:
        """The experiment was given up, because the split was not what it should be."""
        return np.isfinite(self.invalid) & (self.invalid <= np.minimum(self.rolled_back, self.promoted))

    @property
    def delay(self) -> float:
        """Seconds until half of all runs were rolled back; infinite if they never were."""
        return float(np.median(np.where(self.is_rolled_back, self.rolled_back * WINDOW, np.inf)))


def record(traffic: Traffic) -> list[Counts]:
    """All windows of the runs, when nothing holds the steps up; at the end the last share stays."""
    return [traffic.window(at, np.asarray(STEPS[min(at // STEP, len(STEPS) - 1)])) for at in range(WINDOWS)]


def outcomes(traffic: Traffic, windows: Sequence[Counts], rolled_back: Floats, promoted: Floats) -> Outcomes:
    """What runs under those steps came to, by when they were rolled back or promoted."""
    harm = np.zeros(traffic.runs)
    for at, window in enumerate(windows):
        harm += harmed(window) * (np.minimum(rolled_back, promoted) > at)
        if (whole := (promoted <= at) & (promoted < rolled_back)).any():
            harm += harmed(traffic.window(at, np.asarray(1.0))) * whole
    return Outcomes(rolled_back, promoted, np.full(traffic.runs, np.inf), harm)


def harmed(window: Counts) -> Floats:
    """Attempts of the candidate that somebody noticed."""
    slow = window.candidate_slower
    return window.candidate_bad + (slow[..., BOUNDS.index(LIMIT)] if slow.shape[-1] else 0.0)
