"""The source under test, and the counters that Istio, Envoy and a service move for an attempt."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from souk_canary.sources import Counts
from souk_canary.sources.prometheus.custom import CustomQuery
from souk_canary.sources.prometheus.queries import ISTIO, QuerySet, Subject, Version
from souk_canary.sources.prometheus.source import Prometheus
from tests.sources.prometheus.world import INTERVAL, Pod, World, until

SETTLE = 5.0
LIMITS = ("5", "25", "100", "250", "1000")


def subject(pod: Pod, baseline: str = "v1", candidate: str = "v2") -> Subject:
    """The service of a pod; the subsets may have other names than the pods' label."""
    return Subject("souk", pod.app, Version(baseline, "v1"), Version(candidate, "v2"))


@contextmanager
def observed(
    url: str, of: Subject, queries: QuerySet = ISTIO, custom: Sequence[CustomQuery] = ()
) -> Iterator[Prometheus]:
    """A source that has begun to count, so late that what was scraped before is in the past for it."""
    moment = time.monotonic() + 3 * INTERVAL
    until(lambda: time.monotonic() > moment, "some scrapes have gone by")
    source = Prometheus(url, of, queries, settle=SETTLE, custom=custom)
    try:
        source.start()
        yield source
    finally:
        source.close()


def seen(world: World, source: Prometheus) -> Counts:
    """What the source tells, once what the pods show now is so old that it counts."""
    world.scraped()
    moment = time.monotonic() + source.behind
    until(lambda: time.monotonic() > moment, "the counts have come so far")
    return source.take()


def istio(pod: Pod, times: int = 1, reporter: str = "destination", **labels: str) -> None:
    """Attempts as a proxy of Istio counts them; the labels that matter are those of the real metric."""
    pod.count("istio_requests_total", times, **_istio(pod, reporter, labels))


def took(pod: Pod, milliseconds: float, **labels: str) -> None:
    """An attempt's latency as a proxy of Istio counts it."""
    pod.observe("istio_request_duration_milliseconds", milliseconds, LIMITS, **_istio(pod, "destination", labels))


def handled(pod: Pod, code: str, times: int = 1) -> None:
    """Calls as the chassis counts them."""
    labels = {"grpc_type": "unary", "grpc_service": "souk.payment.v1.PaymentService", "grpc_method": "GetPayment"}
    pod.count("grpc_server_handled_total", times, **labels, grpc_code=code)


def _istio(pod: Pod, reporter: str, labels: Mapping[str, str]) -> Mapping[str, str]:
    usual = {
        "destination_service_name": pod.app,
        "destination_service_namespace": "souk",
        "destination_version": pod.version,
        "source_app": "order",
        "request_protocol": "grpc",
        "response_code": "200",
        "grpc_response_status": "0",
        "response_flags": "-",
    }
    return {"reporter": reporter, **usual, **labels}
