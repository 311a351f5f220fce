"""Evidence that the split is not what it should be: a sample-ratio mismatch, after which no comparison can be trusted.

    L(s) = n ln s - N ln(1 + w(s - 1))          n of N attempts were the candidate's, which should get the share w

as for bad events, but of all attempts, and of the good ones, and against odds that are off by a factor s in either
direction. The evidence is the mean over s of exp(Σ min(L(s)/φ, ln 4)); it has mean 1 or less while each request is sent
to the candidate with probability w.

Streams and connections that stay with a pod clump the attempts without bending the split. φ says by how much:

    z = (n - wN) / √(N w (1 - w)),  φ = max(1, (2 + Σ (z - z')²/2) / (2 + windows))        z': the window before

A lasting mismatch moves z and z' alike, so it does not hide behind its own φ. After Lindon and Malek 2020
(arXiv:2011.03567), with fixed alternatives instead of a Dirichlet prior, so that w may change from step to step.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from souk_canary.rule.floats import Floats, log_mean
from souk_canary.rule.ratio import log_likelihood_ratios
from souk_canary.rule.tally import ArmTally, Tally

ODDS = np.array([0.25, 0.5, 0.67, 0.8, 0.9, 0.95, 1.05, 1.1, 1.25, 1.5, 2.0, 4.0])
"""Times the odds that the split should have: what a mismatch would look like."""
CAP = math.log(4)
"""The most that one window may say: with it, a mismatch is not told from a clump before five windows."""


@dataclass(frozen=True)
class Mismatch:
    """What is known of the split, of one run or of an array of runs."""

    logs: Floats
    """An axis for what is counted, all attempts or the good ones, and one for `ODDS`."""
    squares: Floats
    """Σ (z - z')²/2, of all attempts and of the good ones."""
    degrees: Floats
    share: Floats
    """The split of the window before."""
    deviation: Floats
    """z of the window before, of all attempts and of the good ones."""

    @classmethod
    def none(cls, shape: tuple[int, ...] = ()) -> Mismatch:
        """Before the first window."""
        both = (*shape, 2)
        return cls(np.zeros((*both, len(ODDS))), np.zeros(both), np.zeros(shape), np.zeros(shape), np.zeros(both))

    @property
    def factor(self) -> Floats:
        """φ, of all attempts and of the good ones."""
        return np.maximum(1.0, (2 + self.squares) / (2 + self.degrees[..., None]))

    @property
    def clump(self) -> Floats:
        """About so many attempts go to a version together: 1 where each is sent by itself.

        The lesser φ, for the reason that `log` is the lesser evidence: what is tried again after a failure is no clump.
        """
        return np.asarray(self.factor.min(axis=-1))

    @property
    def log(self) -> Floats:
        """ln of the evidence.

        The lesser of two: a proxy tries again where the first attempt failed, so all attempts of a failing version are
        more than its share, and the good ones are not; without retries it is the other way round. Each has mean 1 or
        less where it should fit.
        """
        return np.asarray(log_mean(self.logs).min(axis=-1))

    def after(self, window: Tally) -> Mismatch:
        """With one window more. Where nothing is split, or nothing was seen, nothing can mismatch."""
        seen = window.baseline.attempts[..., 0] + window.candidate.attempts[..., 0] > 0
        split = (window.share > 0) & (window.share < 1) & seen
        share = np.where(split, window.share, 0.5)
        baseline, candidate = (_counted(arm) * split[..., None] for arm in (window.baseline, window.candidate))
        likelihood = log_likelihood_ratios(ODDS, share[..., None], candidate, baseline + candidate)
        total = baseline + candidate
        variance = np.maximum(total, 1) * (share * (1 - share))[..., None]
        deviation = (candidate - share[..., None] * total) / np.sqrt(variance)
        again = split & (window.share == self.share)
        return Mismatch(
            self.logs + np.minimum(likelihood / self.factor[..., None], CAP),
            self.squares + again[..., None] * (deviation - self.deviation) ** 2 / 2,
            self.degrees + again,
            np.where(seen, window.share, self.share),
            np.where(seen[..., None], deviation, self.deviation),
        )


def _counted(arm: ArmTally) -> Floats:
    """All attempts, and the good ones."""
    attempts = arm.attempts[..., 0]
    return np.stack([attempts, attempts - arm.bad[..., 0]], axis=-1)
