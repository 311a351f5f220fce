"""Faults put in on purpose."""

from __future__ import annotations

import grpc
from envoy.extensions.filters.common.fault.v3 import fault_pb2 as common_fault_pb2
from envoy.extensions.filters.http.fault.v3 import fault_pb2
from envoy.type.v3 import percent_pb2

from souk_mesh.objects import HTTPFaultInjection, Percent
from souk_mesh.xds.protos import duration

FAULT_FILTER = "envoy.filters.http.fault"


def fault(rule: HTTPFaultInjection) -> fault_pb2.HTTPFault:
    """What the fault filter does on a route."""
    result = fault_pb2.HTTPFault()
    if rule.delay is not None:
        result.delay.CopyFrom(
            common_fault_pb2.FaultDelay(
                fixed_delay=duration(rule.delay.fixed_delay), percentage=_percentage(rule.delay.percentage)
            )
        )
    if rule.abort is not None:
        result.abort.percentage.CopyFrom(_percentage(rule.abort.percentage))
        if rule.abort.http_status is not None:
            result.abort.http_status = rule.abort.http_status
        else:
            result.abort.grpc_status = grpc.StatusCode[str(rule.abort.grpc_status)].value[0]
    return result


def _percentage(percent: Percent | None) -> percent_pb2.FractionalPercent:
    # No percentage means never, as in Istio.
    parts = round(percent.value * 10_000) if percent else 0
    return percent_pb2.FractionalPercent(numerator=parts, denominator=percent_pb2.FractionalPercent.MILLION)
