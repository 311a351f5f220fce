"""Servers of this machine that proxies call on a unix socket."""

from __future__ import annotations

from pathlib import Path

from envoy.config.cluster.v3 import cluster_pb2
from envoy.extensions.upstreams.http.v3 import http_protocol_options_pb2

from souk_mesh.xds.protos import packed


def socket_cluster(name: str, socket: Path, *, unread_bytes: int | None = None) -> cluster_pb2.Cluster:
    """A gRPC server behind a unix socket.

    Args:
        name: of the cluster.
        socket: its path.
        unread_bytes: so much is kept at most of what a server does not read; None for what Envoy holds to be enough.
    """
    cluster = cluster_pb2.Cluster(name=name)
    cluster.connect_timeout.FromSeconds(1)
    cluster.load_assignment.cluster_name = name
    # A unix socket can't be called from an IP address.
    cluster.upstream_bind_config.SetInParent()
    endpoint = cluster.load_assignment.endpoints.add().lb_endpoints.add().endpoint
    endpoint.address.pipe.path = str(socket)
    options = http_protocol_options_pb2.HttpProtocolOptions()
    http2 = options.explicit_http_config.http2_protocol_options
    http2.SetInParent()
    if unread_bytes is not None:
        cluster.per_connection_buffer_limit_bytes.value = unread_bytes
        # Envoy takes a stream's window for the bound of what waits to be sent on it: 16 MiB, if nothing else is said.
        http2.initial_stream_window_size.value = http2.initial_connection_window_size.value = unread_bytes
    cluster.typed_extension_protocol_options["envoy.extensions.upstreams.http.v3.HttpProtocolOptions"].CopyFrom(
        packed(options)
    )
    return cluster
