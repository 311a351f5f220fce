"""What a proxy can send requests to (CDS)."""

from __future__ import annotations

from collections.abc import Iterator

from envoy.config.cluster.v3 import cluster_pb2
from envoy.config.core.v3 import base_pb2
from envoy.config.endpoint.v3 import endpoint_components_pb2
from google.protobuf import struct_pb2

from souk_mesh.objects import ConnectionPool, HTTPSettings, ServicePort
from souk_mesh.topology import Pod, Proxy, ServiceKey
from souk_mesh.xds import tls
from souk_mesh.xds.destinations import Policy, destination_policy
from souk_mesh.xds.endpoints import MUTUAL
from souk_mesh.xds.inbound_ports import inbound_ports
from souk_mesh.xds.policies import balance, bound, detect_outliers
from souk_mesh.xds.protos import address, from_ads
from souk_mesh.xds.view import Protocol, View, cluster_name, inbound_name, passthrough_name, protocol

_TLS = "tlsMode-istio"
_PLAIN = "tlsMode-disabled"


def clusters(view: View, pod: Pod) -> Iterator[cluster_pb2.Cluster]:
    """Everything that the proxy of `pod` can send to."""
    for key, port in view.ports():
        found = destination_policy(view.configuration, pod.namespace, key)
        policies = {"": found.policy, **{name: subset.policy for name, subset in found.subsets.items()}}
        identities = {each.pod.identity for each in view.backends(key, port)}
        for subset, policy in policies.items():
            name = cluster_name(key, port.port, subset)
            encrypted = tls.upstream(key, port.port, subset, protocol(port), identities)
            yield _outbound(pod, name, protocol(port), policy, encrypted)
        if key in pod.addresses.virtual:
            yield _passthrough(pod, key, port)
    if pod.proxy is Proxy.SIDECAR:
        for number, spoken in inbound_ports(view, pod).items():
            yield _inbound(pod, number, spoken)


def _outbound(
    pod: Pod, name: str, spoken: Protocol, policy: Policy, encrypted: base_pb2.TransportSocket
) -> cluster_pb2.Cluster:
    cluster = _from_eds(pod, name, name)
    balance(cluster, policy.load_balancer)
    bound(cluster, policy.connection_pool, spoken)
    detect_outliers(cluster, policy.outlier_detection)
    if policy.tls is None:
        # Auto mTLS: each endpoint says whether it takes it.
        marks = struct_pb2.Struct()
        marks.update(MUTUAL)
        cluster.transport_socket_matches.add(name=_TLS, match=marks, transport_socket=encrypted)
        cluster.transport_socket_matches.add(name=_PLAIN, match=struct_pb2.Struct(), transport_socket=tls.plain())
    elif policy.tls.mode == "ISTIO_MUTUAL":
        cluster.transport_socket.CopyFrom(encrypted)
    return cluster


def _passthrough(pod: Pod, key: ServiceKey, port: ServicePort) -> cluster_pb2.Cluster:
    """The same pods past all rules: where Istio's proxies send what they know nothing of."""
    cluster = _from_eds(pod, passthrough_name(key, port.port), cluster_name(key, port.port))
    balance(cluster, None)
    bound(cluster, ConnectionPool(http=HTTPSettings(use_client_protocol=True)), protocol(port))
    return cluster


def _from_eds(pod: Pod, name: str, endpoints: str) -> cluster_pb2.Cluster:
    cluster = cluster_pb2.Cluster(name=name, type=cluster_pb2.Cluster.EDS)
    cluster.eds_cluster_config.service_name = endpoints
    cluster.eds_cluster_config.eds_config.CopyFrom(from_ads())
    # A callee sees the address of the pod that calls, as in a cluster.
    cluster.upstream_bind_config.source_address.address = pod.addresses.pod
    cluster.upstream_bind_config.source_address.port_value = 0
    return cluster


def _inbound(pod: Pod, number: int, spoken: Protocol) -> cluster_pb2.Cluster:
    cluster = cluster_pb2.Cluster(name=inbound_name(number), type=cluster_pb2.Cluster.STATIC)
    bound(cluster, None, spoken)
    cluster.load_assignment.cluster_name = cluster.name
    cluster.load_assignment.endpoints.add().lb_endpoints.add(
        endpoint=endpoint_components_pb2.Endpoint(address=address(pod.addresses.application, number))
    )
    return cluster
