"""What an entry of an access log says of an attempt, and how attempts are counted: each once."""

from __future__ import annotations

import pytest
from envoy.data.accesslog.v3.accesslog_pb2 import HTTPAccessLogEntry

from souk_canary.counts import PodCounts
from souk_canary.sources import endings
from souk_canary.sources.attempts import Attempt, By, Teller, attempt
from souk_canary.sources.tally import PATIENCE, Tally
from tests.sources.entries import CALLER, V2, VERSIONS, answered, teller, unanswered, without_status

BOUNDS = (0.01, 0.1)


def read(by: Teller, entry: HTTPAccessLogEntry) -> Attempt:
    found = attempt(VERSIONS, by, entry)
    assert found is not None
    return found


@pytest.mark.parametrize("trailers_only", [True, False])
def test_a_status_is_read_from_the_trailers_or_from_the_only_headers(trailers_only: bool) -> None:
    found = read(V2, answered("14", number=2, seconds=0.25, trailers_only=trailers_only))
    assert found == Attempt(("r1", "2"), By.CALLEE, "v2", "payment-v2-abc", "UNAVAILABLE", 0.25)


def test_an_answer_without_a_status_is_named_by_its_http_code() -> None:
    assert read(V2, without_status(503)).ending == "HTTP 503"


@pytest.mark.parametrize("flag", ["downstream_remote_reset", "downstream_connection_termination"])
@pytest.mark.parametrize("code", [0, 200])
def test_what_the_caller_gave_up_is_no_attempt_that_the_callee_can_judge(flag: str, code: int) -> None:
    assert attempt(VERSIONS, V2, without_status(code, flag)) is None


@pytest.mark.parametrize(
    ("flag", "ending"),
    [
        ("upstream_connection_failure", "UF"),
        ("upstream_overflow", "UO"),
        ("upstream_request_timeout", "UT"),
        ("upstream_connection_termination", "UC"),
        ("upstream_remote_reset", "UR"),
        ("no_healthy_upstream", "UH"),
        ("no_cluster_found", "NC"),
    ],
)
def test_a_caller_tells_how_an_attempt_ended_that_had_no_answer(flag: str, ending: str) -> None:
    assert read(CALLER, unanswered(flag)) == Attempt(("r1", "1"), By.CALLER, "v2", "", ending, None)


def test_what_other_services_and_other_subsets_are_asked_is_not_counted() -> None:
    assert attempt(VERSIONS, teller("order-abc", app="order"), answered()) is None
    assert attempt(VERSIONS, teller("payment-v3-abc", version="v3"), answered()) is None
    for cluster in ("outbound|50051|v2|order.souk.svc.cluster.local", "outbound|50051||payment.souk.svc.cluster.local"):
        assert attempt(VERSIONS, CALLER, unanswered("upstream_connection_failure", cluster=cluster)) is None


def tally(*told: tuple[Teller, HTTPAccessLogEntry]) -> Tally:
    counting = Tally(BOUNDS, endings.BLAMING)
    for by, entry in told:
        counting.add(read(by, entry), 0.0)
    return counting


def test_a_call_that_succeeds_at_its_third_attempt_is_three_attempts_two_of_them_bad() -> None:
    arm = tally(*((V2, answered(status, number=number)) for number, status in ((1, "14"), (2, "14"), (3, "0")))).take(0)
    assert (arm.attempts, arm.bad, arm.codes) == (3, 2, {"UNAVAILABLE": 2, "OK": 1})


def test_codes_that_answer_what_was_asked_are_no_errors() -> None:
    arm = tally((V2, answered("5")), (V2, answered("13", number=2))).take(0)
    assert (arm.bad, arm.codes) == (1, {"NOT_FOUND": 1, "INTERNAL": 1})


def test_attempts_are_compared_with_each_bound_and_told_by_pod() -> None:
    other = teller("payment-v2-xyz", version="v2")
    slow = answered(number=4, seconds=0.11)
    arm = tally(
        (V2, answered(seconds=0.005)),
        (V2, answered(number=2, seconds=0.01)),
        (V2, answered(number=3, seconds=0.0101)),
        (other, slow),
    ).take(0)
    assert arm.slower == (2, 1)
    assert arm.pods == {
        "payment-v2-abc": PodCounts(3, 0, (1, 0)),
        "payment-v2-xyz": PodCounts(1, 0, (1, 1)),
    }


def test_an_attempt_that_both_ends_tell_of_is_counted_once_whoever_tells_first() -> None:
    both = (V2, answered("4")), (CALLER, unanswered("upstream_request_timeout"))
    for order in (both, tuple(reversed(both))):
        arm = tally(*order).take(PATIENCE)
        assert (arm.attempts, arm.codes) == (1, {"DEADLINE_EXCEEDED": 1})


def test_what_only_the_caller_tells_is_counted_when_the_callee_has_had_its_time() -> None:
    counting = tally((CALLER, unanswered("upstream_connection_failure")))
    assert counting.take(PATIENCE * 0.9).attempts == 0
    arm = counting.take(PATIENCE)
    assert (arm.attempts, arm.bad, arm.codes, arm.pods) == (1, 1, {"UF": 1}, {})
    assert counting.take(PATIENCE).attempts == 0


def test_an_attempt_without_an_answer_is_an_error_and_not_a_quick_answer_nor_a_slow_one() -> None:
    arm = tally((CALLER, unanswered("upstream_request_timeout"))).take(PATIENCE)
    assert (arm.attempts, arm.bad, arm.slower) == (1, 1, (0, 0))


def test_nothing_told_is_nothing_counted() -> None:
    arm = tally().take(0)
    assert (arm.attempts, arm.bad, arm.slower, arm.pods) == (0, 0, (0, 0), {})
