"""How long a container that ended waits."""

from __future__ import annotations

from souk_mesh.workloads.backoff import FORGOTTEN_AFTER, LONGEST, Backoff


def delays(*runs: float) -> list[float]:
    backoff, found = Backoff(), []
    for ran in runs:
        backoff = backoff.ended(ran)
        found.append(backoff.delay)
    return found


def test_the_first_end_is_followed_by_a_start_at_once_and_each_further_one_waits_twice_as_long() -> None:
    assert delays(0, 0, 0, 0, 0) == [0, 1, 2, 4, 8]


def test_the_wait_never_exceeds_its_limit() -> None:
    assert delays(*[0.0] * 5000)[-1] == LONGEST


def test_a_long_run_makes_earlier_failures_forgotten() -> None:
    assert delays(0, 0, 0, FORGOTTEN_AFTER) == [0, 1, 2, 0]
