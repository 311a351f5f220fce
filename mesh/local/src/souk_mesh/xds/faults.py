"""Faults put in on purpose."""

from __future__ import annotations

import grpc
from envoy.extensions.filters.common.fault.v3 import fault_pb2 as common_fault_pb2
from envoy.extensions.filters.http.fault.v3 import fault_pb2

from souk_mesh.objects import FaultAbort, FaultDelay, HTTPFaultInjection
from souk_mesh.xds.percentages import hundredths, millionths
from souk_mesh.xds.protos import duration

FAULT_FILTER = "envoy.filters.http.fault"


def fault(rule: HTTPFaultInjection) -> fault_pb2.HTTPFault:
    """What the fault filter does on a route."""
    result = fault_pb2.HTTPFault()
    if rule.delay is not None:
        result.delay.CopyFrom(_delay(rule.delay))
    if rule.abort is not None:
        result.abort.CopyFrom(_abort(rule.abort))
    return result


def _delay(rule: FaultDelay) -> common_fault_pb2.FaultDelay:
    share = millionths(rule.percentage) if rule.percentage is not None else hundredths(rule.percent)
    return common_fault_pb2.FaultDelay(fixed_delay=duration(rule.fixed_delay), percentage=share)


def _abort(rule: FaultAbort) -> fault_pb2.FaultAbort:
    result = fault_pb2.FaultAbort()
    # Without a percentage it never happens, as in Istio.
    if rule.percentage is not None:
        result.percentage.CopyFrom(millionths(rule.percentage))
    if rule.http_status is not None:
        result.http_status = rule.http_status
    else:
        result.grpc_status = grpc.StatusCode[str(rule.grpc_status)].value[0]
    return result
