"""The study decides by the rule that ships."""

from __future__ import annotations

import numpy as np
import pytest

from souk_canary.counts import Arm, PodCounts, Window
from souk_canary.rule import Criteria, Judge
from souk_canary.rule.verdict import is_invalid, promotes, rolls_back
from souk_canary.rule.weighing import Weighing
from study.ours import tallied
from study.worlds import BOUNDS, Cell, Counts, Traffic, World

RUNS = 12
SHARES = np.repeat([0.1, 0.3, 0.5], 12)


def alone(window: Counts, run: int, share: float) -> Window:
    """One run's part of a simulated window, as a source would give it."""
    pods = {
        str(pod): PodCounts(
            int(window.baseline[run, pod]),
            int(window.baseline_bad[run, pod]),
            tuple(int(count) for count in window.baseline_slower[run, pod]),
        )
        for pod in range(window.baseline.shape[1])
    }
    slower = tuple(int(count) for count in window.baseline_slower[run].sum(axis=0))
    baseline = Arm(int(window.baseline[run].sum()), int(window.baseline_bad[run].sum()), slower, pods=pods)
    own = tuple(int(count) for count in window.candidate_slower[run])
    candidate = Arm(int(window.candidate[run]), int(window.candidate_bad[run]), own)
    return Window(0, 10, share, BOUNDS if own else (), baseline, candidate)


@pytest.mark.parametrize(
    "cell",
    [
        Cell(World.STEADY, 2.0, 0.02, 0.1),
        Cell(World.POD_BURSTS, 20.0, 0.005),
        Cell(World.STEADY, 20.0, 0.01, slower=1.5, latency=True),
    ],
    ids=lambda cell: cell.name,
)
def test_many_simulated_runs_are_judged_as_each_of_them_alone(cell: Cell) -> None:
    traffic = Traffic(cell, RUNS, np.random.SeedSequence(5))
    many = Weighing.none(Criteria(), traffic.bounds, (RUNS,))
    judges = [Judge.start(Criteria(), traffic.bounds) for _ in range(RUNS)]
    for at, share in enumerate(SHARES):
        window = traffic.window(at, np.full(RUNS, share))
        last = tallied(window, np.full(RUNS, share), np.ones(RUNS, dtype=bool))
        many = many.after(last)
        judges = [judge.after(alone(window, run, float(share))) for run, judge in enumerate(judges)]
        said = [judge.opinion for judge in judges]
        assert [opinion.roll_back is not None for opinion in said] == list(rolls_back(many, last))
        assert [opinion.promote for opinion in said] == list(promotes(many, last))
        assert [opinion.invalid is not None for opinion in said] == list(is_invalid(many))
    logs = np.array([[evidence.log for evidence in judge.opinion.evidence] for judge in judges])
    assert many.worse_by_criterion == pytest.approx(logs)
    assert np.abs(logs).max() > 1
