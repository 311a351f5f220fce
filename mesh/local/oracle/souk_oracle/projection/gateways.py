"""What a gateway takes from outside, by the port that it listens on."""

from __future__ import annotations

from envoy.config.route.v3.route_pb2 import RouteConfiguration

from souk_oracle.projection.chains import chain
from souk_oracle.projection.places import Places
from souk_oracle.projection.plain import plain
from souk_oracle.projection.routes import virtual_host
from souk_oracle.projection.sections import Json
from souk_oracle.told import Told


def gateways(told: Told, places: Places) -> dict[str, Json]:
    """The filter chains of every port, with the hosts that are known there."""
    return {
        str(listener.address.socket_address.port_value): [
            chain(each, told, lambda table: _table(table, places)) for each in listener.filter_chains
        ]
        for listener in told.listeners.values()
    }


def _table(table: RouteConfiguration, places: Places) -> Json:
    ordered = sorted(table.virtual_hosts, key=lambda each: sorted(each.domains))
    return {**plain(table), "hosts": [virtual_host(each, places) for each in ordered]}
