"""Evidence about one version alone: that its share of bad events is below a limit, or above it.

    mean over q of Π (q/p)^k ((1-q)/(1-p))^(n-k)      k bad of n attempts; p: the limit; q: what is held against it

With every q < p, it speaks against "at or above the limit"; with every q > p, against "at or below it". The
expectation never exceeds 1 while that is so in every window, since the likelihood ratio is monotone in k (Wald 1945;
Robbins 1970). Assumed: attempts end independently of each other, given the rate at that moment.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from souk_canary.rule.floats import Floats, log_mean

BELOW = (0.02, 0.1, 0.25, 0.5)
"""Shares of the limit that are held against it, to show that a version stays below: zero errors need 436 attempts at
1 %."""
ABOVE = (1.5, 2.0, 3.0, 5.0, 10.0)
"""The same, to show that it does not."""


@dataclass(frozen=True)
class AbsoluteEvidence:
    """The evidence against one side of the limit, of one run or of an array of runs."""

    limit: float
    held: Floats
    logs: Floats

    @classmethod
    def none(cls, limit: float, multiples: Sequence[float], shape: tuple[int, ...] = ()) -> AbsoluteEvidence:
        """Before the first window. A multiple that would leave no room for the opposite is brought down to it."""
        held = np.minimum(limit * np.asarray(multiples), (1 + limit) / 2)
        return cls(limit, held, np.zeros((*shape, len(multiples))))

    @property
    def log(self) -> Floats:
        """ln of the evidence."""
        return log_mean(self.logs)

    def after(self, attempts: Floats, bad: Floats) -> AbsoluteEvidence:
        """With one window more."""
        return AbsoluteEvidence(self.limit, self.held, self.logs + self.growth(attempts, bad))

    def growth(self, attempts: Floats, bad: Floats) -> Floats:
        """What so many attempts add to `logs`."""
        worse = np.log(self.held / self.limit)
        better = np.log1p(-self.held) - math.log1p(-self.limit)
        return np.asarray(bad[..., None] * worse + (attempts - bad)[..., None] * better)
