"""Where a sidecar takes its application's own calls (LDS): one listener for every port of every Service."""

from __future__ import annotations

from collections.abc import Iterator

from envoy.config.core.v3 import base_pb2
from envoy.config.listener.v3 import listener_components_pb2, listener_pb2
from envoy.extensions.filters.network.tcp_proxy.v3 import tcp_proxy_pb2

from souk_mesh.objects import ServicePort
from souk_mesh.topology import Pod, ServiceKey
from souk_mesh.xds.http_managers import manager_filter, network_filter, outbound_manager
from souk_mesh.xds.protos import address, flag
from souk_mesh.xds.routes import routes_name
from souk_mesh.xds.view import View, cluster_name, protocol


def outbound_listeners(view: View, pod: Pod) -> Iterator[listener_pb2.Listener]:
    """Listeners on the addresses that Services have for this pod alone."""
    for key, port in view.ports():
        if key in pod.addresses.virtual:
            yield listener_pb2.Listener(
                name=f"outbound|{key.host}:{port.port}",
                address=address(pod.addresses.virtual[key], port.port),
                traffic_direction=base_pb2.OUTBOUND,
                enable_reuse_port=flag(False),
                filter_chains=[listener_components_pb2.FilterChain(filters=[_filter(key, port)])],
            )


def _filter(key: ServiceKey, port: ServicePort) -> listener_components_pb2.Filter:
    prefix = f"outbound_{port.port}_{key.name}_{key.namespace}"
    if protocol(port).http:
        return manager_filter(outbound_manager(prefix, routes_name(key, port.port)))
    proxy = tcp_proxy_pb2.TcpProxy(stat_prefix=prefix, cluster=cluster_name(key, port.port))
    return network_filter("envoy.filters.network.tcp_proxy", proxy)
