"""GET of a product over HTTP/1.1 through our gateway, against what else people would use; requests per second.

Ours is `python -m souk_gateway proxy`, the generated configuration with its full chain of filters and its access log.
The rivals are a plain grpc-gateway in Go (GOMAXPROCS=1) and Starlette + grpc.aio in Python, both without logs, limits
or checks; and, for what the transcoding costs, Envoy with our configuration less the transcoder, which is sent the same
call as raw gRPC over HTTP/2. Each stands on one core before the same Go backend, which is on the other core with the
load and answers the same product to everybody. 16 requests are under way. In turns; medians of the rounds' ratios.

What it adds to a call is the difference between the medians, and between the 99th percentiles, of GET through our
gateway and of the same call sent as gRPC to the backend itself, in turns, one connection and one request at a time. The
memory, PSS of all processes of its pod, is taken before the first request and after 100,000.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from souk_gateway.testing import free_ports
from souk_gateway.transcoder import NAME as TRANSCODER

from bench.h2load import Load, send
from bench.peers import build
from bench.processes import LOAD_CORE, SERVER_CORE, Running, envoy, running
from bench.product import PRODUCT, load
from bench.results import Figures, Value
from bench.rounds import Contender, race
from bench.statistics import percentile

CLIENTS = 16
MEMORY_REQUESTS = 100_000
LATENCY_ROUNDS, LATENCY_REQUESTS = 5, 2000
_HOST = "127.0.0.1"


@dataclass(frozen=True)
class Added:
    """How long requests took, in ms."""

    gateway: tuple[float, ...]
    direct: tuple[float, ...]

    def figures(self) -> Figures:
        """For the results."""
        figures: dict[str, Value] = {}
        for name, share in (("gateway_added_ms_p50", 0.5), ("gateway_added_ms_p99", 0.99)):
            both = [percentile(self.gateway, share), percentile(self.direct, share)]
            figures |= {name: both[0] - both[1], f"{name}_of": both}
        return figures


def measure(folder: Path) -> Figures:
    """Builds the rivals and runs everything."""
    peers = build()
    product = PRODUCT.SerializeToString().hex()
    with (
        running([str(peers.backend), product], LOAD_CORE, folder / "backend.log") as backend,
        gateway(backend.port, folder) as ours,
    ):
        address = f"{_HOST}:{backend.port}"
        at_rest = ours.pss_mb()
        get = Contender(ours, rest(ours.port))
        send(get.load, MEMORY_REQUESTS)
        memory: Figures = {"gateway_pss_mb": at_rest, "gateway_pss_after_mb": ours.pss_mb()}
        added = _added(ours.port, backend.port, folder).figures()
        with running([str(peers.grpc_gateway), address], SERVER_CORE, folder / "go.log", {"GOMAXPROCS": "1"}) as go:
            _same_product(go.port)
            go_race = race(get, Contender(go, rest(go.port))).figures("gateway_vs_grpc_gateway")
        command = [sys.executable, "-m", "bench.programs.python_gateway", address]
        with running(command, SERVER_CORE, folder / "python.log") as python:
            _same_product(python.port)
            python_race = race(get, Contender(python, rest(python.port))).figures("gateway_vs_python")
        with passthrough(backend.port, folder) as raw:
            raw_race = race(get, Contender(raw, load(raw.port, folder))).figures("gateway_vs_passthrough")
    return {**go_race, **python_race, **raw_race, **added, **memory}


def rest(port: int) -> Load:
    """Asks for the product over HTTP/1.1; each answer must be as long as the one that it gives now."""
    url = f"http://{_HOST}:{port}/v1/{PRODUCT.name}"
    with urllib.request.urlopen(url, timeout=10) as response:
        length = len(response.read())
    return Load(url, clients=CLIENTS, http1=True, answer_bytes=length)


@contextmanager
def gateway(backend: int, folder: Path) -> Iterator[Running]:
    """Our gateway as its pod runs it."""
    settings = environment(backend)
    command = [sys.executable, "-m", "souk_gateway"]
    port = int(settings["PORT"])
    with (
        running([*command, "reflection"], LOAD_CORE, folder / "reflection.log", settings, _always) as other,
        running([*command, "proxy"], SERVER_CORE, folder / "gateway.log", settings, healthy(port)) as proxy,
    ):
        yield Running(proxy.process, proxy.log, {"port": port}, beside=(other.process,))


@contextmanager
def passthrough(backend: int, folder: Path) -> Iterator[Running]:
    """Envoy with our gateway's configuration less the transcoder."""
    settings = environment(backend)
    configuration = folder / "passthrough.json"
    configuration.write_text(json.dumps(without_transcoder(generated(settings))))
    port = int(settings["PORT"])
    with running(envoy(configuration), SERVER_CORE, folder / "passthrough.log", ready=healthy(port)) as raw:
        yield Running(raw.process, raw.log, {"port": port})


def generated(settings: Mapping[str, str]) -> dict[str, Any]:
    """Envoy's configuration for a gateway with these settings."""
    command = [sys.executable, "-m", "souk_gateway", "bootstrap"]
    printed = subprocess.run(command, env={**os.environ, **settings}, check=True, capture_output=True).stdout
    configuration: dict[str, Any] = json.loads(printed)
    return configuration


def without_transcoder(configuration: dict[str, object]) -> object:
    """The same configuration, and nothing of the transcoder in it."""

    def stripped(value: object) -> object:
        match value:
            case dict():
                return {key: stripped(each) for key, each in value.items() if key != TRANSCODER}
            case list():
                return [
                    stripped(each) for each in value if not (isinstance(each, dict) and each.get("name") == TRANSCODER)
                ]
        return value

    return stripped(configuration)


def _added(ours: int, backend: int, folder: Path) -> Added:
    # Files, since h2load gives no percentiles.
    log = folder / "latencies.log"
    url = f"http://{_HOST}:{ours}/v1/{PRODUCT.name}"
    through = Load(url, clients=1, http1=True)
    whole = load(backend, folder)
    direct = Load(whole.url, clients=1, headers=whole.headers, body=whole.body, answer_bytes=whole.answer_bytes)
    for each in (through, direct):
        send(each, LATENCY_REQUESTS)
    rounds = [
        (send(through, LATENCY_REQUESTS, log).milliseconds, send(direct, LATENCY_REQUESTS, log).milliseconds)
        for _ in range(LATENCY_ROUNDS)
    ]
    return Added(tuple(ms for one, _ in rounds for ms in one), tuple(ms for _, other in rounds for ms in other))


def _same_product(port: int) -> None:
    with urllib.request.urlopen(f"http://{_HOST}:{port}/v1/{PRODUCT.name}", timeout=10) as response:
        answer = json.load(response)
    assert answer["name"] == PRODUCT.name, answer
    assert answer["price"]["units"] == str(PRODUCT.price.units), answer


def environment(backend: int) -> Mapping[str, str]:
    """A gateway's settings, at free ports, with everything public at one backend."""
    ports = free_ports(4)
    names = ("PORT", "ADMIN_PORT", "METRICS_PORT", "REFLECTION_PORT")
    addresses = {f"{name}_ADDRESS": f"{_HOST}:{backend}" for name in ("CATALOG", "INVENTORY", "ORDER", "PAYMENT")}
    numbers = {name: str(port) for name, port in zip(names, ports, strict=True)}
    return {**addresses, **numbers, "LISTEN_HOST": _HOST, "PROXY_THREADS": "1"}


def _always() -> bool:
    return True


def healthy(port: int) -> Callable[[], bool]:
    """Whether a gateway at this port serves."""

    def serves() -> bool:
        try:
            with urllib.request.urlopen(f"http://{_HOST}:{port}/healthz", timeout=2) as response:
                return bool(response.status == 200)
        except OSError:
            return False

    return serves
