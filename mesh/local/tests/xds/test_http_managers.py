"""How requests are taken: by a pod's proxy from outside and from its application, and at the edge."""

from __future__ import annotations

from envoy.extensions.filters.network.http_connection_manager.v3.http_connection_manager_pb2 import (
    HttpConnectionManager,
)
from google.protobuf import json_format

from souk_mesh.xds.http_managers import edge_manager, inbound_manager, outbound_manager

ALIKE = {
    "statPrefix": "counted",
    "rds": {"routeConfigName": "table", "configSource": {"ads": {}, "resourceApiVersion": "V3"}},
    "streamIdleTimeout": "0s",
    "normalizePath": True,
    "proxy100Continue": True,
    "upgradeConfigs": [{"upgradeType": "websocket"}],
    "pathWithEscapedSlashesAction": "KEEP_UNCHANGED",
}


def shown(manager: HttpConnectionManager) -> dict[str, object]:
    """All of it, but for the log and the filters, which other tests are about."""
    said = json_format.MessageToDict(manager)
    return {name: each for name, each in said.items() if name not in ("accessLog", "httpFilters")}


def test_what_an_application_sends_is_taken_as_it_is() -> None:
    assert shown(outbound_manager("counted", "table")) == {**ALIKE, "useRemoteAddress": False}


def test_what_comes_in_to_a_pod_says_who_called_behind_whoever_called_before() -> None:
    assert shown(inbound_manager("counted", "table", "place")) == {
        **ALIKE,
        "useRemoteAddress": False,
        "serverName": "istio-envoy",
        "forwardClientCertDetails": "APPEND_FORWARD",
        "setCurrentClientCertDetails": {"subject": True, "uri": True, "dns": True},
    }


def test_what_comes_in_at_the_edge_says_nothing_of_itself_that_is_believed() -> None:
    assert shown(edge_manager("counted", "table", "place")) == {
        **ALIKE,
        "useRemoteAddress": True,
        "serverName": "istio-envoy",
        "forwardClientCertDetails": "SANITIZE_SET",
        "setCurrentClientCertDetails": {"subject": True, "cert": True, "uri": True, "dns": True},
    }
