"""What a proxy can send requests to (CDS)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from envoy.config.cluster.v3 import cluster_pb2
from envoy.config.endpoint.v3 import endpoint_components_pb2
from envoy.extensions.upstreams.http.v3.http_protocol_options_pb2 import HttpProtocolOptions

from souk_mesh.objects import ClientTLS, ConnectionPool, HTTPSettings, ServicePort
from souk_mesh.xds import tls
from souk_mesh.xds.destinations import Callee
from souk_mesh.xds.entries import assignment, discovery
from souk_mesh.xds.http_options import http_options, name_server, set_http_options, speaks_http2
from souk_mesh.xds.policies import balance, bound, detect_outliers
from souk_mesh.xds.protos import address, duration, from_ads
from souk_mesh.xds.socket_matching import offer
from souk_mesh.xds.view import Protocol, cluster_name, inbound_name, passthrough_name, protocol

DNS_REFRESH = timedelta(seconds=60)
"""How often a name is looked up that says nothing of how long it holds (Istio's default)."""
DNS_JITTER = timedelta(milliseconds=100)
"""So that proxies do not all ask at once (Istio's default)."""


@dataclass(frozen=True)
class Called:
    """One port of a Service that is called, and what its clusters are made from."""

    callee: Callee
    port: ServicePort
    identities: frozenset[str]
    """Who may answer."""
    mutual: bool
    """Whether callers encrypt of their own accord (auto mTLS)."""
    router: bool
    """Whether the caller is a gateway."""
    known: bool = True
    """Whether callers know the Service: otherwise rules have nothing to say about it."""


def outbound_clusters(given: Called) -> Iterator[cluster_pb2.Cluster]:
    """The clusters of a Service's port: of all its pods, of its subsets, and past all rules."""
    for subset in ("", *given.callee.policy.subsets) if given.known else ():
        cluster = _found(given, cluster_name(given.callee.key, given.port.port, subset), subset)
        if cluster is not None:
            yield _ruled(cluster, given, subset)
    everybody = _found(given, passthrough_name(given.callee.key, given.port.port), "")
    if everybody is not None:
        yield _passthrough(everybody, given.port)


@dataclass(frozen=True)
class Application:
    """A port of a pod's application."""

    address: str
    number: int
    spoken: Protocol
    pool: ConnectionPool | None
    """What is said of calls to its Service bounds the sidecar at this end, too."""


def inbound_cluster(given: Application) -> cluster_pb2.Cluster:
    """The application behind its own proxy."""
    cluster = cluster_pb2.Cluster(name=inbound_name(given.number), type=cluster_pb2.Cluster.STATIC)
    # Only towards other pods does a proxy call from its pod's address (see `bootstrap`).
    cluster.upstream_bind_config.SetInParent()
    bound(cluster, given.pool)
    set_http_options(cluster, http_options(given.pool, given.spoken, upgradable=False))
    cluster.load_assignment.cluster_name = cluster.name
    cluster.load_assignment.endpoints.add().lb_endpoints.add(
        endpoint=endpoint_components_pb2.Endpoint(address=address(given.address, given.number))
    )
    return cluster


def _found(given: Called, name: str, subset: str) -> cluster_pb2.Cluster | None:
    """A cluster that finds its endpoints; None for a DNS cluster that has nobody to ask for."""
    callee, port = given.callee, given.port
    cluster = cluster_pb2.Cluster(name=name, type=discovery(callee.entry) if callee.entry else cluster_pb2.Cluster.EDS)
    if callee.entry is not None and callee.entry.spec.workload_selector is None:
        # What is listed may be anywhere: it can't be called from a loopback address.
        cluster.upstream_bind_config.SetInParent()
    if cluster.type == cluster_pb2.Cluster.EDS:
        cluster.eds_cluster_config.service_name = cluster_name(callee.key, port.port, subset)
        cluster.eds_cluster_config.eds_config.CopyFrom(from_ads())
        return cluster
    assert callee.entry is not None
    cluster.load_assignment.CopyFrom(assignment(callee, callee.entry, port, subset))
    cluster.dns_lookup_family = cluster_pb2.Cluster.V4_ONLY
    cluster.respect_dns_ttl = True
    cluster.dns_refresh_rate.CopyFrom(duration(DNS_REFRESH))
    cluster.dns_jitter.CopyFrom(duration(DNS_JITTER))
    return cluster if cluster.load_assignment.endpoints else None


def _ruled(cluster: cluster_pb2.Cluster, given: Called, subset: str) -> cluster_pb2.Cluster:
    policy = given.callee.policy.of(given.port.port, subset)
    balance(cluster, policy.load_balancer)
    bound(cluster, policy.connection_pool, policy.retry_budget)
    detect_outliers(cluster, policy.outlier_detection)
    options = http_options(policy.connection_pool, protocol(given.port), upgradable=True)
    _encrypt(cluster, options, given, subset, policy.tls)
    set_http_options(cluster, options)
    return cluster


def _encrypt(
    cluster: cluster_pb2.Cluster, options: HttpProtocolOptions, given: Called, subset: str, settings: ClientTLS | None
) -> None:
    http2, sni = speaks_http2(options), tls.server_name(given.callee.key, given.port.port, subset)
    if settings is None:
        if given.mutual:
            offer(cluster, tls.upstream(sni, given.identities, http2=http2))
    elif settings.mode == "ISTIO_MUTUAL":
        accounts = settings.subject_alt_names or given.identities
        cluster.transport_socket.CopyFrom(tls.upstream(settings.sni or sni, accounts, http2=http2))
    elif settings in given.callee.policy.originated(given.port.port, router=given.router):
        name_server(options, settings)
        names = settings.subject_alt_names or (sorted(given.identities) if given.callee.entry else ())
        cluster.transport_socket.CopyFrom(tls.originated(settings, names, http2=http2))


def _passthrough(cluster: cluster_pb2.Cluster, port: ServicePort) -> cluster_pb2.Cluster:
    """The same pods past all rules: where Istio's proxies send what they know nothing of."""
    pool = ConnectionPool(http=HTTPSettings(use_client_protocol=True))
    balance(cluster, None)
    bound(cluster, pool)
    if protocol(port).http:
        set_http_options(cluster, http_options(pool, protocol(port), upgradable=False))
    return cluster
