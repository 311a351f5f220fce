"""What answers for the hosts of ServiceEntries."""

from __future__ import annotations

from envoy.config.cluster.v3 import cluster_pb2
from envoy.config.endpoint.v3 import endpoint_components_pb2
from envoy.config.endpoint.v3.endpoint_pb2 import ClusterLoadAssignment

from souk_mesh.objects import ClientTLS, ServiceEntry, ServicePort, WorkloadEntry, contains
from souk_mesh.xds.destinations import Callee
from souk_mesh.xds.protos import address, uint32
from souk_mesh.xds.socket_matching import marked
from souk_mesh.xds.view import cluster_name

TLS_MODE = "security.istio.io/tlsMode"
_DISCOVERY = {
    "STATIC": cluster_pb2.Cluster.EDS,
    "DNS": cluster_pb2.Cluster.STRICT_DNS,
    "DNS_ROUND_ROBIN": cluster_pb2.Cluster.LOGICAL_DNS,
}


def discovery(entry: ServiceEntry) -> cluster_pb2.Cluster.DiscoveryType:
    """How a proxy finds what answers for the hosts."""
    return _DISCOVERY[entry.spec.resolution]


def external(entry: ServiceEntry | None) -> bool:
    """Whether nothing that answers is of the mesh."""
    return entry is not None and entry.spec.location == "MESH_EXTERNAL"


def identities(entry: ServiceEntry) -> frozenset[str]:
    """The names that whatever answers may have in its certificate."""
    accounts = {each.service_account for each in entry.spec.endpoints if each.service_account}
    spiffe = (f"spiffe://cluster.local/ns/{entry.metadata.namespace}/sa/{each}" for each in accounts)
    return frozenset((*entry.spec.subject_alt_names, *spiffe))


def assignment(callee: Callee, entry: ServiceEntry, port: ServicePort, subset: str) -> ClusterLoadAssignment:
    """What answers for a host, or for a subset of what does; by DNS it is the host itself if nothing is listed."""
    listed = entry.spec.endpoints
    if not listed and entry.spec.resolution != "STATIC":
        listed = (WorkloadEntry(address=callee.key.host),)
    labels = callee.policy.subsets[subset].labels if subset else {}
    result = ClusterLoadAssignment(cluster_name=cluster_name(callee.key, port.port, subset))
    chosen = [each for each in listed if contains(each.labels, labels)]
    decided = callee.policy.tls_of_endpoints(port.port, subset)
    if chosen:
        result.endpoints.add(lb_endpoints=[_endpoint(each, port, decided) for each in chosen])
    return result


def _endpoint(each: WorkloadEntry, port: ServicePort, decided: ClientTLS | None) -> endpoint_components_pb2.LbEndpoint:
    target = port.target_port if isinstance(port.target_port, int) else port.port
    mutual = each.labels.get(TLS_MODE, "istio" if each.service_account else "disabled") == "istio"
    mutual = mutual if decided is None else decided.mode == "ISTIO_MUTUAL"
    result = endpoint_components_pb2.LbEndpoint(
        endpoint=endpoint_components_pb2.Endpoint(address=address(each.address, each.ports.get(port.name, target))),
        metadata=marked() if mutual else None,
    )
    if each.weight:
        result.load_balancing_weight.CopyFrom(uint32(each.weight))
    return result
