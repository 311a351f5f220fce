"""How much more the replicas of one version differ from each other than chance explains: φ.

    X² = Σ over replicas (k_j - ρ_j K)² / (ρ_j K)      k_j of K bad events at replica j, which had ρ_j of the attempts
    φ  = max(1, (2 + Σ X²) / (2 + Σ (replicas - 1)))     sums over the windows with K > 0

X² has the mean (replicas - 1) when each replica fails alike. What exceeds it is no property of a version, for both
replicas are the baseline's; evidence is divided by it. The two added to both sums keep the first windows from saying
too much. After Pearson 1900; quasi-likelihood, McCullagh and Nelder 1989, chapter 4.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from souk_canary.rule.floats import Floats

EXCESS = 2.0
"""One window multiplies the evidence by 1 + EXCESS/φ at most. Where single pods fail 10 % in 5 % of the windows, that
keeps its expected growth below 1, and so false rollbacks below 1 %; `docs/canary-study.md` shows it."""
EXCESS_ALONE = 1.25
"""The same, when nothing tells φ because the baseline has one replica, or the source doesn't tell them apart."""


@dataclass(frozen=True)
class Dispersion:
    """What replicas of the baseline have shown so far, of one run or of an array of runs."""

    squares: Floats
    degrees: Floats
    replicas: Floats
    """How many had attempts in the same window, at most."""

    @classmethod
    def none(cls, shape: tuple[int, ...] = ()) -> Dispersion:
        """Before the first window."""
        return cls(np.zeros(shape), np.zeros(shape), np.zeros(shape))

    @property
    def factor(self) -> Floats:
        """φ, never below 1."""
        return np.maximum(1.0, (2 + self.squares) / (2 + self.degrees))

    @property
    def cap(self) -> Floats:
        """The most that one window may say."""
        return np.log1p(np.where(self.replicas > 1, EXCESS / self.factor, EXCESS_ALONE))

    def after(self, attempts: Floats, bad: Floats) -> Dispersion:
        """With one window more; the last axis is the replicas."""
        total = bad.sum(axis=-1, keepdims=True)
        present = (attempts > 0) & (total > 0)
        expected = total * attempts / np.maximum(attempts.sum(axis=-1, keepdims=True), 1)
        squares = np.where(present, (bad - expected) ** 2 / np.where(present, expected, 1), 0).sum(axis=-1)
        degrees = np.maximum(present.sum(axis=-1) - 1, 0)
        replicas = np.maximum(self.replicas, (attempts > 0).sum(axis=-1))
        return Dispersion(self.squares + squares, self.degrees + degrees, replicas)
