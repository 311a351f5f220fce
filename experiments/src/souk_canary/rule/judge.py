"""Judges an experiment: takes windows, and has an opinion after each."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy.stats import binom

from souk_canary.counts import Arm, Window
from souk_canary.rule.criteria import Criteria, Proof
from souk_canary.rule.ratio import Floats, log_mean
from souk_canary.rule.tally import tally
from souk_canary.rule.weighing import Weighing

GROSS_PART, GROSS_ATTEMPTS = 0.5, 20
"""Half of at least so many attempts in one window failed: nobody waits for more evidence."""
MISMATCH_ALPHA = 1e-3
"""A split that is as it should be is taken for wrong in at most this part of the runs."""
OUTAGE = 1e-3
"""A window of the baseline that a baseline within the limit would show less often than this is an outage of its own."""
LEANING = math.log(3)
"""No candidate is promoted while the evidence against it is above this; of good ones, at most a third ever are
(Ville)."""
FARTHEST = 1e4
"""Times as many attempts as there were: who needs more than that needs another experiment."""


class BadCriteria(ValueError):
    """The criteria can't be judged by; the text says why, and what to do."""


@dataclass(frozen=True)
class Evidence:
    """How much speaks against the candidate, by one criterion: it is rolled back when `log` reaches `threshold`."""

    criterion: str
    log: float
    threshold: float


@dataclass(frozen=True)
class Opinion:
    """What the windows so far say."""

    roll_back: str | None
    """Why the candidate is to be rolled back at once, in a sentence."""
    promote: bool
    """Enough speaks for the candidate, and nothing much against it."""
    hold: str | None
    """Why this is no moment to go on or to promote, in a sentence."""
    invalid: str | None
    """Why nothing can be learnt from this experiment, in a sentence."""
    needed: int | None
    """About so many attempts of the candidate are missing for a promotion, if all goes on as so far; None: no number
    would do."""
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True)
class Judge:
    """The rule, after some windows."""

    weighing: Weighing
    last: Window | None = None

    @classmethod
    def start(cls, criteria: Criteria, bounds: tuple[float, ...]) -> Judge:
        """Before the first window; `bounds` are those of the source.

        Raises:
            BadCriteria: no bound can tell whether the limit of latency is kept.
        """
        limit = criteria.latency
        if limit and not any(bound >= limit.seconds for bound in bounds):
            raise BadCriteria(
                f"latency: the source compares with bounds up to {max(bounds, default=0)} s and can't tell "
                f"what takes longer than {limit.seconds} s; choose a lower limit, or add a bound"
            )
        return cls(Weighing.none(criteria, bounds))

    def after(self, window: Window) -> Judge:
        """With one window more."""
        return replace(self, weighing=self.weighing.after(tally(window, self.weighing.criteria)), last=window)

    @property
    def opinion(self) -> Opinion:
        """What the windows so far say."""
        evidence = self._evidence()
        needed = self._needed()
        hold = self._hold(evidence)
        roll_back = self._roll_back(evidence)
        invalid = self._invalid()
        return Opinion(
            roll_back=roll_back,
            promote=needed == 0 and not (hold or roll_back or invalid),
            hold=hold,
            invalid=invalid,
            needed=needed,
            evidence=evidence,
        )

    def _evidence(self) -> tuple[Evidence, ...]:
        criteria = self.weighing.criteria
        threshold = -math.log(criteria.alpha_each)
        logs = self.weighing.worse_by_criterion
        return tuple(Evidence(name, float(log), threshold) for name, log in zip(criteria.names, logs, strict=True))

    def _roll_back(self, evidence: tuple[Evidence, ...]) -> str | None:
        if self.last and is_gross(self.last.baseline, self.last.candidate):
            candidate = self.last.candidate
            return f"{candidate.bad} of {candidate.attempts} attempts of the candidate failed in one window"
        strongest = max(evidence, key=lambda each: each.log - each.threshold)
        if strongest.log < strongest.threshold:
            return None
        rare = f"a good version shows so much in 1 of {math.exp(strongest.log):.0f} runs at most"
        return f"{strongest.criterion}: {self._comparison(strongest.criterion)}; {rare}"

    def _comparison(self, criterion: str) -> str:
        worse = self.weighing.worse
        names = self.weighing.criteria.names
        if criterion == "latency":
            measure = 1 + int(np.argmax(log_mean(worse.logs)[1 : 1 + len(self.weighing.bounds)]))
            what = f"slower than {self.weighing.bounds[measure - 1]:g} s"
        else:
            measure = 0 if criterion == "errors" else len(self.weighing.bounds) + names.index(criterion) - 1
            what = "bad"
        baseline, candidate = self.weighing.sums
        return (
            f"{candidate.bad[measure]:.0f} of {candidate.attempts[measure]:.0f} attempts of the candidate were {what}, "
            f"and {baseline.bad[measure]:.0f} of {baseline.attempts[measure]:.0f} of the baseline"
        )

    def _hold(self, evidence: tuple[Evidence, ...]) -> str | None:
        limit = self.weighing.criteria.errors
        if self.last and is_outage(self.last.baseline, limit):
            baseline = self.last.baseline
            return f"the baseline itself fails: {baseline.bad} of {baseline.attempts} attempts in the last window"
        leaning = [each for each in evidence if each.log > LEANING]
        if leaning:
            return f"the evidence leans against the candidate: {', '.join(each.criterion for each in leaning)}"
        return None

    def _invalid(self) -> str | None:
        if self.weighing.mismatched < -math.log(MISMATCH_ALPHA):
            return None
        baseline, candidate = (arm.attempts[0] for arm in self.weighing.sums)
        return (
            f"the split is not what it should be: the candidate had {candidate:.0f} "
            f"of {baseline + candidate:.0f} attempts; "
            "look for affinity, long streams, and proxies with an old configuration"
        )

    def _needed(self) -> int | None:
        criteria = self.weighing.criteria
        enough = math.log(2 / criteria.beta)
        attempts = float(self.weighing.sums[1].attempts[0])
        kept = self.weighing.kept
        if attempts == 0:
            attempts, logs = 1.0, kept.growth(np.asarray(1.0), np.asarray(0.0))
            first = _missing(logs, attempts, enough)
            return None if first is None or criteria.proof is Proof.BOTH else first + 1
        ways = [_missing(kept.logs, attempts, enough), _missing(self.weighing.alike, attempts, enough)]
        possible = [way for way in ways if way is not None]
        if criteria.proof is Proof.BOTH:
            return max(possible) if len(possible) == len(ways) else None
        return min(possible, default=None)


def is_gross(baseline: Arm, candidate: Arm) -> bool:
    """The candidate fails at least half of its attempts in a window, and the baseline not half as often."""
    if candidate.attempts < GROSS_ATTEMPTS or candidate.bad < GROSS_PART * candidate.attempts:
        return False
    return 2 * baseline.bad * candidate.attempts <= candidate.bad * baseline.attempts


def is_outage(baseline: Arm, limit: float) -> bool:
    """The baseline fails more often in a window than one that keeps the limit would."""
    return float(binom.sf(baseline.bad - 1, baseline.attempts, limit)) < OUTAGE


def _missing(logs: Floats, attempts: float, enough: float) -> int | None:
    """How many attempts more bring the evidence to `enough`, if it goes on to grow as in the first `attempts`."""
    if log_mean(logs) >= enough:
        return 0
    if log_mean(logs * FARTHEST) < enough:
        return None
    low, high = 1.0, FARTHEST
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if log_mean(logs * middle) >= enough else (middle, high)
    return math.ceil(attempts * (high - 1))
