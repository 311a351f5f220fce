"""Where a sidecar sends what its application sends, by the host and port that are called."""

from __future__ import annotations

from collections.abc import Iterator

from envoy.config.core.v3 import base_pb2
from envoy.config.listener.v3.listener_pb2 import Listener
from envoy.config.route.v3.route_components_pb2 import RouteAction, VirtualHost, WeightedCluster
from envoy.config.route.v3.route_pb2 import RouteConfiguration
from google.protobuf.message import Message

from souk_oracle.projection.chains import chain, table_of
from souk_oracle.projection.filters import connection_manager, http_filters, manager_settings
from souk_oracle.projection.places import Places
from souk_oracle.projection.plain import plain
from souk_oracle.projection.routes import virtual_host
from souk_oracle.projection.sections import Json
from souk_oracle.told import Told

# Where connections arrive that iptables caught; what it does with them is said by the other listeners.
_CAPTURE = "virtualOutbound"
# The same host by the virtual address that a Service has here: in a cluster that is one of the host's domains. It must
# do the same, but for putting the name in the address's place.
_BY_ADDRESS = "|address"


def outbound(told: Told, places: Places) -> dict[str, Json]:
    """What happens to calls of every host and port."""
    result: dict[str, Json] = {}
    for listener in told.listeners.values():
        if listener.traffic_direction == base_pb2.OUTBOUND and listener.name != _CAPTURE:
            result.update(_listener(listener, told, places))
    return result


def _listener(listener: Listener, told: Told, places: Places) -> Iterator[tuple[str, Json]]:
    address = listener.address.socket_address
    place = f"{places.name(address.address)}:{address.port_value}"
    chains = list(listener.filter_chains)
    if len(chains) == 1 and (manager := connection_manager(chains[0].filters[-1])):
        table = table_of(manager, told.routes)
        settings, filters = manager_settings(manager), http_filters(manager, told.filters)
        for name, routes in _hosts(table, places) if table else ():
            yield name, {"manager": settings, "filters": filters, **routes}
    else:
        yield place, [chain(each, told, lambda table: list(_table(table, places))) for each in chains]


def _hosts(table: RouteConfiguration, places: Places) -> Iterator[tuple[str, dict[str, Json]]]:
    fallback = next((virtual_host(each, places) for each in table.virtual_hosts if _takes_all(each)), {})
    common = {"table": plain(table), "others": fallback.get("routes", [])}
    by_address = {each.name: each for each in table.virtual_hosts if each.name.endswith(_BY_ADDRESS)}
    for host in table.virtual_hosts:
        if not _takes_all(host) and host.name not in by_address:
            shown = {**virtual_host(host, places), **common}
            also = by_address.get(f"{host.name}{_BY_ADDRESS}")
            if also is not None and (routes := _as_if_by_name(also, host, places)) != shown["routes"]:
                shown["routes by address"] = routes
            yield host.name, shown


def _table(table: RouteConfiguration, places: Places) -> Iterator[Json]:
    for _, each in sorted(_hosts(table, places)):
        yield each


def _as_if_by_name(host: VirtualHost, by_name: VirtualHost, places: Places) -> Json:
    """The routes without the name that they put in the address's place; an authority that a rule sets stays."""
    named = VirtualHost()
    named.CopyFrom(host)
    for ours, model in zip(named.routes, by_name.routes, strict=False):
        if ours.HasField("route"):
            _leave_name_out(ours.route, model.route)
            clusters = model.route.weighted_clusters.clusters
            for share, other in zip(ours.route.weighted_clusters.clusters, clusters, strict=False):
                _leave_name_out(share, other)
    return virtual_host(named, places)["routes"]


def _leave_name_out(ours: RouteAction | WeightedCluster.ClusterWeight, model: Message) -> None:
    if not model.HasField("host_rewrite_literal"):
        ours.ClearField("host_rewrite_literal")


def _takes_all(host: VirtualHost) -> bool:
    return list(host.domains) == ["*"]
