"""Copies of requests that are sent to somebody else too."""

from __future__ import annotations

from collections.abc import Iterator

from envoy.type.v3.percent_pb2 import FractionalPercent

from souk_mesh.objects import Destination, HTTPRoute, Percent
from souk_mesh.xds.percentages import hundredths, millionths


def mirrored(entry: HTTPRoute) -> Iterator[tuple[Destination, FractionalPercent]]:
    """Who gets copies of a route's requests, and of how many: of all unless something else is said."""
    if entry.mirror is not None and (share := _of_mirror(entry)).numerator:
        yield entry.mirror, share
    for each in entry.mirrors:
        if (share := _share(each.percentage)).numerator:
            yield each.destination, share


def _of_mirror(entry: HTTPRoute) -> FractionalPercent:
    if entry.mirror_percentage is None and entry.mirror_percent is not None:
        return hundredths(entry.mirror_percent)
    return _share(entry.mirror_percentage)


def _share(percentage: Percent | None) -> FractionalPercent:
    return millionths(percentage) if percentage is not None else hundredths(100)
