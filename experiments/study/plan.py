"""The steps that every rule goes through, and what became of a run."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from study.worlds import WINDOW, WINDOWS, Counts, Floats, Traffic

STEPS = (0.1, 0.2, 0.3, 0.4, 0.5)
STEP = 6
"""Windows: a minute."""


def share(at: int) -> float:
    """The candidate's share in window number `at`, when nothing holds the steps up; at the end the last share stays."""
    return STEPS[min(at // STEP, len(STEPS) - 1)]


@dataclass(frozen=True)
class Outcomes:
    """How runs ended. A rollback or a promotion after the last window never came."""

    rolled_back: npt.NDArray[np.int64]
    """After so many windows; `WINDOWS + 1`: not."""
    promoted: npt.NDArray[np.int64]
    harm: Floats
    """Failed requests that the candidate answered within the half hour: until the rollback, or, once promoted, all
    of them."""

    @property
    def is_rolled_back(self) -> npt.NDArray[np.bool_]:
        """Before any promotion."""
        return (self.rolled_back <= WINDOWS) & (self.rolled_back <= self.promoted)

    @property
    def is_promoted(self) -> npt.NDArray[np.bool_]:
        """Before any rollback."""
        return (self.promoted <= WINDOWS) & (self.promoted < self.rolled_back)

    @property
    def delay(self) -> float:
        """Seconds until half of all runs were rolled back; infinite if they were not."""
        ends = np.where(self.is_rolled_back, self.rolled_back * WINDOW, np.inf)
        return float(np.median(ends))


def record(traffic: Traffic) -> list[Counts]:
    """All windows of the runs, under the steps of the plan."""
    return [traffic.window(at, np.asarray(share(at))) for at in range(WINDOWS)]


def outcomes(traffic: Traffic, windows: list[Counts], rolled_back: Floats, promoted: Floats) -> Outcomes:
    """What runs under the steps of the plan came to; both arguments are numbers of windows, infinite for never."""
    bad = np.cumsum([window.candidate_bad for window in windows], axis=0)
    end = np.minimum(np.minimum(rolled_back, promoted), WINDOWS).astype(int)
    harm = np.take_along_axis(bad, end[None] - 1, axis=0)[0]
    left = np.where(promoted < rolled_back, np.maximum(WINDOWS - promoted, 0), 0)
    cell = traffic.cell
    rate = cell.base if cell.errors is None else cell.errors
    harm = harm + left * WINDOW * cell.rate * rate
    whole = (np.minimum(rolled_back, WINDOWS + 1), np.minimum(promoted, WINDOWS + 1))
    return Outcomes(whole[0].astype(np.int64), whole[1].astype(np.int64), harm)


def first(hits: npt.NDArray[np.bool_]) -> Floats:
    """The number, from 1, of the first hit along the first axis; infinite without one."""
    return np.where(hits.any(axis=0), hits.argmax(axis=0) + 1.0, np.inf)
