"""Which pods are behind a cluster (EDS)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from envoy.config.core.v3 import base_pb2
from envoy.config.endpoint.v3 import endpoint_components_pb2, endpoint_pb2
from google.protobuf import struct_pb2

from souk_mesh.objects import ServicePort, contains
from souk_mesh.topology import Pod, ServiceKey
from souk_mesh.xds.destinations import destination_policy
from souk_mesh.xds.peer_authentication import takes_mutual_tls
from souk_mesh.xds.protos import address
from souk_mesh.xds.view import Endpoint, View, cluster_name

SOCKET_MATCH = "envoy.transport_socket_match"
MUTUAL = {"tlsMode": "istio"}
"""How an endpoint says that it takes mutual TLS, and a cluster which endpoints it means."""


def endpoints(view: View, pod: Pod) -> Iterator[endpoint_pb2.ClusterLoadAssignment]:
    """The ready pods of every Service and subset, as `pod` sees them."""
    for key, port in view.ports():
        yield _assignment(view, key, port, "", {})
        for name, subset in destination_policy(view.configuration, pod.namespace, key).subsets.items():
            yield _assignment(view, key, port, name, subset.labels)


def _assignment(
    view: View, key: ServiceKey, port: ServicePort, subset: str, labels: Mapping[str, str]
) -> endpoint_pb2.ClusterLoadAssignment:
    chosen = [each for each in view.backends(key, port) if each.pod.ready and contains(each.pod.labels, labels)]
    assignment = endpoint_pb2.ClusterLoadAssignment(cluster_name=cluster_name(key, port.port, subset))
    if chosen:
        chosen.sort(key=lambda each: (each.pod.name, each.port))
        assignment.endpoints.add(lb_endpoints=[_endpoint(view, each) for each in chosen])
    return assignment


def _endpoint(view: View, endpoint: Endpoint) -> endpoint_components_pb2.LbEndpoint:
    metadata = base_pb2.Metadata()
    if takes_mutual_tls(view.configuration, endpoint.pod, endpoint.port):
        marks = struct_pb2.Struct()
        marks.update(MUTUAL)
        metadata.filter_metadata[SOCKET_MATCH].CopyFrom(marks)
    return endpoint_components_pb2.LbEndpoint(
        endpoint=endpoint_components_pb2.Endpoint(address=address(endpoint.pod.addresses.pod, endpoint.port)),
        metadata=metadata,
    )
