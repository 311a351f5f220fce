"""The evidence that a candidate is worse: what makes it safe to look at at any time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, hypergeom

from souk_canary.rule.dispersion import Dispersion
from souk_canary.rule.ratio import RatioEvidence, log_likelihood_ratios
from souk_canary.rule.weighing import ERROR_RATIOS, LATENCY_RATIOS

RATIOS = sorted({*ERROR_RATIOS, *LATENCY_RATIOS})
DISPERSIONS = [
    Dispersion(np.asarray(squares), np.asarray(degrees), np.asarray(replicas))
    for squares, degrees, replicas in ((0.0, 0.0, 0.0), (3.0, 4.0, 2.0), (30.0, 4.0, 2.0))
]
arms = st.tuples(st.integers(1, 60), st.integers(1, 60), st.floats(0.001, 0.999))
windows = st.lists(st.tuples(st.floats(0.01, 0.99), st.integers(0, 12), st.integers(0, 12)), max_size=6)


def factor(ratio: float, share: float, candidate: int, total: int, dispersion: Dispersion = DISPERSIONS[0]) -> float:
    """By which one window multiplies the evidence for one ratio."""
    evidence = RatioEvidence.none([ratio])
    return float(np.exp(after(evidence, share, candidate, total, dispersion).log))


def after(
    evidence: RatioEvidence, share: float, candidate: int, total: int, dispersion: Dispersion = DISPERSIONS[0]
) -> RatioEvidence:
    return evidence.after(np.asarray(share), np.asarray(float(candidate)), np.asarray(float(total)), dispersion)


@given(arms, st.sampled_from(RATIOS), st.sampled_from(DISPERSIONS))
def test_a_window_of_two_equal_versions_never_raises_the_evidence_on_average(
    arm: tuple[int, int, float], ratio: float, dispersion: Dispersion
) -> None:
    """By enumeration of every outcome; given that K failed, the candidate's are hypergeometric."""
    candidate, baseline, error = arm
    bad, others = np.meshgrid(np.arange(candidate + 1.0), np.arange(baseline + 1.0), indexing="ij")
    chance = binom.pmf(bad, candidate, error) * binom.pmf(others, baseline, error)
    share = np.full(bad.shape, candidate / (candidate + baseline))
    evidence = RatioEvidence.none([ratio], bad.shape).after(share, bad, bad + others, dispersion)
    assert float((chance * np.exp(evidence.log)).sum()) <= 1 + 1e-9


@given(st.integers(1, 40), st.integers(1, 40), st.data())
def test_it_does_not_whatever_the_number_that_failed(candidate: int, baseline: int, data: st.DataObject) -> None:
    total = data.draw(st.integers(0, candidate + baseline))
    ratio = data.draw(st.sampled_from(RATIOS))
    chances = hypergeom(candidate + baseline, candidate, total)
    share = candidate / (candidate + baseline)
    possible = range(max(0, total - baseline), min(candidate, total) + 1)
    assert sum(float(chances.pmf(bad)) * factor(ratio, share, bad, total) for bad in possible) <= 1 + 1e-9


def test_a_worse_candidate_raises_it_on_average() -> None:
    chances = binom(8, 0.5 * 5 / (0.5 * 5 + 0.5))
    assert sum(float(chances.pmf(bad)) * factor(3.0, 0.5, bad, 8) for bad in range(9)) > 1.5


@given(windows, windows)
def test_the_order_of_windows_does_not_matter(
    first: list[tuple[float, int, int]], second: list[tuple[float, int, int]]
) -> None:
    def folded(series: list[tuple[float, int, int]]) -> float:
        evidence = RatioEvidence.none(ERROR_RATIOS)
        for share, bad, others in series:
            evidence = after(evidence, share, bad, bad + others)
        return float(evidence.log)

    assert folded(first + second) == pytest.approx(folded(second + first))


@given(st.floats(0.01, 0.99), st.integers(2, 20), st.integers(0, 20))
def test_beyond_the_first_more_bad_events_of_the_candidate_never_lower_it_and_of_the_baseline_never_raise_it(
    share: float, bad: int, others: int
) -> None:
    def log(candidate: int, baseline: int) -> float:
        return float(after(RatioEvidence.none(ERROR_RATIOS), share, candidate, candidate + baseline).log)

    assert log(bad + 1, others) >= log(bad, others) - 1e-12
    assert log(bad, others + 1) <= log(bad, others) + 1e-12


@given(st.floats(0, 1))
def test_a_window_in_which_nothing_failed_says_nothing(share: float) -> None:
    assert after(RatioEvidence.none(ERROR_RATIOS), share, 0, 0).log == pytest.approx(0)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_without_the_other_version_nothing_is_compared(share: float) -> None:
    assert after(RatioEvidence.none(ERROR_RATIOS), share, int(7 * share), 7).log == pytest.approx(0)


@given(st.floats(0.01, 0.99), st.sampled_from(RATIOS), st.integers(0, 9), st.integers(0, 9))
def test_the_formula_is_the_likelihood_ratio_of_two_binomials(
    share: float, ratio: float, bad: int, others: int
) -> None:
    theta = share * ratio / (share * ratio + 1 - share)
    independent = binom.logpmf(bad, bad + others, theta) - binom.logpmf(bad, bad + others, share)
    ours = log_likelihood_ratios(
        np.array([ratio]), np.asarray(share), np.asarray(bad * 1.0), np.asarray(bad + others * 1.0)
    )
    assert float(ours[0]) == pytest.approx(float(independent))


def test_one_window_decides_nothing_however_bad() -> None:
    once = after(RatioEvidence.none(ERROR_RATIOS), 0.5, 10_000, 10_000)
    assert np.exp(float(once.log)) <= 3 + 1e-9


def test_replicas_that_differ_lower_what_a_window_may_say() -> None:
    alike, apart = (np.exp(float(after(RatioEvidence.none([10.0]), 0.1, 9, 9, each).log)) for each in DISPERSIONS[1:])
    assert alike == pytest.approx(3)
    assert apart < 1.5


def test_many_runs_at_once_are_judged_as_each_of_them_alone() -> None:
    bad, total = np.array([0.0, 1.0, 5.0]), np.array([2.0, 1.0, 6.0])
    many = RatioEvidence.none(ERROR_RATIOS, (3,)).after(np.full(3, 0.2), bad, total, Dispersion.none((3,)))
    alone = [after(RatioEvidence.none(ERROR_RATIOS), 0.2, int(k), int(n)).log for k, n in zip(bad, total, strict=True)]
    assert many.log == pytest.approx(np.array(alone))


def test_a_single_bad_event_says_at_most_a_factor_of_8() -> None:
    assert np.exp(float(after(RatioEvidence.none([100.0]), 0.001, 1, 1).log)) == pytest.approx(8)


def test_dispersion_divides_what_a_window_says() -> None:
    alike, apart = (float(after(RatioEvidence.none([2.0]), 0.5, 1, 1, each).log) for each in DISPERSIONS[1:])
    assert alike / apart == pytest.approx(32 / 6)
