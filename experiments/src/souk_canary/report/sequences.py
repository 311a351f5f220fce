"""Confidence sequences: intervals that hold at every moment at once, however often one looks.

The interval at level 1-α holds every share p that the data do not contradict:

    B(k + 1/2, n - k + 1/2) / B(1/2, 1/2) < p^k (1-p)^(n-k) / α          k of n; B: the beta function

The left side, divided by the likelihood of p, is a mixture of likelihood ratios with mean 1 while p is the truth: it
ever reaches 1/α with a probability of at most α (Ville 1939; Robbins 1970). Assumed: the share does not change.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from scipy.optimize import brentq
from scipy.special import betaln, xlog1py, xlogy

ALPHA = 0.05


def interval(attempts: int, bad: int, alpha: float = ALPHA) -> tuple[float, float]:
    """The shares that so many bad ones of so many attempts do not contradict."""
    if attempts == 0:
        return 0.0, 1.0
    mixture = float(betaln(bad + 0.5, attempts - bad + 0.5) - betaln(0.5, 0.5))

    def against(share: float) -> float:
        likelihood = float(xlogy(bad, share) + xlog1py(attempts - bad, -share))
        return mixture - likelihood - math.log(1 / alpha)

    observed = bad / attempts
    low = float(brentq(against, 1e-12, observed)) if bad and against(1e-12) > 0 else 0.0
    high = float(brentq(against, observed, 1 - 1e-12)) if bad < attempts and against(1 - 1e-12) > 0 else 1.0
    return low, high


def sequence(counts: Sequence[tuple[int, int]], alpha: float = ALPHA) -> list[tuple[float, float]]:
    """The intervals after each of a series of (attempts, bad); all hold at once, so each is cut by those before it."""
    found: list[tuple[float, float]] = []
    attempts = bad = 0
    low, high = 0.0, 1.0
    for more, worse in counts:
        attempts, bad = attempts + more, bad + worse
        now = interval(attempts, bad, alpha)
        cut = max(low, now[0]), min(high, now[1])
        # Empty only if the share changed, against what was assumed: then the newest says most.
        low, high = cut if cut[0] <= cut[1] else now
        found.append((low, high))
    return found
