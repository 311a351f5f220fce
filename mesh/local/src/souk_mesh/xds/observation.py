"""What proxies tell an observer of each request, over Envoy's access log service, and how they are told to.

The loggers are always there and are opened by a key of Envoy's runtime, which is told over xDS like all the rest: to
put a logger into a listener when somebody comes would close the connections that the listener has.

Whoever wants to know how many attempts a version answered, and how they ended, needs three things:

- from the callee's proxy every request that came in, which is every attempt that arrived;
- from the caller's, every attempt that had no answer: it could not connect (UF), was one too many for the bounds of
  the connection pool (UO), took too long (UT), or was cut off (UC, UR). Of the latter the callee's proxy may tell, too:
  an attempt is named by its request's id and its number among the request's attempts;
- from the caller's, every request whose last attempt could not even begin: no endpoint (UH), or no such cluster (NC).
"""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from pathlib import Path

from envoy.config.accesslog.v3 import accesslog_pb2
from envoy.config.bootstrap.v3 import bootstrap_pb2
from envoy.config.cluster.v3 import cluster_pb2
from envoy.config.core.v3.config_source_pb2 import ApiVersion
from envoy.extensions.access_loggers.grpc.v3 import als_pb2
from envoy.service.runtime.v3 import rtds_pb2
from envoy.type.tracing.v3 import custom_tag_pb2
from google.protobuf import struct_pb2

from souk_mesh.xds.protos import duration, from_ads, packed
from souk_mesh.xds.sockets import socket_cluster

CLUSTER = "observer"
LAYER = "observing"
OBSERVED = "souk.observed"
"""The key: of a hundred requests, so many are told."""

# An observer decides within seconds; four times a second is soon enough and hardly ever wakes a proxy.
FLUSH = timedelta(milliseconds=250)

# An observer that hangs must cost a proxy no memory: what it does not read is dropped. The least that HTTP/2 allows.
UNREAD = 65_535

# The gRPC status stands in the trailers, or in the headers of an answer that has no others.
STATUS = "grpc-status"
# With the request's id it names an attempt.
ATTEMPT = "x-envoy-attempt-count"

# Which cluster a request was meant for; Envoy's own field says so only when a host of it was chosen.
MEANT = "cluster"

UNANSWERED, UNBEGUN = ("UF", "UO", "UT", "UC", "UR"), ("UH", "NC")


def layer(*, observed: bool) -> rtds_pb2.Runtime:
    """The part of a proxy's runtime that says whether somebody observes."""
    values = struct_pb2.Struct()
    values.update({OBSERVED: 100 if observed else 0})
    return rtds_pb2.Runtime(name=LAYER, layer=values)


def runtime_layer() -> bootstrap_pb2.RuntimeLayer:
    """Where a proxy gets it from."""
    return bootstrap_pb2.RuntimeLayer(
        name=LAYER, rtds_layer=bootstrap_pb2.RuntimeLayer.RtdsLayer(name=LAYER, rtds_config=from_ads())
    )


def observer_cluster(socket: Path) -> cluster_pb2.Cluster:
    """Where an observer listens, when there is one."""
    return socket_cluster(CLUSTER, socket, unread_bytes=UNREAD)


@cache
def arrived() -> accesslog_pb2.AccessLog:
    """Tells of every request: for the callee's proxy."""
    return _log(_observed())


@cache
def unanswered() -> accesslog_pb2.AccessLog:
    """Tells of attempts that had no answer: for the caller's router, which knows each of them."""
    return _log(_both(_observed(), _flagged(*UNANSWERED)))


@cache
def unbegun() -> accesslog_pb2.AccessLog:
    """Tells of requests that had nowhere to go: for the caller's proxy."""
    return _log(_both(_observed(), _flagged(*UNBEGUN)))


def _observed() -> accesslog_pb2.AccessLogFilter:
    # Without a value of the key none is told: `percent_sampled` is 0 by default.
    return accesslog_pb2.AccessLogFilter(runtime_filter=accesslog_pb2.RuntimeFilter(runtime_key=OBSERVED))


def _flagged(*flags: str) -> accesslog_pb2.AccessLogFilter:
    return accesslog_pb2.AccessLogFilter(response_flag_filter=accesslog_pb2.ResponseFlagFilter(flags=flags))


def _both(*filters: accesslog_pb2.AccessLogFilter) -> accesslog_pb2.AccessLogFilter:
    return accesslog_pb2.AccessLogFilter(and_filter=accesslog_pb2.AndFilter(filters=filters))


def _log(which: accesslog_pb2.AccessLogFilter) -> accesslog_pb2.AccessLog:
    return accesslog_pb2.AccessLog(name="envoy.access_loggers.http_grpc", filter=which, typed_config=packed(_logger()))


def _logger() -> als_pb2.HttpGrpcAccessLogConfig:
    # All loggers are alike, so that a proxy has one stream for all of them.
    logger = als_pb2.HttpGrpcAccessLogConfig(
        additional_request_headers_to_log=[ATTEMPT],
        additional_response_headers_to_log=[STATUS],
        additional_response_trailers_to_log=[STATUS],
    )
    logger.common_config.custom_tags.append(custom_tag_pb2.CustomTag(tag=MEANT, value="%UPSTREAM_CLUSTER_RAW%"))
    logger.common_config.log_name = LAYER
    logger.common_config.grpc_service.envoy_grpc.cluster_name = CLUSTER
    logger.common_config.transport_api_version = ApiVersion.V3
    logger.common_config.buffer_flush_interval.CopyFrom(duration(FLUSH))
    return logger
