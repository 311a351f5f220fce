"""What a proxy can send requests to (CDS)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from envoy.config.cluster.v3 import cluster_pb2
from envoy.config.core.v3 import base_pb2
from envoy.config.endpoint.v3 import endpoint_components_pb2
from google.protobuf import struct_pb2

from souk_mesh.objects import ConnectionPool, HTTPSettings, ServicePort
from souk_mesh.topology import ServiceKey
from souk_mesh.xds import tls
from souk_mesh.xds.destinations import Callee, Policy
from souk_mesh.xds.endpoints import MUTUAL
from souk_mesh.xds.policies import balance, bound, detect_outliers
from souk_mesh.xds.protos import address, from_ads
from souk_mesh.xds.view import Protocol, cluster_name, inbound_name, passthrough_name, protocol

_TLS = "tlsMode-istio"
_PLAIN = "tlsMode-disabled"


@dataclass(frozen=True)
class Called:
    """One port of a Service that is called, and what its clusters are made from."""

    callee: Callee
    port: ServicePort
    identities: frozenset[str]
    """Who may answer."""


def outbound_clusters(given: Called) -> Iterator[cluster_pb2.Cluster]:
    """The clusters of a Service's port: of all its pods, of its subsets, and past all rules."""
    key, port, found = given.callee.key, given.port, given.callee.policy
    for subset, policy in (("", found.policy), *((name, each.policy) for name, each in found.subsets.items())):
        encrypted = tls.upstream(key, port.port, subset, protocol(port), given.identities)
        yield _outbound(cluster_name(key, port.port, subset), protocol(port), policy, encrypted)
    yield _passthrough(key, port)


@dataclass(frozen=True)
class Application:
    """A port of a pod's application."""

    address: str
    number: int
    spoken: Protocol


def inbound_cluster(given: Application) -> cluster_pb2.Cluster:
    """The application behind its own proxy."""
    cluster = cluster_pb2.Cluster(name=inbound_name(given.number), type=cluster_pb2.Cluster.STATIC)
    # Only towards other pods does a proxy call from its pod's address (see `bootstrap`).
    cluster.upstream_bind_config.SetInParent()
    bound(cluster, None, given.spoken)
    cluster.load_assignment.cluster_name = cluster.name
    cluster.load_assignment.endpoints.add().lb_endpoints.add(
        endpoint=endpoint_components_pb2.Endpoint(address=address(given.address, given.number))
    )
    return cluster


def _outbound(name: str, spoken: Protocol, policy: Policy, encrypted: base_pb2.TransportSocket) -> cluster_pb2.Cluster:
    cluster = _from_eds(name, name)
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


def _passthrough(key: ServiceKey, port: ServicePort) -> cluster_pb2.Cluster:
    """The same pods past all rules: where Istio's proxies send what they know nothing of."""
    cluster = _from_eds(passthrough_name(key, port.port), cluster_name(key, port.port))
    balance(cluster, None)
    bound(cluster, ConnectionPool(http=HTTPSettings(use_client_protocol=True)), protocol(port))
    return cluster


def _from_eds(name: str, endpoints: str) -> cluster_pb2.Cluster:
    cluster = cluster_pb2.Cluster(name=name, type=cluster_pb2.Cluster.EDS)
    cluster.eds_cluster_config.service_name = endpoints
    cluster.eds_cluster_config.eds_config.CopyFrom(from_ads())
    return cluster
