"""What a sidecar lets in to its application, by the port of the pod."""

from __future__ import annotations

from collections.abc import Iterator

from envoy.config.core.v3 import base_pb2
from envoy.config.listener.v3.listener_components_pb2 import FilterChain
from envoy.config.route.v3.route_pb2 import RouteConfiguration

from souk_oracle.projection.chains import chain
from souk_oracle.projection.places import Places
from souk_oracle.projection.plain import plain
from souk_oracle.projection.routes import virtual_host
from souk_oracle.projection.sections import Json
from souk_oracle.told import Told

# What the caller's sidecar leaves behind here when it puts a name in place of a virtual address; a cluster has none.
_ORIGINAL_HOST = "x-envoy-original-host"
# Where connections arrive that iptables caught: who calls it itself is sent nowhere.
_CAPTURE = 15006


def inbound(told: Told, places: Places) -> dict[str, Json]:
    """The filter chains of every port that a Service leads to."""
    ports: dict[str, list[Json]] = {}
    for port, each in _chains(told):
        shown = chain(each, told, lambda table: _table(table, places))
        ports.setdefault(str(port), []).append(_without_port(shown))
    return {port: sorted(chains, key=_match) for port, chains in sorted(ports.items())}


def _chains(told: Told) -> Iterator[tuple[int, FilterChain]]:
    """The chains with their ports: in a cluster a condition of one listener, here each port has one of its own."""
    for listener in told.listeners.values():
        if listener.traffic_direction == base_pb2.INBOUND:
            captured = any(each.filter_chain_match.HasField("destination_port") for each in listener.filter_chains)
            for each in listener.filter_chains:
                if not captured:
                    yield listener.address.socket_address.port_value, each
                elif each.filter_chain_match.destination_port.value not in (0, _CAPTURE):
                    yield each.filter_chain_match.destination_port.value, each


def _table(table: RouteConfiguration, places: Places) -> Json:
    shown = plain(table)
    if shown.get("request_headers_to_remove") == [_ORIGINAL_HOST]:
        del shown["request_headers_to_remove"]
    shown["hosts"] = [virtual_host(each, places) for each in table.virtual_hosts]
    return shown


def _without_port(shown: dict[str, Json]) -> Json:
    match = shown.get("match")
    if isinstance(match, dict):
        match.pop("destination_port", None)
        if not match:
            del shown["match"]
    return shown


def _match(shown: Json) -> str:
    return repr(shown.get("match")) if isinstance(shown, dict) else ""
