"""Evidence that the candidate's bad events are too many for its share of the attempts.

Given that K bad events happened in a window in which the candidate had the share ρ of all attempts, each of them is the
candidate's with probability ρ if both versions are alike, and with θ = ρr / (ρr + 1 - ρ) if the candidate is r times
as bad:

    L(r) = k ln(θ/ρ) + (K - k) ln((1-θ)/(1-ρ)) = k ln r - K ln(1 + ρ(r - 1))          k: the candidate's bad events

The evidence is the mean over several r of exp(Σ min(L(r)/φ, cap)). While the candidate is not worse, its expectation
never exceeds 1, whatever the base rate does over time, whatever the split, and whenever one looks; so by Ville's
inequality it ever reaches 1/α with a probability of at most α:

- Given n and K, k is hypergeometric, which is smaller in convex order than the binomial that L is made of (Hoeffding
  1963, theorem 4); exp L is convex in k, so E exp L ≤ 1. A candidate better than the baseline only lowers it (L rises
  with k).
- φ ≥ 1 is known before the window: E exp(L/φ) ≤ (E exp L)^(1/φ) ≤ 1 (Jensen). A cap lowers it further, a mean keeps it.

Assumed: within a window, and given its rate, attempts fail independently of each other. Where they don't (a pod's
burst of errors), φ and the cap keep one burst from deciding: at α = 1/200, windows with several bad events of the
candidate's decide after five at the earliest, and windows with single ones after three.
After Ville 1939; Robbins 1970; Howard, Ramdas, McAuliffe, Sekhon
2021 (arXiv:1810.08240).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from souk_canary.rule.dispersion import Dispersion
from souk_canary.rule.floats import Floats, log_mean

ONE = math.log(8)
"""The most that a single bad event may say, which is no burst: without a bound, two of them would decide at 1 %
traffic."""


def log_likelihood_ratios(ratios: Floats, share: Floats, candidate: Floats, total: Floats) -> Floats:
    """L(r), along a new last axis, of every ratio in `ratios`: `candidate` of `total` bad events fell to this
    `share`."""
    return candidate[..., None] * np.log(ratios) - total[..., None] * np.log1p(share[..., None] * (ratios - 1))


@dataclass(frozen=True)
class RatioEvidence:
    """The evidence against "not worse", of one run or of an array of runs."""

    ratios: Floats
    logs: Floats
    """Σ min(L(r)/φ, cap): one axis more than the runs have, for the ratios."""

    @classmethod
    def none(cls, ratios: Sequence[float], shape: tuple[int, ...] = ()) -> RatioEvidence:
        """What is known before the first window: nothing."""
        return cls(np.asarray(ratios, dtype=float), np.zeros((*shape, len(ratios))))

    @property
    def log(self) -> Floats:
        """ln of the evidence."""
        return log_mean(self.logs)

    def after(self, share: Floats, candidate: Floats, total: Floats, dispersion: Dispersion) -> RatioEvidence:
        """With one window more, in which `candidate` of `total` bad events fell to this `share` of the attempts."""
        window = log_likelihood_ratios(self.ratios, share, candidate, total) / dispersion.factor[..., None]
        cap = np.where(candidate <= 1, ONE, dispersion.cap)
        return RatioEvidence(self.ratios, self.logs + np.minimum(window, cap[..., None]))
