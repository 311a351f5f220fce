"""The evidence about one version alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from souk_canary.rule.absolute import ABOVE, BELOW, AbsoluteEvidence

limits = st.sampled_from([0.001, 0.01, 0.2, 0.6])


def mean(evidence: AbsoluteEvidence, attempts: int, rate: float) -> float:
    """What the evidence is on average after so many attempts, by enumeration of every outcome."""
    bad = np.arange(attempts + 1.0)
    after = AbsoluteEvidence.none(evidence.limit, evidence.held / evidence.limit, (attempts + 1,))
    logs = after.after(np.full(attempts + 1, float(attempts)), bad).log
    return float((np.exp(logs) * binom.pmf(bad, attempts, rate)).sum())


@given(limits, st.integers(0, 80), st.floats(0.001, 1))
def test_a_version_at_or_above_the_limit_gathers_no_evidence_to_be_below_it(
    limit: float, attempts: int, worse: float
) -> None:
    rate = limit + worse * (1 - limit)
    assert mean(AbsoluteEvidence.none(limit, BELOW), attempts, rate) <= 1 + 1e-9


@given(limits, st.integers(0, 80), st.floats(0.001, 1))
def test_a_version_at_or_below_the_limit_gathers_no_evidence_to_be_above_it(
    limit: float, attempts: int, part: float
) -> None:
    assert mean(AbsoluteEvidence.none(limit, ABOVE), attempts, part * limit) <= 1 + 1e-9


def test_both_grow_where_they_should() -> None:
    assert mean(AbsoluteEvidence.none(0.2, BELOW), 60, 0.05) > 10
    assert mean(AbsoluteEvidence.none(0.2, ABOVE), 60, 0.5) > 10


def test_436_attempts_without_an_error_show_that_a_limit_of_1_percent_is_kept() -> None:
    def log(attempts: float) -> float:
        return float(AbsoluteEvidence.none(0.01, BELOW).after(np.asarray(attempts), np.asarray(0.0)).log)

    assert log(435) < np.log(40) <= log(436)


def test_it_is_the_same_whether_attempts_come_at_once_or_one_by_one() -> None:
    at_once = AbsoluteEvidence.none(0.01, BELOW).after(np.asarray(30.0), np.asarray(2.0))
    one_by_one = AbsoluteEvidence.none(0.01, BELOW)
    for attempt in range(30):
        one_by_one = one_by_one.after(np.asarray(1.0), np.asarray(float(attempt in (3, 17))))
    assert float(one_by_one.log) == pytest.approx(float(at_once.log))
