"""Whether the split is what it should be."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from souk_canary.rule.mismatch import Mismatch
from souk_canary.rule.tally import ArmTally, Tally

ALARM = math.log(1000)


def after(mismatch: Mismatch, share: float, candidate: float, total: float, bad: float = 0.0) -> Mismatch:
    """With a window more, in which this many of all attempts were the candidate's."""
    nothing = ArmTally(np.zeros((1, 0)), np.zeros((1, 0)))
    arms = (ArmTally(np.array([total - candidate]), np.zeros(1)), ArmTally(np.array([candidate]), np.array([bad])))
    return mismatch.after(Tally(np.asarray(share), *arms, nothing))


@given(st.floats(0.01, 0.99), st.integers(0, 60))
def test_a_split_that_is_right_never_raises_the_evidence_on_average(share: float, total: int) -> None:
    mean = sum(
        float(binom.pmf(candidate, total, share)) * math.exp(float(after(Mismatch.none(), share, candidate, total).log))
        for candidate in range(total + 1)
    )
    assert mean <= 1 + 1e-9


def test_a_share_that_is_twice_what_it_should_be_is_found() -> None:
    mismatch = Mismatch.none()
    for _ in range(10):
        mismatch = after(mismatch, 0.1, 40, 200)
    assert float(mismatch.log) > ALARM


def test_a_mismatch_across_steps_adds_up() -> None:
    mismatch = Mismatch.none()
    for share, candidate in ((0.1, 40), (0.2, 70), (0.3, 92)):
        for _ in range(3):
            mismatch = after(mismatch, share, candidate, 200)
    assert float(mismatch.log) > ALARM


def test_windows_of_different_splits_are_not_taken_for_clumps() -> None:
    """The odds are half as much again as they should be. Of 2000 attempts that is z = 6.4 and of 100 z = 2, which
    differ for no other reason than the split and the traffic."""
    mismatch = Mismatch.none()
    for share, candidate, total in ((0.1, 286, 2000), (0.5, 60, 100)) * 4:
        mismatch = after(mismatch, share, candidate, total)
    assert float(mismatch.log) > ALARM


def test_attempts_that_a_proxy_made_again_after_failures_are_no_mismatch() -> None:
    """20 requests of 200; the candidate fails half of its attempts, and each request is tried up to three times."""
    mismatch = Mismatch.none()
    for _ in range(30):
        mismatch = after(mismatch, 0.1, 35, 215, bad=17.5)
    assert float(mismatch.log) < ALARM


def test_attempts_in_clumps_are_no_mismatch_where_single_ones_would_be() -> None:
    """The same totals: all of 20 windows' attempts of the candidate were in every fourth of them."""
    single, clumped = Mismatch.none(), Mismatch.none()
    for at in range(40):
        single = after(single, 0.1, 27, 200)
        clumped = after(clumped, 0.1, 108 if at % 4 == 0 else 0, 200)
    assert float(single.log) > ALARM
    assert float(clumped.log) < ALARM


@given(st.integers(0, 2**32 - 1))
def test_how_many_attempts_go_together_is_told_by_how_unevenly_they_fall(seed: int) -> None:
    streams = np.random.default_rng(seed)
    single, clumped = Mismatch.none(), Mismatch.none()
    for _ in range(200):
        single = after(single, 0.3, float(streams.binomial(100, 0.3)), 100)
        clumped = after(clumped, 0.3, 20.0 * streams.binomial(5, 0.3), 100)
    assert 1 <= float(single.clump) < 1.8
    assert 11 < float(clumped.clump) < 36


def test_without_attempts_or_a_split_nothing_is_said() -> None:
    for share, candidate, total in ((0.0, 0, 50), (1.0, 50, 50), (0.5, 0, 0)):
        assert float(after(Mismatch.none(), share, candidate, total).log) == 0
