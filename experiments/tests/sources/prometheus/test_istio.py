"""Istio's standard metrics, read from a real Prometheus."""

from __future__ import annotations

from tests.sources.prometheus.observing import istio, observed, seen, subject, took
from tests.sources.prometheus.world import Pod, World


def test_attempts_are_counted_by_version_and_by_how_they_ended(world: World, v1: Pod, v2: Pod) -> None:
    with observed(world.url, subject(v2)) as source:
        istio(v1, 90)
        istio(v2, 7)
        istio(v2, 3, grpc_response_status="14")
        counts = seen(world, source)
    assert (counts.baseline.attempts, counts.baseline.bad) == (90, 0)
    assert (counts.candidate.attempts, counts.candidate.bad) == (10, 3)
    assert counts.candidate.codes == {"OK": 7, "UNAVAILABLE": 3}


def test_a_grpc_error_inside_a_200_is_an_error_and_a_refusal_is_none(world: World, v1: Pod, v2: Pod) -> None:
    with observed(world.url, subject(v2)) as source:
        istio(v2, 2, response_code="200", grpc_response_status="13")
        istio(v2, 5, response_code="200", grpc_response_status="9")
        candidate = seen(world, source).candidate
    assert (candidate.attempts, candidate.bad) == (7, 2)
    assert candidate.codes == {"INTERNAL": 2, "FAILED_PRECONDITION": 5}


def test_plain_http_is_judged_by_its_status(world: World, v1: Pod, v2: Pod) -> None:
    with observed(world.url, subject(v2)) as source:
        for status, times in (("200", 8), ("404", 4), ("503", 2)):
            istio(v2, times, request_protocol="http", response_code=status, grpc_response_status="")
        candidate = seen(world, source).candidate
    assert (candidate.attempts, candidate.bad) == (14, 2)
    assert candidate.codes == {"HTTP 200": 8, "HTTP 404": 4, "HTTP 503": 2}


def test_a_failure_that_reached_no_callee_is_counted_at_the_caller(world: World, v1: Pod, v2: Pod, order: Pod) -> None:
    with observed(world.url, subject(v2)) as source:
        istio(order, 2, "source", destination_version="v2", grpc_response_status="14", response_flags="UF,URX")
        istio(order, 1, "source", destination_version="v2", grpc_response_status="14", response_flags="UC")
        candidate = seen(world, source).candidate
    assert (candidate.attempts, candidate.bad) == (3, 3)
    assert candidate.codes == {"UF": 2, "UC": 1}


def test_an_attempt_that_both_sides_report_is_one(world: World, v1: Pod, v2: Pod, order: Pod) -> None:
    with observed(world.url, subject(v2)) as source:
        # Three attempts, all of them answered with UNAVAILABLE, make one call that exceeded its retries.
        istio(v2, 3, grpc_response_status="14")
        istio(order, 1, "source", destination_version="v2", grpc_response_status="14", response_flags="URX")
        istio(v2, 5)
        istio(order, 5, "source", destination_version="v2")
        candidate = seen(world, source).candidate
    assert (candidate.attempts, candidate.bad) == (8, 3)


def test_an_attempt_that_its_caller_gave_up_is_a_timeout_once(world: World, v1: Pod, v2: Pod, order: Pod) -> None:
    with observed(world.url, subject(v2)) as source:
        istio(v2, 4, response_code="0", grpc_response_status="", response_flags="DC")
        took(v2, 5000, response_code="0", grpc_response_status="", response_flags="DC")
        istio(order, 3, "source", destination_version="v2", grpc_response_status="4", response_flags="UT")
        istio(
            order,
            1,
            "source",
            destination_version="v2",
            response_code="0",
            grpc_response_status="",
            response_flags="DC",
        )
        candidate = seen(world, source).candidate
    assert (candidate.attempts, candidate.bad) == (3, 3)
    assert candidate.codes == {"UT": 3}


def test_latencies_are_compared_with_the_bounds_of_the_histogram(world: World, v1: Pod, v2: Pod) -> None:
    for pod in (v1, v2):
        istio(pod)
        took(pod, 3)
    world.scraped()
    with observed(world.url, subject(v2)) as source:
        assert source.bounds == (0.005, 0.025, 0.1, 0.25, 1.0)
        for milliseconds in (3, 30, 300, 3000):
            istio(v2)
            took(v2, milliseconds)
        counts = seen(world, source)
    assert counts.candidate.slower == counts.candidate.pods["payment-v2-a"].slower == (3, 3, 2, 2, 1)
    assert counts.baseline.slower == (0, 0, 0, 0, 0)


def test_pods_of_a_version_are_told_apart(world: World, v1: Pod, v2: Pod) -> None:
    other = world.pod("payment-v1-b")
    with observed(world.url, subject(v2)) as source:
        istio(v1, 6)
        istio(other, 4)
        istio(other, 1, grpc_response_status="2")
        baseline = seen(world, source).baseline
    assert {pod: (counts.attempts, counts.bad) for pod, counts in baseline.pods.items()} == {
        "payment-v1-a": (6, 0),
        "payment-v1-b": (5, 1),
    }


def test_other_services_and_namespaces_are_not_counted(world: World, v1: Pod, v2: Pod) -> None:
    with observed(world.url, subject(v2)) as source:
        istio(v2, 5, destination_service_name="inventory")
        istio(v2, 5, destination_service_namespace="staging")
        istio(v2, 5, destination_version="v3")
        istio(v2, 1)
        assert seen(world, source).candidate.attempts == 1


def test_a_version_is_found_by_its_label_and_not_by_the_name_of_its_subset(world: World, v1: Pod, v2: Pod) -> None:
    with observed(world.url, subject(v2, "stable", "canary")) as source:
        istio(v1, 3)
        istio(v2, 2)
        counts = seen(world, source)
    assert (counts.baseline.attempts, counts.candidate.attempts) == (3, 2)
