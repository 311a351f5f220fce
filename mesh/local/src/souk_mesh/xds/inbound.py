"""Where a sidecar takes calls for its application (LDS): who may come in, and how."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from envoy.config.core.v3 import base_pb2
from envoy.config.listener.v3 import listener_components_pb2, listener_pb2
from envoy.config.listener.v3.listener_components_pb2 import FilterChain, FilterChainMatch
from envoy.config.route.v3 import route_components_pb2, route_pb2
from envoy.extensions.filters.listener.tls_inspector.v3 import tls_inspector_pb2
from envoy.extensions.filters.network.tcp_proxy.v3 import tcp_proxy_pb2
from google.protobuf import wrappers_pb2

from souk_mesh.objects import AuthorizationPolicy
from souk_mesh.xds import tls
from souk_mesh.xds.connection_guards import connection_guards
from souk_mesh.xds.http_managers import inbound_manager, manager_filter, network_filter
from souk_mesh.xds.matches import everything
from souk_mesh.xds.peer_authentication import PeerMode
from souk_mesh.xds.protos import address, duration, flag, packed
from souk_mesh.xds.retries import inbound_retry_policy
from souk_mesh.xds.view import Protocol, inbound_name


@dataclass(frozen=True)
class Entrance:
    """A port of a pod's address, and what its listener is made from."""

    address: str
    number: int
    spoken: Protocol
    mode: PeerMode
    policies: tuple[AuthorizationPolicy, ...]
    """Those of an HTTP port are kept elsewhere (see `http_guards`)."""


@dataclass(frozen=True)
class Passage:
    """An HTTP port of an application, and what the table in front of it is made from."""

    number: int
    spoken: Protocol


def inbound_listener(given: Entrance) -> listener_pb2.Listener:
    """The listener of one port of the application."""
    listener = listener_pb2.Listener(
        name=f"inbound|{given.address}:{given.number}",
        address=address(given.address, given.number),
        traffic_direction=base_pb2.INBOUND,
        enable_reuse_port=flag(False),  # a port that is taken must be an error, not a share
        filter_chains=_chains(given),
    )
    if given.mode is not PeerMode.DISABLE:
        listener.listener_filters.add(
            name="envoy.filters.listener.tls_inspector", typed_config=packed(tls_inspector_pb2.TlsInspector())
        )
    return listener


def _chains(given: Entrance) -> Iterator[FilterChain]:
    number, spoken = given.number, given.spoken
    filters = [_http_filter(number)] if spoken.http else _tcp_filters(number, given.policies)
    plain = FilterChain(
        name=f"{number}-plain", filter_chain_match=FilterChainMatch(transport_protocol="raw_buffer"), filters=filters
    )
    encrypted = FilterChain(
        name=f"{number}-tls",
        filter_chain_match=FilterChainMatch(transport_protocol="tls"),
        transport_socket=tls.downstream(spoken),
        filters=filters,
    )
    if given.mode is PeerMode.DISABLE:
        yield plain
    elif given.mode is PeerMode.STRICT:
        yield encrypted
    else:
        # TLS that is the application's own must not be unwrapped: it asks for none of these protocols.
        encrypted.filter_chain_match.application_protocols.extend(tls.MESH_ALPN)
        yield from (encrypted, plain)
        if not spoken.http:
            yield FilterChain(
                name=f"{number}-passed", filter_chain_match=FilterChainMatch(transport_protocol="tls"), filters=filters
            )


def _http_filter(number: int) -> listener_components_pb2.Filter:
    return manager_filter(inbound_manager(f"inbound_{number}", inbound_name(number), place=inbound_name(number)))


def _tcp_filters(number: int, policies: Sequence[AuthorizationPolicy]) -> list[listener_components_pb2.Filter]:
    asked = connection_guards(policies, f"inbound_{number}")
    proxy = tcp_proxy_pb2.TcpProxy(stat_prefix=f"inbound_{number}", cluster=inbound_name(number))
    return [*asked, network_filter("envoy.filters.network.tcp_proxy", proxy)]


def inbound_table(given: Passage) -> route_pb2.RouteConfiguration:
    """The way from an HTTP port to the application."""
    number = given.number
    action = route_components_pb2.RouteAction(cluster=inbound_name(number), timeout=duration(timedelta()))
    # A stream lasts as long as it likes, or as its own grpc-timeout says.
    action.max_stream_duration.max_stream_duration.CopyFrom(duration(timedelta()))
    action.max_stream_duration.grpc_timeout_header_max.CopyFrom(duration(timedelta()))
    if given.spoken is not Protocol.HTTP2:
        action.retry_policy.CopyFrom(inbound_retry_policy())
    everybody = route_components_pb2.VirtualHost(
        name=f"inbound|http|{number}",
        domains=["*"],
        routes=[route_components_pb2.Route(name="default", match=everything(), route=action)],
    )
    return route_pb2.RouteConfiguration(
        name=inbound_name(number),
        virtual_hosts=[everybody],
        # The caller's sidecar leaves this behind when it puts a name in place of its Service's virtual address.
        request_headers_to_remove=["x-envoy-original-host"],
        validate_clusters=wrappers_pb2.BoolValue(value=False),
    )
