"""How much replicas of one version differ."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, chisquare

from souk_canary.rule.dispersion import Dispersion


@given(st.lists(st.tuples(st.integers(1, 500), st.integers(0, 50)), min_size=2, max_size=5))
def test_the_statistic_is_pearsons(pods: list[tuple[int, int]]) -> None:
    attempts, bad = (np.array(each, dtype=float) for each in zip(*pods, strict=True))
    seen = Dispersion.none().after(attempts, bad)
    if bad.sum() == 0:
        assert (seen.squares, seen.degrees) == (0, 0)
    else:
        independent = chisquare(bad, attempts / attempts.sum() * bad.sum())
        assert float(seen.squares) == pytest.approx(float(independent.statistic))
        assert seen.degrees == len(pods) - 1


@given(st.integers(1, 12), st.integers(1, 40), st.integers(1, 40))
def test_replicas_that_fail_alike_have_a_statistic_of_their_degrees_of_freedom(
    total: int, one: int, other: int
) -> None:
    bad = np.arange(total + 1.0)
    seen = Dispersion.none((total + 1,)).after(
        np.tile([float(one), float(other)], (total + 1, 1)), np.stack([bad, total - bad], axis=-1)
    )
    assert float((seen.squares * binom.pmf(bad, total, one / (one + other))).sum()) == pytest.approx(1)


def test_the_factor_is_1_for_replicas_alike_and_grows_with_what_they_differ() -> None:
    alike = Dispersion.none().after(np.array([100.0, 100.0]), np.array([5.0, 5.0]))
    apart = Dispersion.none().after(np.array([100.0, 100.0]), np.array([10.0, 0.0]))
    assert alike.factor == 1
    assert float(apart.factor) == pytest.approx((2 + 10) / 3)


@pytest.mark.parametrize(("attempts", "bad"), [((100.0,), (9.0,)), ((100.0, 0.0), (9.0, 0.0)), ((), ())])
def test_one_replica_tells_nothing(attempts: tuple[float, ...], bad: tuple[float, ...]) -> None:
    seen = Dispersion.none().after(np.array(attempts), np.array(bad))
    assert seen.degrees == 0
    assert seen.factor == 1


def test_where_nothing_tells_it_a_window_may_say_less() -> None:
    two = Dispersion.none().after(np.array([9.0, 9.0]), np.array([0.0, 0.0]))
    assert np.exp(float(Dispersion.none().cap)) == pytest.approx(2.25)
    assert np.exp(float(two.cap)) == pytest.approx(3)
