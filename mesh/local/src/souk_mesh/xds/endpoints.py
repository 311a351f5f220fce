"""Which pods are behind a cluster (EDS)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from envoy.config.cluster.v3 import cluster_pb2
from envoy.config.endpoint.v3 import endpoint_components_pb2, endpoint_pb2

from souk_mesh.objects import ClientTLS, PeerAuthentication, ServicePort, contains
from souk_mesh.xds.destinations import Callee
from souk_mesh.xds.entries import assignment, discovery
from souk_mesh.xds.peer_authentication import takes_mutual_tls
from souk_mesh.xds.protos import address
from souk_mesh.xds.socket_matching import marked
from souk_mesh.xds.view import Endpoint, cluster_name


@dataclass(frozen=True)
class Behind:
    """What is behind one port of a Service, and what the endpoints of its clusters are made from."""

    callee: Callee
    port: ServicePort
    pods: tuple[Endpoint, ...]
    peers: tuple[PeerAuthentication, ...]


def endpoints(given: Behind) -> Iterator[endpoint_pb2.ClusterLoadAssignment]:
    """The ready pods of a Service and of its subsets, or what a ServiceEntry lists; nothing for what DNS finds."""
    entry = given.callee.entry
    if entry is not None and discovery(entry) != cluster_pb2.Cluster.EDS:
        return
    if entry is not None and entry.spec.workload_selector is None:
        for name in ("", *given.callee.policy.subsets):
            yield assignment(given.callee, entry, given.port, name)
        return
    unready = given.callee.service.spec.publish_not_ready_addresses
    offered = (each for each in given.pods if each.pod.ready or unready)
    ready = sorted(offered, key=lambda each: (each.pod.name, each.port))
    yield _assignment(given, "", ready)
    for name, subset in given.callee.policy.subsets.items():
        yield _assignment(given, name, [each for each in ready if contains(each.pod.labels, subset.labels)])


def _assignment(given: Behind, subset: str, chosen: Sequence[Endpoint]) -> endpoint_pb2.ClusterLoadAssignment:
    name = cluster_name(given.callee.key, given.port.port, subset)
    assignment = endpoint_pb2.ClusterLoadAssignment(cluster_name=name)
    decided = given.callee.policy.tls_of_endpoints(given.port.port, subset)
    if chosen:
        assignment.endpoints.add(lb_endpoints=[_endpoint(each, _takes_tls(given, each, decided)) for each in chosen])
    return assignment


def _takes_tls(given: Behind, endpoint: Endpoint, decided: ClientTLS | None) -> bool:
    if decided is not None:
        return decided.mode == "ISTIO_MUTUAL"
    return takes_mutual_tls(given.peers, endpoint.pod, endpoint.port)


def _endpoint(endpoint: Endpoint, encrypted: bool) -> endpoint_components_pb2.LbEndpoint:
    return endpoint_components_pb2.LbEndpoint(
        endpoint=endpoint_components_pb2.Endpoint(address=address(endpoint.pod.addresses.pod, endpoint.port)),
        metadata=marked() if encrypted else None,
    )
