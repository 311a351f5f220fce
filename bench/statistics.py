"""Figures from samples. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


def percentile(samples: Sequence[float], share: float) -> float:
    """The sample below or at which this share of them lies, by nearest rank; `share` is from 0 to 1.

    Raises:
        ValueError: there are no samples.
    """
    if not samples:
        raise ValueError("no samples: nothing was measured")
    ordered = sorted(samples)
    return ordered[max(1, math.ceil(len(ordered) * share)) - 1]


@dataclass(frozen=True)
class Round:
    """Two things measured one right after the other, so that what slows the machine slows both."""

    ours: float
    theirs: float

    @property
    def ratio(self) -> float:
        """Ours by theirs."""
        return self.ours / self.theirs


@dataclass(frozen=True)
class Comparison:
    """Two things measured in turns."""

    rounds: tuple[Round, ...]

    @property
    def ratio(self) -> float:
        """The median of the rounds: one that something else disturbed doesn't move it."""
        return median(each.ratio for each in self.rounds)

    @property
    def spread(self) -> tuple[float, float]:
        """The smallest and the largest ratio."""
        ratios = [each.ratio for each in self.rounds]
        return min(ratios), max(ratios)

    @property
    def ours(self) -> float:
        """The median of ours."""
        return median(each.ours for each in self.rounds)

    @property
    def theirs(self) -> float:
        """The median of theirs."""
        return median(each.theirs for each in self.rounds)
