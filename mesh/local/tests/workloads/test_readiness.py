"""When a probe has passed or failed."""

from __future__ import annotations

from souk_mesh.workloads.readiness import Course, Thresholds, Verdict

THRESHOLDS = Thresholds(initial_delay=0, period=5, timeout=1, success=1, failure=3)


def test_one_success_is_enough_and_then_the_period_of_the_yaml_holds() -> None:
    course = Course(THRESHOLDS).passed()
    assert course.verdict is Verdict.PASSED
    assert course.next_in == 5


def test_a_threshold_of_two_needs_two_successes_in_a_row() -> None:
    course = Course(Thresholds(0, 5, 1, success=2, failure=3))
    assert course.passed().verdict is Verdict.UNKNOWN
    assert course.passed().failed().passed().verdict is Verdict.UNKNOWN
    assert course.passed().passed().verdict is Verdict.PASSED


def test_after_the_first_success_it_takes_the_threshold_of_failures_to_fail() -> None:
    course = Course(THRESHOLDS).passed().failed().failed()
    assert course.verdict is Verdict.PASSED
    assert course.failed().verdict is Verdict.FAILED
    assert course.failed().passed().verdict is Verdict.PASSED


def test_early_attempts_come_quickly_and_do_not_use_up_the_threshold() -> None:
    course, waited, attempts = Course(THRESHOLDS), 0.0, 0
    while course.verdict is Verdict.UNKNOWN:
        waited += course.next_in
        attempts += 1
        course = course.failed()
    assert course.verdict is Verdict.FAILED
    assert attempts > 10
    # Three failures, five seconds apart, as the YAML says.
    assert 8 <= waited <= 16
