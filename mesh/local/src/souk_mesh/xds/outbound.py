"""Where a sidecar takes its application's own calls (LDS): one listener for every port of every Service."""

from __future__ import annotations

from dataclasses import dataclass

from envoy.config.core.v3 import base_pb2
from envoy.config.listener.v3 import listener_components_pb2, listener_pb2

from souk_mesh.objects import ServicePort
from souk_mesh.topology import ServiceKey, listening_port
from souk_mesh.xds.connections import Forwarding, tcp_proxy
from souk_mesh.xds.http_managers import manager_filter, network_filter, outbound_manager
from souk_mesh.xds.protos import address, flag
from souk_mesh.xds.routes import routes_name


@dataclass(frozen=True)
class Virtual:
    """One port of a Service, where one pod calls it."""

    key: ServiceKey
    port: ServicePort
    address: str
    forwarding: Forwarding | None
    """Where its connections go; None where its requests are told apart."""


def outbound_listener(given: Virtual) -> listener_pb2.Listener:
    """A listener on the address that a Service has for this pod alone."""
    return listener_pb2.Listener(
        name=f"outbound|{given.key.host}:{given.port.port}",
        address=address(given.address, listening_port(given.port.port)),
        traffic_direction=base_pb2.OUTBOUND,
        enable_reuse_port=flag(False),
        filter_chains=[listener_components_pb2.FilterChain(filters=[_filter(given)])],
    )


def _filter(given: Virtual) -> listener_components_pb2.Filter:
    key, port = given.key, given.port.port
    prefix = f"outbound_{port}_{key.name}_{key.namespace}"
    if given.forwarding is None:
        return manager_filter(outbound_manager(prefix, routes_name(key, port)))
    return network_filter("envoy.filters.network.tcp_proxy", tcp_proxy(prefix, given.forwarding))
