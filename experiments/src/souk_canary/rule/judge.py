"""Judges an experiment: takes windows, and has an opinion after each."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from souk_canary.counts import Arm, Window
from souk_canary.rule.criteria import Criteria, Proof
from souk_canary.rule.floats import Floats, log_mean
from souk_canary.rule.tally import Tally, tally
from souk_canary.rule.verdict import (
    enough,
    is_gross,
    is_invalid,
    is_outage,
    is_unlike,
    leans,
    promotes,
    rolls_back,
    threshold,
)
from souk_canary.rule.weighing import Weighing

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
    last: Window

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
        nothing = Arm(0, 0, (0,) * len(bounds))
        return cls(Weighing.none(criteria, bounds), Window(0, 0, 0, bounds, nothing, nothing))

    def after(self, window: Window) -> Judge:
        """With one window more."""
        return replace(self, weighing=self.weighing.after(tally(window, self.weighing.criteria)), last=window)

    @cached_property
    def opinion(self) -> Opinion:
        """What the windows so far say."""
        return Opinion(
            roll_back=self._why_back() if rolls_back(self.weighing, self._last) else None,
            promote=bool(promotes(self.weighing, self._last)),
            hold=self._why_hold(),
            invalid=self._why_invalid() if is_invalid(self.weighing) else None,
            needed=self._needed(),
            evidence=self._evidence(),
        )

    @cached_property
    def _last(self) -> Tally:
        return tally(self.last, self.weighing.criteria)

    def _evidence(self) -> tuple[Evidence, ...]:
        criteria = self.weighing.criteria
        named = zip(criteria.names, self.weighing.worse_by_criterion, strict=True)
        return tuple(Evidence(name, float(log), threshold(criteria)) for name, log in named)

    def _why_back(self) -> str:
        if is_gross(self.weighing, self._last):
            candidate = self.last.candidate
            return f"{candidate.bad} of {candidate.attempts} attempts of the candidate failed in one window"
        strongest = max(self._evidence(), key=lambda evidence: evidence.log)
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

    def _why_hold(self) -> str | None:
        criteria = self.weighing.criteria
        if is_outage(self._last, criteria.errors):
            baseline = self.last.baseline
            return f"the baseline itself fails: {baseline.bad} of {baseline.attempts} attempts in the last window"
        leaning = [name for name, against in zip(criteria.names, leans(self.weighing), strict=True) if against]
        return f"the evidence leans against the candidate: {', '.join(leaning)}" if leaning else None

    def _why_invalid(self) -> str:
        baseline, candidate = (arm.attempts[0] for arm in self.weighing.sums)
        return (
            f"the split is not what it should be: the candidate had {candidate:.0f} "
            f"of {baseline + candidate:.0f} attempts; "
            "look for affinity, long streams, and proxies with an old configuration"
        )

    def _needed(self) -> int | None:
        criteria = self.weighing.criteria
        attempts = float(self.weighing.sums[1].attempts[0])
        kept = self.weighing.kept
        if attempts == 0:
            first = _missing(kept.growth(np.asarray(1.0), np.asarray(0.0)), 1.0, enough(criteria))
            return None if first is None or criteria.proof is Proof.BOTH else first + 1
        ways = [_missing(logs, attempts, enough(criteria)) for logs in (kept.logs, self.weighing.alike)]
        if is_unlike(self.weighing):
            ways[0] = None
        possible = [way for way in ways if way is not None]
        if criteria.proof is Proof.BOTH:
            return max(possible) if len(possible) == len(ways) else None
        return min(possible, default=None)


def _missing(logs: Floats, attempts: float, goal: float) -> int | None:
    """How many attempts more bring the evidence to `goal`, if it goes on to grow as in the first `attempts`."""
    if log_mean(logs) >= goal:
        return 0
    if log_mean(logs * FARTHEST) < goal:
        return None
    low, high = 1.0, FARTHEST
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if log_mean(logs * middle) >= goal else (middle, high)
    return math.ceil(attempts * (high - 1))
