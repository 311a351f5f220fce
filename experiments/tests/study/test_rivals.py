"""The rules of other tools, as their code and documents say."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import mannwhitneyu

from study.plan import Outcomes
from study.rivals import Argo, Flagger, Kayenta, is_worse, quantile
from study.run import Rule
from study.worlds import BOUNDS, WINDOW, Cell, Traffic, World, buckets

FAILING = Cell(World.STEADY, 20.0, 0.0, 0.3)
GOOD = Cell(World.STEADY, 20.0, 0.0)


def judged(rule: Rule, cell: Cell) -> Outcomes:
    return rule.judged(Traffic(cell, 20, np.random.SeedSequence(3)))


@pytest.mark.parametrize("checks", [1, 5])
def test_flagger_rolls_back_on_the_tick_after_the_last_check_that_it_allows_to_fail(checks: int) -> None:
    assert list(judged(Flagger(checks=checks), FAILING).rolled_back * WINDOW) == [60.0 * (checks + 1)] * 20


def test_flagger_takes_no_traffic_for_a_failed_check() -> None:
    assert judged(Flagger(checks=1), Cell(World.STEADY, 0.0001, 0.0)).is_rolled_back.all()


@pytest.mark.parametrize("failures", [0, 3])
def test_argo_aborts_when_more_measurements_failed_than_its_limit(failures: int) -> None:
    assert list(judged(Argo(failures=failures), FAILING).rolled_back * WINDOW) == [60.0 * (failures + 1)] * 20


@pytest.mark.parametrize("rule", [Flagger(), Argo()])
def test_a_candidate_without_errors_is_promoted_after_the_five_steps(rule: Rule) -> None:
    assert list(judged(rule, GOOD).promoted * WINDOW) == [300.0] * 20


def test_kayenta_looks_every_five_minutes_and_promotes_after_half_an_hour() -> None:
    assert list(judged(Kayenta(), FAILING).rolled_back * WINDOW) == [300.0] * 20
    assert list(judged(Kayenta(), GOOD).promoted * WINDOW) == [1800.0] * 20


@pytest.mark.parametrize("points", [5, 10, 30])
def test_kayentas_interval_is_where_an_exact_mann_whitney_test_begins_to_reject(points: int) -> None:
    """Without a tolerance, High is a one-sided test at half of what the confidence leaves."""
    random = np.random.default_rng(points)
    shifts = np.linspace(-1, 3, 41)
    baseline = random.normal(size=(points, 1)) + np.zeros_like(shifts)
    candidate = random.normal(size=(points, 1)) + shifts
    exact = mannwhitneyu(candidate, baseline, alternative="greater", method="exact").pvalue
    assert list(is_worse(baseline, candidate, 0.98, 0.0)) == list(exact < 0.01)
    assert 0 < np.count_nonzero(exact < 0.01) < 41


def test_a_quantile_is_interpolated_within_its_bucket_as_prometheus_does() -> None:
    slower = np.array([100.0] * 5 + [40.0, 0.0, 0.0, 0.0, 0.0, 0.0])
    assert BOUNDS[5:7] == (0.25, 0.5)
    assert float(quantile(np.asarray(100.0), slower, 0.80)) == pytest.approx(0.25 + 0.25 * 20 / 40)


def test_latencies_are_what_they_are_said_to_be() -> None:
    usual = 1 - np.cumsum(buckets(1.0, 0.0))
    stalled = 1 - np.cumsum(buckets(1.0, 0.03))
    assert usual[BOUNDS.index(0.5)] < 0.01 < usual[BOUNDS.index(0.25)]
    assert stalled[BOUNDS.index(1.0)] == pytest.approx(0.03, abs=0.001)
