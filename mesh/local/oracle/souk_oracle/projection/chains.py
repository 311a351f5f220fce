"""Filter chains: which connections they take, how these are encrypted, and what is done with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from envoy.config.listener.v3.listener_components_pb2 import FilterChain, FilterChainMatch
from envoy.config.route.v3.route_pb2 import RouteConfiguration
from envoy.extensions.filters.network.http_connection_manager.v3.http_connection_manager_pb2 import (
    HttpConnectionManager,
)

from souk_oracle.projection.filters import connection_manager, http_filters, manager_settings, network_filters
from souk_oracle.projection.plain import plain
from souk_oracle.projection.sections import Json
from souk_oracle.told import Told

Shown = Callable[[RouteConfiguration], Json]
"""How the routes of a connection manager are shown."""


def chain(given: FilterChain, told: Told, shown: Shown) -> dict[str, Json]:
    """One filter chain."""
    result: dict[str, Json] = {}
    if match := _match(given.filter_chain_match):
        result["match"] = match
    if given.HasField("transport_socket"):
        result["tls"] = plain(given.transport_socket)
    if network := network_filters(given.filters):
        result["network"] = network
    for manager in filter(None, map(connection_manager, given.filters)):
        result["http"] = _http(manager, told, shown)
    return result


def table_of(manager: HttpConnectionManager, tables: Mapping[str, RouteConfiguration]) -> RouteConfiguration | None:
    """The routes of a connection manager, inline or by name."""
    if manager.HasField("route_config"):
        return manager.route_config
    return tables.get(manager.rds.route_config_name)


def _http(manager: HttpConnectionManager, told: Told, shown: Shown) -> Json:
    table = table_of(manager, told.routes)
    return {
        "manager": manager_settings(manager),
        "filters": http_filters(manager, told.filters),
        "routes": shown(table) if table else [],
    }


def _match(match: FilterChainMatch) -> dict[str, Json]:
    shown = plain(match)
    if any(each.startswith("istio") for each in match.application_protocols):
        # The names by which sidecars know each other are theirs alone: those of the local mesh need fewer.
        shown["application_protocols"] = ["istio"]
    return shown
