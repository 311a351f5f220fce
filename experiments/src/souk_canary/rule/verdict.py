"""What the evidence comes to, for one run or for an array of runs."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import bdtrc  # the binomial tail; scipy.stats has it too, and takes half a second to import

from souk_canary.rule.criteria import Criteria, Proof
from souk_canary.rule.floats import Truths
from souk_canary.rule.tally import Tally
from souk_canary.rule.weighing import Weighing

GROSS_PART, GROSS_ATTEMPTS = 0.5, 20
"""Half of at least so many attempts in one window failed: nobody waits for more evidence. Of attempts that come in
clumps it takes so many clumps: twenty attempts may be one stream, which shares one fate."""
MISMATCH_ALPHA = 1e-3
"""A split that is as it should be is taken for wrong in at most this part of the runs."""
OUTAGE = 1e-3
"""A window of the baseline that a baseline within the limit would show less often than this is an outage of its own."""
LEANING = math.log(3)
"""No candidate is promoted while the evidence against it is above this; of good ones, at most a third ever are."""
UNLIKE = -0.5
"""To keep the limit of errors does not do while a candidate that fails `worst_ratio` times as often explains what
was seen better than one that is alike, by this much (ln): a rise within the objective is not promoted for its few
errors alone."""


def threshold(criteria: Criteria) -> float:
    """ln of the evidence that rolls back."""
    return -math.log(criteria.alpha_each)


def enough(criteria: Criteria) -> float:
    """ln of the evidence that promotes; half of `beta` is for each of the two ways to show it."""
    return math.log(2 / criteria.beta)


def is_gross(weighing: Weighing, window: Tally) -> Truths:
    """The candidate fails at least half of its attempts in the last window, and the baseline not half as often."""
    attempts, bad = window.candidate.attempts[..., 0], window.candidate.bad[..., 0]
    others, others_bad = window.baseline.attempts[..., 0], window.baseline.bad[..., 0]
    alone = 2 * others_bad * attempts <= bad * others
    return np.asarray((attempts >= GROSS_ATTEMPTS * weighing.mismatch.clump) & (bad >= GROSS_PART * attempts) & alone)


def is_outage(window: Tally, limit: float) -> Truths:
    """The baseline fails more often in a window than one that keeps the limit would."""
    bad, attempts = window.baseline.bad[..., 0], window.baseline.attempts[..., 0]
    return np.asarray(bdtrc(bad - 1, attempts.astype(int), limit) < OUTAGE)


def rolls_back(weighing: Weighing, last: Tally) -> Truths:
    """The candidate is shown to be worse, or fails grossly."""
    return is_gross(weighing, last) | (weighing.worse_by_criterion >= threshold(weighing.criteria)).any(axis=-1)


def leans(weighing: Weighing) -> Truths:
    """Which criteria speak somewhat against the candidate; the last axis is `Criteria.names`."""
    return np.asarray(weighing.worse_by_criterion > LEANING)


def is_unlike(weighing: Weighing) -> Truths:
    """The errors look rather like those of a candidate that fails `worst_ratio` times as often as the baseline."""
    return np.asarray(weighing.alike_log < UNLIKE)


def is_invalid(weighing: Weighing) -> Truths:
    """The split is shown not to be what it should be."""
    return np.asarray(weighing.mismatch.log >= -math.log(MISMATCH_ALPHA))


def is_proven(weighing: Weighing) -> Truths:
    """The candidate is shown to be what a promotion asks for."""
    criteria = weighing.criteria
    keeps = (weighing.kept.log >= enough(criteria)) & ~is_unlike(weighing)
    alike = weighing.alike_log >= enough(criteria)
    return np.asarray(keeps & alike if criteria.proof is Proof.BOTH else keeps | alike)


def promotes(weighing: Weighing, last: Tally) -> Truths:
    """Enough speaks for the candidate, and nothing against it or against this moment."""
    against = rolls_back(weighing, last) | is_invalid(weighing) | leans(weighing).any(axis=-1)
    return is_proven(weighing) & ~against & ~is_outage(last, weighing.criteria.errors)
