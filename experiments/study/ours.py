"""The rule that ships, on simulated runs: the same `Weighing` and the same verdicts, given arrays."""

from __future__ import annotations

import numpy as np

from souk_canary.rule.criteria import Criteria
from souk_canary.rule.tally import ArmTally, Tally
from souk_canary.rule.verdict import is_invalid, promotes, rolls_back
from souk_canary.rule.weighing import Weighing
from study.plan import STEP, STEPS, Outcomes, first, outcomes, share
from study.worlds import WINDOWS, Counts, Floats, Traffic


def judged(traffic: Traffic, windows: list[Counts], criteria: Criteria) -> tuple[Outcomes, Floats]:
    """What runs came to, and after which window each was found invalid.

    As the engine does it, the first window after each change of the weights is not counted, and nothing is promoted
    before the last step is over.
    """
    bounds = traffic.bounds
    weighing = Weighing.none(criteria, bounds, (traffic.runs,))
    back, forward, invalid = (np.zeros((WINDOWS, traffic.runs), dtype=bool) for _ in range(3))
    for at, window in enumerate(windows):
        if at % STEP == 0 and at < STEP * len(STEPS):
            continue
        last = tallied(window, np.full(traffic.runs, share(at)))
        weighing = weighing.after(last)
        back[at] = rolls_back(weighing, last)
        invalid[at] = is_invalid(weighing)
        if at + 1 >= STEP * len(STEPS):
            forward[at] = promotes(weighing, last)
    ended = outcomes(traffic, windows, first(back), first(forward))
    return ended, first(invalid)


def tallied(window: Counts, share: Floats) -> Tally:
    """A simulated window as the rule takes it."""
    attempts = _measures(window.baseline, window.baseline_slower).swapaxes(-1, -2)
    bad = _bad(window.baseline_bad, window.baseline_slower).swapaxes(-1, -2)
    return Tally(
        share,
        ArmTally(attempts.sum(axis=-1), bad.sum(axis=-1)),
        ArmTally(
            _measures(window.candidate, window.candidate_slower), _bad(window.candidate_bad, window.candidate_slower)
        ),
        ArmTally(attempts, bad),
    )


def _measures(attempts: Floats, slower: Floats) -> Floats:
    """The attempts, once for errors and once for each bound."""
    return np.repeat(attempts[..., None], 1 + slower.shape[-1], axis=-1)


def _bad(failed: Floats, slower: Floats) -> Floats:
    return np.concatenate([failed[..., None], slower], axis=-1)
