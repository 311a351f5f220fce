"""What the judge says after which windows."""

from __future__ import annotations

import math

import pytest

from souk_canary.counts import Arm, PodCounts, Window
from souk_canary.rule import BadCriteria, Criteria, Judge, LatencyLimit, Opinion, Proof


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


def test_half_of_twenty_attempts_failing_rolls_back_at_once_unless_the_baseline_fails_too() -> None:
    assert opinion([window((180, 1), (20, 10), share=0.1)]).roll_back == (
        "10 of 20 attempts of the candidate failed in one window"
    )
    assert opinion([window((180, 1), (19, 10), share=0.1)]).roll_back is None
    assert opinion([window((180, 90), (20, 10), share=0.1)]).roll_back is None


def test_twenty_attempts_that_are_one_stream_are_no_gross_failure() -> None:
    """Streams of 20 stay with their pod; half of one fails."""
    streams = [window((40, 0), (0, 0), share=0.1)] * 3
    assert opinion([*streams, window((20, 0), (20, 10), share=0.1)]).roll_back is None


def test_attempts_that_a_proxy_makes_again_after_failures_are_no_stream_and_gross_failure_is_seen_at_once() -> None:
    """20 requests, each tried twice, of 40 attempts 24 bad."""
    steady = [window((180, 0), (20, 0), share=0.1)] * 3
    assert opinion([*steady, window((180, 0), (40, 24), share=0.1)]).roll_back == (
        "24 of 40 attempts of the candidate failed in one window"
    )


def test_errors_that_both_versions_have_roll_nothing_back() -> None:
    assert opinion([window((90, 27), (10, 3), share=0.1)] * 60).roll_back is None


def test_nothing_is_promoted_while_the_baseline_itself_fails() -> None:
    good = [window((200, 0), (200, 0))] * 3
    assert opinion(good).promote
    said = opinion([*good, window((200, 40), (200, 40))])
    assert said.hold == "the baseline itself fails: 40 of 200 attempts in the last window"
    assert not said.promote


def test_a_candidate_against_which_something_speaks_is_held_back() -> None:
    said = opinion([window((500, 0), (500, 2))] * 3)
    assert said.roll_back is None
    assert said.hold == "the evidence leans against the candidate: errors"
    assert not said.promote


def test_a_rise_within_the_objective_is_not_promoted_for_its_few_errors() -> None:
    """0.3 % is far from 1 %, and too little to roll back; but the baseline fails a third as often."""
    said = opinion([window((1000, 1), (1000, 3)), window((1000, 1), (1000, 2)), window((1000, 0), (1000, 1))])
    assert said.roll_back is None
    assert not said.promote


def test_a_wrong_split_makes_the_experiment_invalid_and_says_where_to_look() -> None:
    said = opinion([window((60, 0), (40, 0), share=0.1)] * 8)
    assert said.invalid is not None
    assert "the candidate had 320 of 800 attempts" in said.invalid
    assert not said.promote


def test_both_proofs_ask_for_more_than_either() -> None:
    few = [window((500, 2), (500, 2))] * 5
    assert opinion(few).promote
    assert not opinion(few, Criteria(proof=Proof.BOTH)).promote
    assert opinion(few * 10, Criteria(proof=Proof.BOTH)).promote


def test_what_is_needed_shrinks_as_attempts_come_and_is_unknown_while_too_many_fail() -> None:
    needed = [opinion([window((40, 0), (40, 0))] * count).needed for count in range(12)]
    assert needed == [436 - 40 * count if count < 11 else 0 for count in range(12)]
    assert opinion([window((40, 2), (40, 8))]).needed is None


def test_a_slower_candidate_is_rolled_back_with_the_bound_that_shows_it() -> None:
    bounds = (0.1, 0.5, 1.0)
    judge = Judge.start(Criteria(), bounds)
    for _ in range(10):
        slow = Window(0, 2, 0.5, bounds, Arm(100, 0, (50, 1, 0)), Arm(100, 0, (52, 12, 0)))
        judge = judge.after(slow)
    assert judge.opinion.roll_back is not None
    assert judge.opinion.roll_back.startswith(
        "latency: 120 of 1000 attempts of the candidate were slower than 0.5 s, and 10 of 1000 of the baseline"
    )


def test_a_candidate_that_is_slower_within_what_is_quick_is_not_rolled_back() -> None:
    colder = Window(0, 2, 0.5, (0.002, 0.5), Arm(100, 0, (35, 1)), Arm(100, 0, (80, 1)))
    assert rolled_back(colder, Criteria()) is not None
    assert rolled_back(colder, Criteria(quick=0.01)) is None


def test_what_is_quick_hides_no_slowness_beyond_it() -> None:
    slower = Window(0, 2, 0.5, (0.002, 0.5), Arm(100, 0, (35, 1)), Arm(100, 0, (80, 12)))
    assert "slower than 0.5 s" in str(rolled_back(slower, Criteria(quick=0.01)))


def rolled_back(window: Window, criteria: Criteria) -> str | None:
    judge = Judge.start(criteria, window.bounds)
    for _ in range(10):
        judge = judge.after(window)
    return judge.opinion.roll_back


def test_a_candidate_that_breaks_the_limit_of_latency_is_rolled_back_but_not_when_the_baseline_does_too() -> None:
    limit = Criteria(latency=LatencyLimit(0.5))

    def said(baseline: int) -> Opinion:
        judge = Judge.start(limit, (0.5,))
        for _ in range(12):
            judge = judge.after(Window(0, 2, 0.9, (0.5,), Arm(11, 0, (baseline,)), Arm(99, 0, (9 * baseline or 6,))))
        return judge.opinion

    assert said(0).roll_back is not None
    assert said(1).roll_back is None


def test_a_limit_of_latency_that_no_bound_can_tell_is_refused() -> None:
    with pytest.raises(BadCriteria, match=r"bounds up to 0.25 s and can't tell what takes longer than 0.5 s"):
        Judge.start(Criteria(latency=LatencyLimit(0.5)), (0.1, 0.25))


def test_an_experiments_own_count_is_judged_by_its_name_and_shares_the_error_budget() -> None:
    judge = Judge.start(Criteria(custom=("declined",)), ())
    for _ in range(8):
        baseline = Arm(90, 0, (), custom={"declined": PodCounts(45, 0)})
        candidate = Arm(10, 0, (), custom={"declined": PodCounts(5, 3)})
        judge = judge.after(Window(0, 2, 0.1, (), baseline, candidate))
    said = judge.opinion
    assert said.roll_back is not None
    assert said.roll_back.startswith("declined: 24 of 40 attempts of the candidate were bad, and 0 of 360")
    assert [evidence.criterion for evidence in said.evidence] == ["errors", "latency", "declined"]
    assert all(math.exp(evidence.threshold) == pytest.approx(300) for evidence in said.evidence)


def test_pods_of_the_baseline_that_differ_make_the_judge_more_careful() -> None:
    def windows(*bad: int) -> list[Window]:
        pods = {f"pod-{at}": PodCounts(45, failed) for at, failed in enumerate(bad)}
        return [Window(0, 2, 0.1, (), Arm(90, sum(bad), (), pods=pods), Arm(10, 4, ()))] * 6

    assert opinion(windows(2, 2)).roll_back is not None
    assert opinion(windows(4, 0)).roll_back is None


def test_nothing_is_promoted_while_latency_leans_against_it_however_good_its_errors_are() -> None:
    def said(slower: int) -> Opinion:
        judge = Judge.start(Criteria(), (0.5,))
        for _ in range(6):
            judge = judge.after(Window(0, 2, 0.5, (0.5,), Arm(200, 0, (4,)), Arm(200, 0, (slower,))))
        return judge.opinion

    assert said(4).promote
    assert said(8).hold == "the evidence leans against the candidate: latency"
    assert said(8).roll_back is None
    assert not said(8).promote


def test_a_wrong_split_is_not_promoted_with_ever_so_many_good_attempts() -> None:
    assert opinion([window((900, 0), (100, 0), share=0.1)] * 8).promote
    said = opinion([window((600, 0), (400, 0), share=0.1)] * 8)
    assert said.invalid is not None
    assert not said.promote
