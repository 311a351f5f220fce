"""One line of JSON on standard output for each request, by every proxy."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from envoy.extensions.access_loggers.stream.v3 import stream_pb2
from envoy.extensions.filters.network.http_connection_manager.v3.http_connection_manager_pb2 import (
    HttpConnectionManager,
)
from google.protobuf import json_format

from souk_mesh.xds.http_managers import edge_manager, inbound_manager, outbound_manager

SAID = {
    "time": "%START_TIME%",
    "method": "%REQ(:METHOD)%",
    "authority": "%REQ(:AUTHORITY)%",
    "path": "%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%",
    "protocol": "%PROTOCOL%",
    "status": "%RESPONSE_CODE%",
    "grpc_status": "%GRPC_STATUS%",
    "flags": "%RESPONSE_FLAGS%",
    "details": "%RESPONSE_CODE_DETAILS%",
    "duration_ms": "%DURATION%",
    "attempts": "%UPSTREAM_REQUEST_ATTEMPT_COUNT%",
    "cluster": "%UPSTREAM_CLUSTER_RAW%",
    "upstream": "%UPSTREAM_HOST%",
    "failure": "%UPSTREAM_TRANSPORT_FAILURE_REASON%",
    "downstream": "%DOWNSTREAM_REMOTE_ADDRESS%",
    "peer": "%DOWNSTREAM_PEER_URI_SAN%",
    "request_id": "%REQ(X-REQUEST-ID)%",
    "traceparent": "%REQ(TRACEPARENT)%",
}


def logged(manager: HttpConnectionManager) -> Mapping[str, object]:
    log, _ = manager.access_log
    assert log.name == "envoy.access_loggers.stdout"
    stdout = stream_pb2.StdoutAccessLog()
    log.typed_config.Unpack(stdout)
    found: Mapping[str, object] = json_format.MessageToDict(stdout.log_format)
    return found


@pytest.mark.parametrize(
    ("manager", "direction"),
    [
        (inbound_manager("a", "b", "c"), "inbound"),
        (outbound_manager("a", "b"), "outbound"),
        (edge_manager("a", "b", "c"), "gateway"),
    ],
)
def test_a_line_says_who_asked_what_of_whom_and_what_came_of_it(manager: HttpConnectionManager, direction: str) -> None:
    assert logged(manager) == {"jsonFormat": {"direction": direction, **SAID}, "omitEmptyValues": True}
