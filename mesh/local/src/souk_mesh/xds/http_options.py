"""What HTTP is spoken to a cluster, and what bounds its connections."""

from __future__ import annotations

from envoy.config.cluster.v3 import cluster_pb2
from envoy.config.core.v3 import protocol_pb2
from envoy.extensions.upstreams.http.v3.http_protocol_options_pb2 import HttpProtocolOptions

from souk_mesh.objects import ClientTLS, ConnectionPool, HTTPSettings, TCPSettings
from souk_mesh.xds.protos import duration, packed
from souk_mesh.xds.view import Protocol

HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"


def set_http_options(cluster: cluster_pb2.Cluster, options: HttpProtocolOptions) -> None:
    """Puts options on a cluster, unless they say no more than Envoy assumes: HTTP/1.1 and no bounds."""
    if not options.ByteSize():
        return
    if options.WhichOneof("upstream_protocol_options") is None:
        options.explicit_http_config.http_protocol_options.SetInParent()
    cluster.typed_extension_protocol_options[HTTP_OPTIONS].CopyFrom(packed(options))


def http_options(pool: ConnectionPool | None, spoken: Protocol, *, upgradable: bool) -> HttpProtocolOptions:
    """The options for a port that is spoken to so.

    Args:
        pool: what a policy says of connections.
        spoken: what the port says of itself.
        upgradable: whether the policy may turn HTTP/1.1 into HTTP/2, as it may for callers but not for the application.
    """
    tcp = (pool and pool.tcp) or TCPSettings()
    http = (pool and pool.http) or HTTPSettings()
    options = HttpProtocolOptions()
    upgraded = upgradable and http.h2_upgrade_policy == "UPGRADE"
    if spoken is Protocol.HTTP2 or upgraded:
        options.explicit_http_config.http2_protocol_options.CopyFrom(_http2(http))
    _bound(options, tcp, http)
    if http.use_client_protocol:
        options.use_downstream_protocol_config.http_protocol_options.SetInParent()
        options.use_downstream_protocol_config.http2_protocol_options.SetInParent()
    return options


def name_server(options: HttpProtocolOptions, tls: ClientTLS) -> None:
    """Lets TLS ask for the host that a request names, and expect it, where the policy names none itself."""
    if not tls.sni:
        options.upstream_http_protocol_options.auto_sni = True
        if not tls.subject_alt_names and not tls.insecure_skip_verify:
            options.upstream_http_protocol_options.auto_san_validation = True


def speaks_http2(options: HttpProtocolOptions) -> bool:
    """Whether it is HTTP/2 whatever the caller speaks."""
    return bool(options.explicit_http_config.HasField("http2_protocol_options"))


def _bound(options: HttpProtocolOptions, tcp: TCPSettings, http: HTTPSettings) -> None:
    idle = http.idle_timeout if http.idle_timeout is not None else tcp.idle_timeout
    common = options.common_http_protocol_options
    if http.max_concurrent_streams or http.http2_keep_alive is not None:
        # Istio says so even where HTTP/2 is not spoken, and nothing follows from it.
        common.SetInParent()
    if idle is not None:
        common.idle_timeout.CopyFrom(duration(idle))
    if http.max_requests_per_connection:
        common.max_requests_per_connection.value = http.max_requests_per_connection
    if tcp.max_connection_duration is not None:
        common.max_connection_duration.CopyFrom(duration(tcp.max_connection_duration))


def _http2(http: HTTPSettings) -> protocol_pb2.Http2ProtocolOptions:
    settings = protocol_pb2.Http2ProtocolOptions()
    if http.max_concurrent_streams:
        settings.max_concurrent_streams.value = http.max_concurrent_streams
    if http.http2_keep_alive is not None:
        settings.connection_keepalive.interval.CopyFrom(duration(http.http2_keep_alive.interval))
        settings.connection_keepalive.timeout.CopyFrom(duration(http.http2_keep_alive.timeout))
    return settings
