"""Servers of this machine that proxies call on a unix socket."""

from __future__ import annotations

from pathlib import Path

from envoy.config.cluster.v3 import cluster_pb2
from envoy.extensions.upstreams.http.v3 import http_protocol_options_pb2

from souk_mesh.xds.protos import packed


def socket_cluster(name: str, socket: Path) -> cluster_pb2.Cluster:
    """A gRPC server behind a unix socket."""
    cluster = cluster_pb2.Cluster(name=name)
    cluster.connect_timeout.FromSeconds(1)
    cluster.load_assignment.cluster_name = name
    # A unix socket can't be called from an IP address.
    cluster.upstream_bind_config.SetInParent()
    endpoint = cluster.load_assignment.endpoints.add().lb_endpoints.add().endpoint
    endpoint.address.pipe.path = str(socket)
    options = http_protocol_options_pb2.HttpProtocolOptions()
    options.explicit_http_config.http2_protocol_options.SetInParent()
    cluster.typed_extension_protocol_options["envoy.extensions.upstreams.http.v3.HttpProtocolOptions"].CopyFrom(
        packed(options)
    )
    return cluster
