"""What is asked of Prometheus, in two dialects: Istio's standard metrics, and the services' own beside Envoy's.

An attempt that its caller gave up has no ending of its own: the callee says that the caller left (Envoy's `DC`, gRPC's
CANCELLED), and only the caller knows whether it was a timeout. So such reports of callees are left out, and the
callers' timeouts are counted.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from string import Template

from souk_canary.sources import endings

Labels = Mapping[str, str]


@dataclass(frozen=True)
class Version:
    """One of the two: the subset that rules call it by, and what its pods have as the label `version`."""

    subset: str
    label: str


@dataclass(frozen=True)
class Subject:
    """What is observed."""

    namespace: str
    service: str
    baseline: Version
    candidate: Version

    def fill(self, selector: str) -> str:
        """A selector of series of both versions."""
        versions = (self.baseline, self.candidate)
        return Template(selector).substitute(
            namespace=self.namespace,
            service=self.service,
            versions=_either(each.label for each in versions),
            subsets=_either(each.subset for each in versions),
        )


class Reporter(enum.Enum):
    """Who counted."""

    CALLEE = "callee"
    """The pod that answered, or its proxy."""
    CALLER = "caller"
    """The proxy of a caller, which does not say which pod it was."""


@dataclass(frozen=True)
class Counter:
    """Counters of attempts by how they ended."""

    reporter: Reporter
    selector: str
    version: Callable[[Subject, Labels], Version]
    ending: Callable[[Labels], str]


@dataclass(frozen=True)
class Histogram:
    """Buckets of latencies in milliseconds, reported by callees."""

    selector: str
    version: Callable[[Subject, Labels], Version]


@dataclass(frozen=True)
class QuerySet:
    """All that is asked."""

    counters: tuple[Counter, ...]
    latency: Histogram


def _label(name: str) -> Callable[[Labels], str]:
    return lambda labels: labels.get(name, "")


def _always(ending: str) -> Callable[[Labels], str]:
    return lambda _: ending


def _labelled(name: str) -> Callable[[Subject, Labels], Version]:
    return lambda subject, labels: subject.baseline if labels[name] == subject.baseline.label else subject.candidate


def _either(values: Iterable[str]) -> str:
    """A pattern for any of these, as it stands in a string of PromQL."""
    return "|".join(re.escape(each).replace("\\", "\\\\") for each in values)


def _istio_ending(labels: Labels) -> str:
    if labels.get("request_protocol") == "grpc" and labels.get("grpc_response_status"):
        return endings.grpc(labels["grpc_response_status"])
    return endings.http(labels.get("response_code", "0"))


# Of an attempt that never came to a callee, or that the caller gave up: connection failed, no healthy endpoint,
# overflow, no cluster, timeout, connection cut.
_NO_ANSWER = ("UF", "UH", "UO", "NC", "UT", "UC")


def _flag(labels: Labels) -> str:
    flags = labels.get("response_flags", "").split(",")
    return next((flag for flag in flags if flag in _NO_ANSWER), "")


_OF_SERVICE = 'destination_service_namespace="$namespace",destination_service_name="$service"'
_AT_CALLEE = f'reporter="destination",{_OF_SERVICE},destination_version=~"$versions",response_flags!~"(.*,)?DC(,.*)?"'

ISTIO = QuerySet(
    counters=(
        Counter(
            Reporter.CALLEE, f"istio_requests_total{{{_AT_CALLEE}}}", _labelled("destination_version"), _istio_ending
        ),
        Counter(
            Reporter.CALLER,
            f'istio_requests_total{{reporter="source",{_OF_SERVICE},destination_version=~"$versions",'
            f'response_flags=~"(.*,)?({"|".join(_NO_ANSWER)})(,.*)?"}}',
            _labelled("destination_version"),
            _flag,
        ),
    ),
    latency=Histogram(f"istio_request_duration_milliseconds_bucket{{{_AT_CALLEE}}}", _labelled("destination_version")),
)
"""Istio's standard metrics. A caller's proxy counts calls, not attempts, and knows no version where it found no
endpoint: an attempt that was refused and repeated with success is not seen, nor is a version without a healthy pod."""


# Envoy's counters at the callers, of attempts on a subset that had no answer, and how each is called in its access log.
_AT_CALLERS = {
    "envoy_cluster_upstream_rq_pending_failure_eject": "UF",
    "envoy_cluster_upstream_cx_none_healthy": "UH",
    "envoy_cluster_upstream_rq_pending_overflow": "UO",
    "envoy_cluster_upstream_rq_timeout": "UT",
    "envoy_cluster_upstream_rq_per_try_timeout": "UT",
}
_OF_POD = 'namespace="$namespace",app="$service",version=~"$versions"'
_INBOUND = 'cluster_name=~"inbound\\\\|.*"'
_OUTBOUND = r'cluster_name=~"outbound\\|[0-9]+\\|($subsets)\\|$service\\.$namespace\\.svc\\..*"'


def _by_subset(subject: Subject, labels: Labels) -> Version:
    subset = labels["cluster_name"].split("|")[2]  # outbound|50051|v2|payment.souk.svc.cluster.local
    return subject.baseline if subset == subject.baseline.subset else subject.candidate


SERVICES = QuerySet(
    counters=(
        Counter(
            Reporter.CALLEE,
            f'grpc_server_handled_total{{{_OF_POD},grpc_code!="CANCELLED"}}',
            _labelled("version"),
            _label("grpc_code"),
        ),
        # What the callee's proxy answered in the service's place: it was down, or ended in the middle of an attempt.
        Counter(
            Reporter.CALLEE,
            f'envoy_cluster_upstream_rq{{{_OF_POD},{_INBOUND},response_code=~"5.."}}',
            _labelled("version"),
            lambda labels: endings.http(labels["response_code"]),
        ),
        *(
            Counter(Reporter.CALLER, f"{metric}{{{_OUTBOUND}}}", _by_subset, _always(flag))
            for metric, flag in _AT_CALLERS.items()
        ),
    ),
    latency=Histogram(f"envoy_cluster_upstream_rq_time_bucket{{{_OF_POD},{_INBOUND}}}", _labelled("version")),
)
"""The services' own RPC metrics (`grpc_server_handled_total`, as the chassis has them), and Envoy's for what a service
can't know. For a data plane without `istio_requests_total`, since Envoy alone takes a failed gRPC call for a 200. Needs
the pods' labels `app` and `version` on what is scraped from them."""

QUERY_SETS: Mapping[str, QuerySet] = {"istio": ISTIO, "services": SERVICES}
