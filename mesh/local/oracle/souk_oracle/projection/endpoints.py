"""Which pods are behind a cluster, and which of them are encrypted to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from envoy.config.endpoint.v3.endpoint_components_pb2 import LbEndpoint
from envoy.config.endpoint.v3.endpoint_pb2 import ClusterLoadAssignment

from souk_oracle.projection.places import Places
from souk_oracle.projection.sections import Json

_MARKS = "envoy.transport_socket_match"


def endpoints(told: Mapping[str, ClusterLoadAssignment], places: Places) -> dict[str, Json]:
    """The endpoints of every cluster of a Service, by its name, in no order."""
    return {
        name: sorted(_endpoints(each, places), key=repr) for name, each in told.items() if name.startswith("outbound|")
    }


def _endpoints(assignment: ClusterLoadAssignment, places: Places) -> Iterable[Json]:
    for locality in assignment.endpoints:
        for each in locality.lb_endpoints:
            yield _endpoint(each, locality.priority, places)


def _endpoint(given: LbEndpoint, priority: int, places: Places) -> Json:
    address = given.endpoint.address.socket_address
    marks = given.metadata.filter_metadata[_MARKS].fields if _MARKS in given.metadata.filter_metadata else {}
    shown: dict[str, Json] = {
        "pod": places.name(address.address),
        "port": address.port_value,
        "tls": marks["tlsMode"].string_value if "tlsMode" in marks else "",
    }
    if priority:
        shown["priority"] = priority
    if given.HasField("load_balancing_weight") and given.load_balancing_weight.value != 1:
        shown["weight"] = given.load_balancing_weight.value
    return shown
