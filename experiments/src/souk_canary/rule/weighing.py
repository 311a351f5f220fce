"""All the evidence of an experiment, window by window: the core of the rule, for one run or for an array of runs.

Windows with few attempts are gathered until both versions have `ENOUGH`: in a window with two attempts of the
candidate, a third of the information is lost, because seeing its error at all means that its observed share was
high. Gathering looks at the numbers of attempts alone, never at how they ended, and never reaches across a change of
the split.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from souk_canary.rule.absolute import ABOVE, BELOW, AbsoluteEvidence
from souk_canary.rule.criteria import Criteria
from souk_canary.rule.dispersion import Dispersion
from souk_canary.rule.ratio import CAP, Floats, RatioEvidence, log_likelihood_ratios, log_mean
from souk_canary.rule.tally import ArmTally, Tally

ENOUGH = 5
ERROR_RATIOS = (1.5, 2.0, 3.0, 5.0, 10.0, 30.0, 100.0)
LATENCY_RATIOS = (1.25, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0)
"""Times as bad as the baseline: what the evidence is for. A version twice as slow is many times as often slower than
a bound."""
ALIKE = np.array([0.5, 1.0, 1.2])
"""Times as bad as the baseline: what speaks for a candidate to be promoted, against `Criteria.worst_ratio`."""
SPLITS = np.array([0.25, 0.5, 0.67, 0.8, 0.9, 0.95, 1.05, 1.1, 1.25, 1.5, 2.0, 4.0])
"""Times the odds that the split should have: what a mismatch of the sample would look like."""


@dataclass(frozen=True)
class Weighing:
    """Everything that has been learnt, of one run or of an array of runs."""

    criteria: Criteria
    bounds: tuple[float, ...]
    share: float
    """The split of the windows that are being gathered."""
    gathered: tuple[ArmTally, ArmTally]
    """The baseline's and the candidate's attempts that wait for more."""
    known: Dispersion
    """From the windows before those that are being gathered."""
    seen: Dispersion
    """From every window."""
    worse: RatioEvidence
    """That the candidate is worse, by what is measured."""
    slow: AbsoluteEvidence
    """That the candidate breaks the limit of latency although the baseline doesn't."""
    broken: AbsoluteEvidence
    """That the candidate breaks the limit of errors, from windows in which it had all requests (blue/green)."""
    kept: AbsoluteEvidence
    """That the candidate keeps the limit of errors."""
    alike: Floats
    """ln of the evidence that the candidate fails less than `worst_ratio` times as often, for each of `ALIKE`."""
    mismatch: Floats
    """ln of the evidence that the split is not what it should be, for all attempts and for the good ones, for each
    of `SPLITS`."""
    sums: tuple[ArmTally, ArmTally]
    """The baseline's and the candidate's counts since the beginning."""

    @classmethod
    def none(cls, criteria: Criteria, bounds: tuple[float, ...], shape: tuple[int, ...] = ()) -> Weighing:
        """Before the first window."""
        measures = 1 + len(bounds) + len(criteria.custom)
        zero = ArmTally(np.zeros((*shape, measures)), np.zeros((*shape, measures)))
        latency = [LATENCY_RATIOS] * len(bounds)
        custom = [ERROR_RATIOS] * len(criteria.custom)
        ratios = np.array([ERROR_RATIOS, *latency, *custom])
        part = criteria.latency.part if criteria.latency else 0.01
        return cls(
            criteria,
            bounds,
            share=0.0,
            gathered=(zero, zero),
            known=Dispersion.none((*shape, measures)),
            seen=Dispersion.none((*shape, measures)),
            worse=RatioEvidence(ratios, np.zeros((*shape, *ratios.shape))),
            slow=AbsoluteEvidence.none(part, ABOVE, shape),
            broken=AbsoluteEvidence.none(criteria.errors, ABOVE, shape),
            kept=AbsoluteEvidence.none(criteria.errors, BELOW, shape),
            alike=np.zeros((*shape, len(ALIKE))),
            mismatch=np.zeros((*shape, 2, len(SPLITS))),
            sums=(zero, zero),
        )

    def after(self, window: Tally) -> Weighing:
        """With one window more."""
        everything = np.ones(window.candidate.attempts.shape[:-1])
        before = self if window.share == self.share else self._weighed(everything)
        baseline, candidate = before.gathered
        gathered = baseline.plus(window.baseline), candidate.plus(window.candidate)
        baseline_attempts, candidate_attempts = (arm.attempts[..., 0] for arm in gathered)
        fewer = candidate_attempts if window.share == 1 else np.minimum(baseline_attempts, candidate_attempts)
        told = replace(
            before,
            share=window.share,
            gathered=gathered,
            seen=before.seen.after(window.replicas.attempts, window.replicas.bad),
            kept=before.kept.after(window.candidate.attempts[..., 0], window.candidate.bad[..., 0]),
            mismatch=before.mismatch + _mismatch(window),
            sums=(before.sums[0].plus(window.baseline), before.sums[1].plus(window.candidate)),
        )
        return told._weighed((fewer >= ENOUGH).astype(float))

    @property
    def worse_by_criterion(self) -> Floats:
        """ln of the evidence against the candidate; the last axis is `Criteria.names`."""
        logs = self.worse.logs
        latency = 1 + len(self.bounds)
        slower = log_mean(logs[..., 1:latency, :].reshape(*logs.shape[:-2], -1)) if self.bounds else logs[..., 0, 0] * 0
        if self.criteria.latency:
            slower = log_mean(np.stack([slower, self.slow.log], axis=-1))
        by_custom = log_mean(logs[..., latency:, :])
        # Of different windows: the one says nothing where the other grows, so that their product's mean is 1 as well.
        errors = log_mean(logs[..., 0, :]) + self.broken.log
        return np.concatenate([errors[..., None], slower[..., None], by_custom], axis=-1)

    @property
    def mismatched(self) -> Floats:
        """ln of the evidence that the split isn't what it should be.

        The lesser of two: a proxy tries again where the first attempt failed, so all attempts of a failing version
        are more than its share, and the good ones are not; without retries it is the other way round. Each has mean
        1 where it should fit.
        """
        return np.asarray(log_mean(self.mismatch).min(axis=-1))

    def _weighed(self, where: Floats) -> Weighing:
        """The gathered windows, judged in the runs where `where` is 1."""
        baseline, candidate = (arm.only(where) for arm in self.gathered)
        attempts = baseline.attempts + candidate.attempts
        share = candidate.attempts / np.maximum(attempts, 1)
        total = baseline.bad + candidate.bad
        dispersion = self.known.factor
        against = log_likelihood_ratios(
            np.array([self.criteria.worst_ratio]), share[..., 0], candidate.bad[..., 0], total[..., 0]
        )
        alike = log_likelihood_ratios(ALIKE, share[..., 0], candidate.bad[..., 0], total[..., 0]) - against
        left = 1 - where
        moved = where[..., None]
        return replace(
            self,
            gathered=(self.gathered[0].only(left), self.gathered[1].only(left)),
            known=Dispersion(
                np.where(moved, self.seen.squares, self.known.squares),
                np.where(moved, self.seen.degrees, self.known.degrees),
            ),
            worse=self.worse.after(share, candidate.bad, total, dispersion),
            slow=self._slow(baseline, candidate, dispersion),
            broken=self._broken(candidate, dispersion),
            alike=self.alike + alike / dispersion[..., :1],
        )

    def _broken(self, candidate: ArmTally, dispersion: Floats) -> AbsoluteEvidence:
        if self.share != 1:
            return self.broken
        growth = self.broken.growth(candidate.attempts[..., 0], candidate.bad[..., 0]) / dispersion[..., 0, None]
        return replace(self.broken, logs=self.broken.logs + np.minimum(growth, CAP))

    def _slow(self, baseline: ArmTally, candidate: ArmTally, dispersion: Floats) -> AbsoluteEvidence:
        """A window counts only while the baseline keeps the limit, in this window and on the whole: else both are
        slow."""
        limit = self.criteria.latency
        if limit is None:
            return self.slow
        at = 1 + next(i for i, bound in enumerate(self.bounds) if bound >= limit.seconds)
        whole = self.sums[0]
        keeps = (baseline.bad[..., at] <= limit.part * baseline.attempts[..., at]) & (
            whole.bad[..., at] <= limit.part * whole.attempts[..., at]
        )
        growth = self.slow.growth(candidate.attempts[..., at], candidate.bad[..., at]) / dispersion[..., at, None]
        return replace(self.slow, logs=self.slow.logs + np.minimum(growth, CAP) * keeps[..., None])


def _mismatch(window: Tally) -> Floats:
    if not 0 < window.share < 1:  # nothing is split
        return np.zeros(())
    arms = [
        (arm.attempts[..., 0], arm.attempts[..., 0] - arm.bad[..., 0]) for arm in (window.baseline, window.candidate)
    ]
    baseline, candidate = (np.stack(arm, axis=-1) for arm in arms)
    return log_likelihood_ratios(SPLITS, np.asarray(window.share), candidate, baseline + candidate)
