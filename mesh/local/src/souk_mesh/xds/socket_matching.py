"""How endpoints say that they take mutual TLS, and how clusters encrypt to those alone."""

from __future__ import annotations

from envoy.config.cluster.v3 import cluster_pb2
from envoy.config.core.v3 import base_pb2
from google.protobuf import struct_pb2

from souk_mesh.xds.tls import plain

_SOCKET_MATCH = "envoy.transport_socket_match"
_MUTUAL = {"tlsMode": "istio"}
_TLS, _PLAIN = "tlsMode-istio", "tlsMode-disabled"


def marked() -> base_pb2.Metadata:
    """What an endpoint that takes mutual TLS carries."""
    metadata = base_pb2.Metadata()
    metadata.filter_metadata[_SOCKET_MATCH].CopyFrom(_marks())
    return metadata


def offer(cluster: cluster_pb2.Cluster, encrypted: base_pb2.TransportSocket) -> None:
    """Encrypts to the endpoints that are marked, and to no other."""
    cluster.transport_socket_matches.add(name=_TLS, match=_marks(), transport_socket=encrypted)
    cluster.transport_socket_matches.add(name=_PLAIN, match=struct_pb2.Struct(), transport_socket=plain())


def _marks() -> struct_pb2.Struct:
    marks = struct_pb2.Struct()
    marks.update(_MUTUAL)
    return marks
