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
from souk_canary.rule.floats import Floats, Truths, log_mean
from souk_canary.rule.mismatch import Mismatch
from souk_canary.rule.ratio import RatioEvidence, log_likelihood_ratios
from souk_canary.rule.tally import ArmTally, Tally

ENOUGH = 5
ERROR_RATIOS = (1.5, 2.0, 3.0, 5.0, 10.0, 30.0, 100.0)
LATENCY_RATIOS = (1.25, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0)
"""Times as bad as the baseline: what the evidence is for. A version twice as slow is many times as often slower than
a bound."""
ALIKE = np.array([0.5, 1.0, 1.2])
"""Times as bad as the baseline: what speaks for a candidate to be promoted, against `Criteria.worst_ratio`."""


@dataclass(frozen=True)
class Weighing:
    """Everything that has been learnt, of one run or of an array of runs."""

    criteria: Criteria
    bounds: tuple[float, ...]
    share: Floats
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
    mismatch: Mismatch
    """That the split is not what it should be."""
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
            share=np.zeros(shape),
            gathered=(zero, zero),
            known=Dispersion.none((*shape, measures)),
            seen=Dispersion.none((*shape, measures)),
            worse=RatioEvidence(ratios, np.zeros((*shape, *ratios.shape))),
            slow=AbsoluteEvidence.none(part, ABOVE, shape),
            broken=AbsoluteEvidence.none(criteria.errors, ABOVE, shape),
            kept=AbsoluteEvidence.none(criteria.errors, BELOW, shape),
            alike=np.zeros((*shape, len(ALIKE))),
            mismatch=Mismatch.none(shape),
            sums=(zero, zero),
        )

    def after(self, window: Tally) -> Weighing:
        """With one window more."""
        before = self._weighed(window.share != self.share)
        baseline, candidate = before.gathered
        gathered = baseline.plus(window.baseline), candidate.plus(window.candidate)
        baseline_attempts, candidate_attempts = (arm.attempts[..., 0] for arm in gathered)
        fewer = np.where(window.share == 1, candidate_attempts, np.minimum(baseline_attempts, candidate_attempts))
        told = replace(
            before,
            share=window.share,
            gathered=gathered,
            seen=before.seen.after(window.replicas.attempts, window.replicas.bad),
            kept=before.kept.after(window.candidate.attempts[..., 0], window.candidate.bad[..., 0]),
            mismatch=before.mismatch.after(window),
            sums=(before.sums[0].plus(window.baseline), before.sums[1].plus(window.candidate)),
        )
        return told._weighed(fewer >= ENOUGH)

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
    def alike_log(self) -> Floats:
        """ln of the evidence that the candidate fails less than `worst_ratio` times as often as the baseline."""
        return log_mean(self.alike)

    def _weighed(self, where: Truths) -> Weighing:
        """The gathered windows, judged in the runs `where` it is time."""
        baseline, candidate = (arm.only(where) for arm in self.gathered)
        attempts = baseline.attempts + candidate.attempts
        share = candidate.attempts / np.maximum(attempts, 1)
        total = baseline.bad + candidate.bad
        against = log_likelihood_ratios(
            np.array([self.criteria.worst_ratio]), share[..., 0], candidate.bad[..., 0], total[..., 0]
        )
        alike = log_likelihood_ratios(ALIKE, share[..., 0], candidate.bad[..., 0], total[..., 0]) - against
        moved = where[..., None]
        known = replace(self.known, replicas=self.seen.replicas)
        return replace(
            self,
            gathered=(self.gathered[0].only(~where), self.gathered[1].only(~where)),
            known=Dispersion(
                np.where(moved, self.seen.squares, self.known.squares),
                np.where(moved, self.seen.degrees, self.known.degrees),
                self.seen.replicas,
            ),
            worse=self.worse.after(share, candidate.bad, total, known),
            slow=self._slow(baseline, candidate),
            broken=self._broken(candidate),
            alike=self.alike + alike / self.known.factor[..., :1],
        )

    def _broken(self, candidate: ArmTally) -> AbsoluteEvidence:
        growth = self.broken.growth(candidate.attempts[..., 0], candidate.bad[..., 0]) / self.known.factor[..., 0, None]
        capped = np.minimum(growth, self.known.cap[..., 0, None])
        return replace(self.broken, logs=self.broken.logs + capped * (self.share == 1)[..., None])

    def _slow(self, baseline: ArmTally, candidate: ArmTally) -> AbsoluteEvidence:
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
        growth = (
            self.slow.growth(candidate.attempts[..., at], candidate.bad[..., at]) / self.known.factor[..., at, None]
        )
        return replace(
            self.slow, logs=self.slow.logs + np.minimum(growth, self.known.cap[..., at, None]) * keeps[..., None]
        )
