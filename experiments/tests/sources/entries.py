"""Entries of access logs, as Envoy writes them (recorded from version 1.40), and who writes them."""

from __future__ import annotations

from envoy.config.core.v3.base_pb2 import Node
from envoy.data.accesslog.v3.accesslog_pb2 import HTTPAccessLogEntry
from google.protobuf import json_format

from souk_canary.sources.attempts import Teller, Versions

VERSIONS = Versions(
    service="payment",
    namespace="souk",
    labels={"v1": {"app": "payment", "version": "v1"}, "v2": {"app": "payment", "version": "v2"}},
)


def teller(pod: str, **labels: str) -> Teller:
    """A pod's proxy."""
    node = {
        "id": f"sidecar~127.9.1.1~{pod}.souk~souk.svc.cluster.local",
        "metadata": {"LABELS": {"app": "payment", **labels}},
    }
    return Teller.of(json_format.ParseDict(node, Node()))


V2 = teller("payment-v2-abc", version="v2")
CALLER = teller("order-abc", app="order")


def answered(
    status: str = "0", *, number: int = 1, seconds: float = 0.01, trailers_only: bool = False
) -> HTTPAccessLogEntry:
    """What a callee's proxy tells of a gRPC call."""
    place = "response_headers" if trailers_only else "response_trailers"
    response = {"response_code": 200, place: {"grpc-status": status}}
    return _entry("inbound|50051||", number, response, seconds)


def without_status(code: int, flag: str = "") -> HTTPAccessLogEntry:
    """What it tells of an answer that has no gRPC status, or of none."""
    return _entry("inbound|50051||", 1, {"response_code": code} if code else {}, 0.01, flag)


def unanswered(flag: str, *, cluster: str = "outbound|50051|v2|payment.souk.svc.cluster.local") -> HTTPAccessLogEntry:
    """What a caller's proxy tells of an attempt that had no answer."""
    return _entry(cluster, 1, {}, 0.3, flag)


def _entry(cluster: str, number: int, response: object, seconds: float, flag: str = "") -> HTTPAccessLogEntry:
    written = {
        "common_properties": {
            "duration": f"{seconds:.6f}s",
            "custom_tags": {"cluster": cluster},
            "response_flags": {flag: True} if flag else {},
        },
        "request": {"request_id": "r1", "request_headers": {"x-envoy-attempt-count": str(number)}},
        "response": response,
    }
    return json_format.ParseDict(written, HTTPAccessLogEntry())
