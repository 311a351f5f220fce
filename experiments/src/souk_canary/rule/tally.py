"""The counts of a window as arrays: of one run, or of many at once, so that a study decides by the rule that ships."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from souk_canary.counts import Arm, PodCounts, Window
from souk_canary.rule.criteria import Criteria
from souk_canary.rule.floats import Floats, Truths


@dataclass(frozen=True)
class ArmTally:
    """One version in a window. The last axis is what is measured: errors, slower than each bound, the custom
    criteria."""

    attempts: Floats
    bad: Floats

    def plus(self, other: ArmTally) -> ArmTally:
        """Both together."""
        return ArmTally(self.attempts + other.attempts, self.bad + other.bad)

    def only(self, where: Truths) -> ArmTally:
        """Zero in all runs but these."""
        return ArmTally(self.attempts * where[..., None], self.bad * where[..., None])


@dataclass(frozen=True)
class Tally:
    """Both versions in a window."""

    share: Floats
    """Which part of the requests was meant for the candidate."""
    baseline: ArmTally
    candidate: ArmTally
    replicas: ArmTally
    """Those of the baseline that tell replicas apart: as `baseline`, and a last axis more, the replicas."""


def tally(window: Window, criteria: Criteria) -> Tally:
    """A window of one run."""
    pods = list(window.baseline.pods.values())
    return Tally(
        np.asarray(window.share, dtype=float),
        _arm(window.baseline, window, criteria),
        _arm(window.candidate, window, criteria),
        ArmTally(
            *(np.stack(side, axis=-1) for side in zip(*(_pod(pod, window, criteria) for pod in pods), strict=True))
        )
        if pods
        else ArmTally(np.zeros((1, 0)), np.zeros((1, 0))),
    )


def _arm(arm: Arm, window: Window, criteria: Criteria) -> ArmTally:
    custom = [arm.custom.get(name, PodCounts(0, 0)) for name in criteria.custom]
    asked = _compared([arm.attempts] * len(arm.slower), window, criteria)
    slower = _compared(arm.slower, window, criteria)
    attempts = [arm.attempts, *asked, *(counts.attempts for counts in custom)]
    return ArmTally(_floats(attempts), _floats([arm.bad, *slower, *(counts.bad for counts in custom)]))


def _pod(pod: PodCounts, window: Window, criteria: Criteria) -> tuple[Floats, Floats]:
    """What a source can't tell of a pod counts as no attempts: it says nothing about dispersion."""
    unknown = [0] * len(window.bounds)
    slower = _compared(pod.slower or unknown, window, criteria)
    asked = _compared([pod.attempts] * len(window.bounds) if pod.slower else unknown, window, criteria)
    rest = [0] * len(criteria.custom)
    return _floats([pod.attempts, *asked, *rest]), _floats([pod.bad, *slower, *rest])


def _compared(counts: Sequence[int], window: Window, criteria: Criteria) -> list[int]:
    """Counts by bound: none at a bound below which everybody is content."""
    return [count if bound >= criteria.quick else 0 for count, bound in zip(counts, window.bounds, strict=True)]


def _floats(values: list[int]) -> Floats:
    return np.asarray(values, dtype=float)
