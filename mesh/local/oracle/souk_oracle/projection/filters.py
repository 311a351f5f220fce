"""The filters of a listener, in their order, with what they go by."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from envoy.config.core.v3.extension_pb2 import TypedExtensionConfig
from envoy.config.listener.v3.listener_components_pb2 import Filter
from envoy.extensions.filters.network.http_connection_manager.v3.http_connection_manager_pb2 import (
    HttpConnectionManager,
    HttpFilter,
)
from google.protobuf.any_pb2 import Any

from souk_oracle.projection.clusters import cluster_reference
from souk_oracle.projection.plain import plain, unpacked
from souk_oracle.projection.sections import Json

_TELEMETRY = (
    "istio.metadata_exchange",
    "istio.stats",
    "istio.peer_metadata",
    "envoy.filters.http.grpc_stats",
    "envoy.filters.network.metadata_exchange",
)
# Tells the callee's sidecar which HTTP is spoken, so that it can tell HTTP from TCP on a port that it knows nothing
# of; here every port's protocol is known.
_ALPN = "istio.alpn"
_ROUTER = "envoy.filters.http.router"


def network_filters(filters: Iterable[Filter]) -> list[Json]:
    """The filters of a connection, but for telemetry and for the one that tells requests apart."""
    return [
        cluster_reference({"@type": "", **_config(each.typed_config)})
        for each in filters
        if each.name not in _TELEMETRY and connection_manager(each) is None
    ]


def connection_manager(given: Filter) -> HttpConnectionManager | None:
    """What a filter does with requests, if it tells them apart."""
    if not given.typed_config.Is(HttpConnectionManager.DESCRIPTOR):
        return None
    manager = HttpConnectionManager()
    given.typed_config.Unpack(manager)
    return manager


def manager_settings(manager: HttpConnectionManager) -> Json:
    """How requests are read, apart from filters and routes."""
    return plain(manager)


def http_filters(manager: HttpConnectionManager, configurations: Mapping[str, TypedExtensionConfig]) -> list[Json]:
    """The filters of a request in their order.

    Args:
        manager: has them.
        configurations: what those go by that are told apart from their listener; istiod does that with none of them.
    """
    return list(_http_filters(manager.http_filters, configurations))


def _http_filters(filters: Iterable[HttpFilter], configurations: Mapping[str, TypedExtensionConfig]) -> Iterator[Json]:
    for each in filters:
        if each.name not in (*_TELEMETRY, _ALPN, _ROUTER):
            told_apart = each.HasField("config_discovery")
            shown = _config(configurations[each.name].typed_config if told_apart else each.typed_config)
            # Such a filter is always there, for the day when somebody asks something of it.
            if not told_apart or "rules" in shown:
                yield shown


def _config(config: Any) -> dict[str, Json]:
    message = unpacked(config)
    if message is None:
        return {"@type": config.TypeName()}
    return {"@type": message.DESCRIPTOR.name, **plain(message)}
