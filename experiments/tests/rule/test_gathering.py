"""Windows with few attempts are gathered, so that low traffic tells what it can."""

from __future__ import annotations

import pytest

from souk_canary.counts import Arm, Window
from souk_canary.rule import Criteria
from souk_canary.rule.tally import tally
from souk_canary.rule.weighing import Weighing


def weighed(*windows: tuple[float, tuple[int, int], tuple[int, int]]) -> float:
    """ln of the evidence on errors after windows of (share, baseline's, candidate's)."""
    weighing = Weighing.none(Criteria(), ())
    for share, baseline, candidate in windows:
        window = Window(0, 2, share, (), Arm(*baseline, ()), Arm(*candidate, ()))
        weighing = weighing.after(tally(window, Criteria()))
    return float(weighing.worse_by_criterion[0])


def test_nothing_is_said_before_both_versions_have_five_attempts() -> None:
    assert weighed((0.1, (40, 0), (4, 4))) == 0
    assert weighed((0.1, (40, 0), (4, 4)), (0.1, (9, 0), (1, 0))) > 0


def test_small_windows_say_what_one_of_their_sum_says() -> None:
    whole = weighed((0.1, (45, 1), (5, 2)))
    assert weighed((0.1, (30, 0), (2, 1)), (0.1, (5, 1), (0, 0)), (0.1, (10, 0), (3, 1))) == pytest.approx(whole)
    assert whole != 0


def test_what_was_gathered_is_judged_when_the_split_changes() -> None:
    assert weighed((0.1, (40, 0), (4, 1)), (0.5, (0, 0), (0, 0))) == pytest.approx(weighed((0.1, (50, 0), (5, 1))))
