"""The services' own RPC metrics and Envoy's counters, read from a real Prometheus."""

from __future__ import annotations

import pytest

from souk_canary.sources.prometheus.queries import SERVICES
from tests.sources.prometheus.observing import LIMITS, handled, observed, seen, subject
from tests.sources.prometheus.world import ROOT, Pod, World

INBOUND = "inbound|50051||"


def test_the_services_word_counts_by_version_and_code(world: World, v1: Pod, v2: Pod) -> None:
    with observed(world.url, subject(v2), SERVICES) as source:
        handled(v1, "OK", 40)
        handled(v2, "OK", 8)
        handled(v2, "INTERNAL", 2)
        handled(v2, "NOT_FOUND", 1)
        counts = seen(world, source)
    assert (counts.baseline.attempts, counts.baseline.bad) == (40, 0)
    assert (counts.candidate.attempts, counts.candidate.bad) == (11, 2)
    assert counts.candidate.codes == {"OK": 8, "INTERNAL": 2, "NOT_FOUND": 1}
    assert [(pod, each.attempts, each.bad) for pod, each in counts.candidate.pods.items()] == [("payment-v2-a", 11, 2)]


def test_what_a_proxy_answered_for_a_service_that_is_down_counts(world: World, v1: Pod, v2: Pod) -> None:
    with observed(world.url, subject(v2), SERVICES) as source:
        v2.count("envoy_cluster_upstream_rq", 3, cluster_name=INBOUND, response_code="503")
        # The same requests by class, and those that the service answered itself.
        v2.count("envoy_cluster_upstream_rq", 3, cluster_name=INBOUND, response_code_class="5xx")
        v2.count("envoy_cluster_upstream_rq", 9, cluster_name=INBOUND, response_code="200")
        candidate = seen(world, source).candidate
    assert (candidate.attempts, candidate.bad, candidate.codes) == (3, 3, {"HTTP 503": 3})


@pytest.mark.parametrize(
    "reported",
    [
        ("envoy_cluster_upstream_rq_pending_failure_eject", "UF"),
        ("envoy_cluster_upstream_cx_none_healthy", "UH"),
        ("envoy_cluster_upstream_rq_pending_overflow", "UO"),
        ("envoy_cluster_upstream_rq_timeout", "UT"),
        ("envoy_cluster_upstream_rq_per_try_timeout", "UT"),
    ],
)
def test_attempts_without_an_answer_count_at_the_caller_for_their_subset(
    world: World, v2: Pod, order: Pod, reported: tuple[str, str]
) -> None:
    with observed(world.url, subject(v2), SERVICES) as source:
        metric, ending = reported
        order.count(metric, 4, cluster_name=outbound(v2, "v2"))
        order.count(metric, 4, cluster_name=outbound(v2, "v2", suffix="s"))
        order.count(metric, 4, cluster_name=outbound(v2, ""))
        counts = seen(world, source)
    assert (counts.candidate.attempts, counts.candidate.bad, counts.candidate.codes) == (4, 4, {ending: 4})
    assert counts.baseline.attempts == 0
    assert counts.candidate.pods == {}


def test_a_timed_out_attempt_is_not_counted_again_when_the_service_notices(
    world: World, v1: Pod, v2: Pod, order: Pod
) -> None:
    with observed(world.url, subject(v2), SERVICES) as source:
        order.count("envoy_cluster_upstream_rq_per_try_timeout", 2, cluster_name=outbound(v2, "v2"))
        handled(v2, "CANCELLED", 2)
        assert seen(world, source).candidate.attempts == 2


def test_a_subset_may_have_another_name_than_its_pods_label(world: World, v1: Pod, v2: Pod, order: Pod) -> None:
    with observed(world.url, subject(v2, "stable", "canary"), SERVICES) as source:
        handled(v2, "OK", 2)
        order.count("envoy_cluster_upstream_rq_timeout", 1, cluster_name=outbound(v2, "canary"))
        assert seen(world, source).candidate.codes == {"OK": 2, "UT": 1}


def test_latencies_are_those_of_the_callees_proxy(world: World, v1: Pod, v2: Pod) -> None:
    metric = "envoy_cluster_upstream_rq_time"
    v1.observe(metric, 1, LIMITS, cluster_name=INBOUND)
    world.scraped()
    with observed(world.url, subject(v2), SERVICES) as source:
        handled(v2, "OK", 2)
        v2.observe(metric, 30, LIMITS, cluster_name=INBOUND)
        v2.observe(metric, 400, LIMITS, cluster_name=INBOUND)
        v2.observe(metric, 400, LIMITS, cluster_name="outbound|50051||acquirer.souk.svc.cluster.local")
        counts = seen(world, source)
    assert source.bounds == (0.005, 0.025, 0.1, 0.25, 1.0)
    assert counts.candidate.slower == (2, 2, 1, 1, 0)


def test_the_metric_and_its_label_are_the_chassis() -> None:
    access = (ROOT / "chassis/src/souk_chassis/access.py").read_text()
    asked = SERVICES.counters[0].selector
    # prometheus-client writes `_total` itself when it is not said.
    assert 'Counter("grpc_server_handled_total"' in access
    assert '"grpc_code"' in access
    assert asked.startswith("grpc_server_handled_total{")
    assert "grpc_code" in asked


def outbound(pod: Pod, subset: str, suffix: str = "") -> str:
    """What Istio calls a caller's cluster of endpoints."""
    return f"outbound|50051|{subset}|{pod.app}{suffix}.souk.svc.cluster.local"
