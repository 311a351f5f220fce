"""What the judge says after which windows."""

from __future__ import annotations

from souk_canary.counts import Arm, Window
from souk_canary.rule import Criteria, Judge, Opinion


def opinion(windows: list[Window], criteria: Criteria | None = None) -> Opinion:
    judge = Judge.start(criteria or Criteria(), ())
    for window in windows:
        judge = judge.after(window)
    return judge.opinion


def window(baseline: tuple[int, int], candidate: tuple[int, int], share: float = 0.5) -> Window:
    """Attempts and bad ones of each version."""
    return Window(0, 2, share, (), Arm(*baseline, ()), Arm(*candidate, ()))


def test_without_any_data_nothing_is_decided_and_a_promotion_is_as_far_away_as_its_evidence() -> None:
    assert opinion([]) == opinion([window((0, 0), (0, 0))] * 100)
    assert opinion([]).roll_back is None
    assert not opinion([]).promote
    assert opinion([]).needed == 436


def test_a_candidate_that_fails_where_the_baseline_does_not_is_rolled_back_with_the_reason() -> None:
    said = opinion([window((90, 0), (10, 3), share=0.1)] * 7)
    assert said.roll_back is not None
    assert "21 of 70 attempts of the candidate were bad, and 0 of 630 of the baseline" in said.roll_back
    assert not said.promote


def test_enough_attempts_without_an_error_promote() -> None:
    assert not opinion([window((109, 0), (109, 0))] * 3).promote
    assert opinion([window((109, 0), (109, 0))] * 4).promote
    assert opinion([window((109, 0), (109, 0))] * 3).needed == 109


def test_a_candidate_that_has_all_requests_is_rolled_back_when_it_breaks_the_limit_of_errors() -> None:
    assert opinion([window((0, 0), (100, 1), share=1.0)] * 20).roll_back is None
    assert opinion([window((0, 0), (100, 5), share=1.0)] * 7).roll_back is not None
