"""Two Envoys one behind the other that forward HTTP/2 and do nothing else: what any sidecar of Envoy costs at least.

No TLS, no policies, no retries, no log, no statistics of ours; started as the sidecars are, with one worker each.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench.processes import envoy, running
from tests.mesh import free_port

_HOST = "127.0.0.1"
_TYPES = "type.googleapis.com/envoy.extensions"
_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"


@contextmanager
def plain_envoys(target: str, folder: Path) -> Iterator[str]:
    """The address at which the first of the two takes calls to the target, both `host:port`."""
    with ExitStack() as stack:
        for name in ("near", "far"):
            port = free_port()
            configuration = folder / f"{name}.json"
            configuration.write_text(json.dumps(_forwarding(port, target)))
            stack.enter_context(running(envoy(configuration), None, folder / f"{name}.log", ready=_listening(port)))
            target = f"{_HOST}:{port}"
        yield target


def _forwarding(port: int, target: str) -> Mapping[str, object]:
    route = {"match": {"prefix": "/"}, "route": {"cluster": "target", "timeout": "0s"}}
    manager = {
        "@type": f"{_TYPES}.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "plain",
        "route_config": {"virtual_hosts": [{"name": "target", "domains": ["*"], "routes": [route]}]},
        "http_filters": [{"name": "router", "typed_config": {"@type": f"{_TYPES}.filters.http.router.v3.Router"}}],
    }
    options = {
        "@type": f"{_TYPES}.upstreams.http.v3.HttpProtocolOptions",
        "explicit_http_config": {"http2_protocol_options": {}},
    }
    host, _, target_port = target.partition(":")
    endpoint = {"endpoint": {"address": _address(host, int(target_port))}}
    cluster = {
        "name": "target",
        "type": "STATIC",
        "typed_extension_protocol_options": {_OPTIONS: options},
        "load_assignment": {"cluster_name": "target", "endpoints": [{"lb_endpoints": [endpoint]}]},
    }
    listener = {
        "address": _address(_HOST, port),
        "filter_chains": [{"filters": [{"name": "http", "typed_config": manager}]}],
    }
    return {"static_resources": {"listeners": [listener], "clusters": [cluster]}}


def _address(host: str, port: int) -> Mapping[str, object]:
    return {"socket_address": {"address": host, "port_value": port}}


def _listening(port: int) -> Callable[[], bool]:
    def listening() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex((_HOST, port)) == 0

    return listening
