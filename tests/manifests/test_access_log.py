"""What the proxies of production write down: asked of a real Envoy, with the expression that is shipped."""

from __future__ import annotations

import json
import subprocess
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.manifests.overlays import load
from tests.mesh import ROOT
from tests.waiting import awaited

ENVOY = "type.googleapis.com/envoy.extensions"
GRPC, JSON = "application/grpc", "application/json"


def answer(path: str, status: int, grpc_status: str | None = None) -> dict[str, object]:
    """A route that answers by itself."""
    header = {"header": {"key": "grpc-status", "value": grpc_status}}
    more = {"response_headers_to_add": [header]} if grpc_status else {}
    return {"match": {"path": path}, "direct_response": {"status": status}, **more}


def configuration(expression: str, log: Path) -> dict[str, object]:
    """A listener that answers, and writes down what the expression chooses."""
    chosen = {"@type": f"{ENVOY}.access_loggers.filters.cel.v3.ExpressionFilter", "expression": expression}
    line = {"text_format_source": {"inline_string": "%REQ(:PATH)%\n"}}
    written = {"@type": f"{ENVOY}.access_loggers.file.v3.FileAccessLog", "path": str(log), "log_format": line}
    routes = [answer("/ok", 200), answer("/moved", 301), answer("/missing", 404)]
    routes += [answer("/done", 200, "0"), answer("/unavailable", 200, "14")]
    manager = {
        "@type": f"{ENVOY}.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "http",
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": routes}]},
        "http_filters": [{"name": "router", "typed_config": {"@type": f"{ENVOY}.filters.http.router.v3.Router"}}],
        "access_log": [
            {
                "name": "file",
                "filter": {"extension_filter": {"name": "cel", "typed_config": chosen}},
                "typed_config": written,
            }
        ],
    }
    address = {"socket_address": {"address": "127.0.0.1", "port_value": 0}}
    filters = [{"name": "http", "typed_config": manager}]
    listener = {"name": "http", "address": address, "filter_chains": [{"filters": filters}]}
    return {"admin": {"address": address}, "static_resources": {"listeners": [listener]}}


def listening(admin: Path) -> int:
    """The port that an Envoy has taken, once it has; its admin page knows."""
    awaited(lambda: admin.exists() and bool(admin.read_text()), "Envoy has its admin page", 30)
    host, _, port = admin.read_text().rpartition(":")
    found: list[int] = []

    def asked() -> bool:
        connection = HTTPConnection(host, int(port), timeout=10)
        connection.request("GET", "/listeners?format=json")
        statuses = json.loads(connection.getresponse().read()).get("listener_statuses", ())
        found.extend(each["local_address"]["socket_address"]["port_value"] for each in statuses)
        connection.close()
        return bool(found)

    awaited(asked, "Envoy listens", 30)
    return found[0]


@pytest.fixture
def written(tmp_path: Path) -> list[str]:
    """The paths of those calls that an Envoy wrote down."""
    (telemetry,) = load("prod").of("Telemetry")
    expression = telemetry.spec["accessLogging"][0]["filter"]["expression"]
    log, config, admin = tmp_path / "log", tmp_path / "envoy.json", tmp_path / "admin"
    config.write_text(json.dumps(configuration(expression, log)))
    command = [ROOT / ".souk/venv/bin/envoy", "-c", config, "--use-dynamic-base-id", "--admin-address-path", admin]
    with subprocess.Popen([*map(str, command), "-l", "error"]) as envoy:
        try:
            port = listening(admin)
            for path, kind in CALLS:
                connection = HTTPConnection("127.0.0.1", port, timeout=10)
                connection.request("POST", path, headers={"content-type": kind} if kind else {})
                connection.getresponse().read()
                connection.close()
        finally:
            envoy.terminate()
    return log.read_text().split()


CALLS = [("/ok", ""), ("/ok", JSON), ("/moved", ""), ("/missing", JSON), ("/done", GRPC), ("/unavailable", GRPC)]


def test_failures_are_written_down_and_nothing_else(written: list[str]) -> None:
    assert written == ["/missing", "/unavailable"]
