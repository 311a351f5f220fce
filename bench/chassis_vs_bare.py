"""What the chassis costs a call: a constant answer behind every interceptor, against the same handler on bare grpcio.

Ours is the real `Server` as a stall runs it: deadline, bulkhead, validation by the rules of the protos, idempotency
key, error model, metrics, a line of JSON in the log, and a span, exported in batches over OTLP to a sink that takes
them. Both answer the same message to the same request from as many threads, in a process each on one core; load and
sink are on the other. They are loaded in turns; the key is the ratio of calls per second, its median over the rounds.
Traces are sampled at 1 %, and for `_sampled` all of them; `_exported` is the share that came to the sink.
"""

from __future__ import annotations

import sys
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from bench.processes import LOAD_CORE, SERVER_CORE, Running, running
from bench.product import PRODUCT, answered, load
from bench.results import Figures
from bench.rounds import Contender, Race, race

_SERVER = (sys.executable, "-m", "bench.programs.product_server")
_SINK = (sys.executable, "-m", "bench.programs.otlp_sink")
_FREE = {
    "LISTEN_HOST": "127.0.0.1", "GRPC_PORT": "0", "HEALTH_PORT": "0", "METRICS_PORT": "0",
    "DATABASE_URL": "sqlite:///unused.db",
}  # fmt: skip
_EXPORT_PATIENCE = 30.0


def measure(folder: Path) -> Figures:
    """Both shares of traces, one after the other."""
    few, _ = _raced(folder, "0.01")
    all_, exported = _raced(folder, "1")
    return {
        **few.figures("chassis_vs_bare"),
        **all_.figures("chassis_vs_bare_sampled"),
        "chassis_vs_bare_sampled_exported": exported,
    }


def _raced(folder: Path, share: str) -> tuple[Race, float]:
    """The race, and which share of the calls came to the sink as a span."""
    with (
        running(_SINK, LOAD_CORE, folder / "sink.log") as sink,
        running(
            [*_SERVER, "chassis"],
            SERVER_CORE,
            folder / "chassis.log",
            {**_FREE, **traced(sink, share)},
        ) as chassis,
        running([*_SERVER, "bare"], SERVER_CORE, folder / "bare.log", _FREE) as bare,
    ):
        for server in (chassis, bare):
            assert answered(server.port) == PRODUCT
        raced = race(Contender(chassis, load(chassis.port, folder)), Contender(bare, load(bare.port, folder)))
        return raced, _exported(sink, _handled(chassis))


def traced(sink: Running, share: str) -> Mapping[str, str]:
    """The environment of a program whose traces are sampled so and exported."""
    return {
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{sink.port}",
        "OTEL_TRACES_SAMPLER": "parentbased_traceidratio",
        "OTEL_TRACES_SAMPLER_ARG": share,
    }


def _handled(chassis: Running) -> float:
    """How many calls it has answered with OK, by its own metrics."""
    url = f"http://127.0.0.1:{chassis.serving['metrics_port']}/metrics"
    with urllib.request.urlopen(url, timeout=10) as response:
        lines = response.read().decode().splitlines()
    wanted = 'grpc_server_handled_total{grpc_code="OK"'
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(wanted))


def _exported(sink: Running, calls: float) -> float:
    """The share of the calls that came as spans, once no more come."""
    until, spans = time.monotonic() + _EXPORT_PATIENCE, -1
    while time.monotonic() < until:
        with urllib.request.urlopen(f"http://127.0.0.1:{sink.serving['count_port']}/", timeout=10) as response:
            now = int(response.read())
        if now == spans and now:
            break
        spans = now
        time.sleep(6)  # longer than the exporter keeps an unfilled batch, 5 s
    return spans / calls
