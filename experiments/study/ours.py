"""The rule that ships, on simulated runs: the same `Weighing` and the same verdicts, given arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from souk_canary.rule.criteria import Criteria, LatencyLimit
from souk_canary.rule.floats import Floats, Truths
from souk_canary.rule.tally import ArmTally, Tally
from souk_canary.rule.verdict import is_invalid, is_outage, leans, promotes, rolls_back
from souk_canary.rule.weighing import Weighing
from study.plan import STEP, STEPS, Outcomes, harmed
from study.worlds import LIMIT, WINDOWS, Counts, Traffic


@dataclass(frozen=True)
class Souk:
    """As the engine does it: the first window after each change of the weights is not counted, a step is held while the
    evidence leans against the candidate or the baseline fails itself, and nothing is promoted before the last is
    over."""

    alpha: float = 0.01

    def judged(self, traffic: Traffic) -> Outcomes:
        """What runs came to. The weights depend on the evidence, so the windows are drawn here."""
        runs = traffic.runs
        criteria = Criteria(latency=LatencyLimit(LIMIT) if traffic.bounds else None, alpha=self.alpha)
        weighing = Weighing.none(criteria, traffic.bounds, (runs,))
        shares = np.array([*STEPS, 0.0, 1.0])
        step, inside = np.zeros(runs, dtype=int), np.zeros(runs, dtype=int)
        back, forward, invalid = (np.full(runs, np.inf) for _ in range(3))
        harm = np.zeros(runs)
        for at in range(WINDOWS):
            window = traffic.window(at, shares[step])
            harm += harmed(window)
            running = step < len(STEPS)
            if not running.any():
                continue
            counted = running & (inside > 0)
            last = tallied(window, shares[step], counted)
            weighing = weighing.after(last)
            inside += 1
            wrong = counted & is_invalid(weighing)
            worse = counted & ~wrong & rolls_back(weighing, last)
            waits = leans(weighing).any(axis=-1) | is_outage(last, criteria.errors)
            over = running & ~wrong & ~worse & (inside >= STEP) & ~waits
            good = over & (step == len(STEPS) - 1) & promotes(weighing, last)
            invalid[wrong], back[worse], forward[good] = at + 1, at + 1, at + 1
            further = over & (step < len(STEPS) - 1)
            inside[further] = 0
            step = np.where(wrong | worse, len(STEPS), np.where(good, len(STEPS) + 1, step + further))
        return Outcomes(back, forward, invalid, harm)


def tallied(window: Counts, share: Floats, counted: Truths) -> Tally:
    """A simulated window as the rule takes it; nothing was seen in runs where it isn't counted."""
    attempts = _measures(window.baseline, window.baseline_slower).swapaxes(-1, -2) * counted[:, None, None]
    bad = _bad(window.baseline_bad, window.baseline_slower).swapaxes(-1, -2) * counted[:, None, None]
    candidate = ArmTally(
        _measures(window.candidate, window.candidate_slower), _bad(window.candidate_bad, window.candidate_slower)
    )
    baseline = ArmTally(attempts.sum(axis=-1), bad.sum(axis=-1))
    return Tally(share, baseline, candidate.only(counted), ArmTally(attempts, bad))


def _measures(attempts: Floats, slower: Floats) -> Floats:
    """The attempts, once for errors and once for each bound."""
    return np.repeat(attempts[..., None], 1 + slower.shape[-1], axis=-1)


def _bad(failed: Floats, slower: Floats) -> Floats:
    return np.concatenate([failed[..., None], slower], axis=-1)
