"""Percentages, as Envoy counts them."""

from __future__ import annotations

from envoy.type.v3.percent_pb2 import FractionalPercent

from souk_mesh.objects import Percent


def millionths(percent: Percent) -> FractionalPercent:
    """A percentage in millionths of the whole; what is less than one is cut off, as in Istio."""
    return FractionalPercent(numerator=int(percent.value * 10_000), denominator=FractionalPercent.MILLION)


def hundredths(percent: int) -> FractionalPercent:
    """A percentage in whole numbers."""
    return FractionalPercent(numerator=percent, denominator=FractionalPercent.HUNDRED)
