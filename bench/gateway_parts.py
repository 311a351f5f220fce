"""What each part of the gateway costs a request: instructions of Envoy's worker, with the part and without it.

The request is that of gateway_speed.py, GET of a product over HTTP/1.1. Each part is taken out of the generated
configuration, and Envoy runs it under callgrind, which counts what the worker's thread executes. Two runs of the same
differ by less than 0.1 %, whatever else the machine does. But the kernel's share, reading and writing, isn't in it, nor
are instructions equally long: this tells where a request goes, and gateway_speed.py how fast it is.

`python -m bench.gateway_parts` writes the table in gateway.md, in ten minutes. It needs `apt-get install valgrind`.
"""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from souk_gateway import cors, filters
from souk_gateway.transcoder import NAME as TRANSCODER

from bench.gateway_speed import environment, generated, healthy, rest
from bench.h2load import send
from bench.pages import Written
from bench.peers import build
from bench.processes import LOAD_CORE, SERVER_CORE, Running, envoy, running
from bench.product import PRODUCT

PAGE = Path(__file__).with_name("gateway.md")
WARM_UP, REQUESTS = 320, 640
_TABLE = Written(PAGE, "<!-- parts: written by `python -m bench.gateway_parts` -->\n", "<!-- end of parts -->\n")
_ROUTER = "envoy.filters.http.router"
_ASKED = "souk.catalog.v1.CatalogService.GetProduct by REST"
Configuration = dict[str, Any]


@dataclass(frozen=True)
class Part:
    """Something of the configuration that can be left out."""

    name: str
    leave_out: Callable[[Configuration], None]
    """Takes it out of a copy."""


def _manager(configuration: Configuration) -> Configuration:
    found: Configuration = configuration["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0]
    manager: Configuration = found["typed_config"]
    return manager


def _keep(configuration: Configuration, wanted: Callable[[str], bool]) -> None:
    """Leaves only such filters, and what is said of them on the routes."""
    manager = _manager(configuration)
    manager["http_filters"] = [one for one in manager["http_filters"] if wanted(one["name"])]
    host = manager["route_config"]["virtual_hosts"][0]
    for each in (host, *host["routes"]):
        said = each.get("typed_per_filter_config", {})
        each["typed_per_filter_config"] = {name: value for name, value in said.items() if wanted(name)}


def _without(*names: str) -> Callable[[Configuration], None]:
    return lambda configuration: _keep(configuration, lambda name: name not in names)


def _option(name: str) -> Callable[[Configuration], None]:
    return lambda configuration: _manager(configuration).pop(name)


def _asked_first(configuration: Configuration) -> None:
    routes = _manager(configuration)["route_config"]["virtual_hosts"][0]["routes"]
    routes.sort(key=lambda route: route.get("name") != _ASKED)


def _bare(configuration: Configuration) -> None:
    manager = _manager(configuration)
    _keep(configuration, lambda name: name in (TRANSCODER, _ROUTER))
    wanted = ("@type", "stat_prefix", "codec_type", "route_config", "http_filters", "http_protocol_options")
    for name in manager.keys() - set(wanted):
        del manager[name]


PARTS = (
    Part("counters by method and status", _without(filters.STATISTICS)),
    Part("the access log", _option("access_log")),
    Part("headers: no illegal ones in, none of gRPC out", _without(filters.HEADERS)),
    Part("routes that are looked at before", _asked_first),
    Part("what errors lack", _without(filters.ERRORS)),
    Part("the code of gRPC for the log", _without(filters.CODE)),
    Part("CORS, gRPC-Web, the Lua: all off on this route", _without(cors.NAME, filters.GRPC_WEB, filters.REST)),
    Part("everything but transcoder and router", _bare),
)


def count(configuration: Configuration, port: int, folder: Path) -> float:
    """Instructions of the worker for one request, in thousands."""
    file, profile = folder / "envoy.json", folder / "callgrind"
    file.write_text(json.dumps(configuration))
    options = ["--tool=callgrind", "--instr-atstart=no", "--separate-threads=yes", f"--callgrind-out-file={profile}"]
    with running(["valgrind", *options, *envoy(file)], SERVER_CORE, folder / "log", ready=healthy(port)) as under:
        _control(under, "--instr=on")
        load = rest(port)
        send(load, WARM_UP)
        _control(under, "--dump=warm")
        send(load, REQUESTS)
        _control(under, "--dump=done")
        # Those that count so much in all are few: the worker is the one that counts most.
        counted = [_total(each) for each in folder.glob("callgrind.2-*")]
    return max(counted) / REQUESTS / 1000


def _total(profile: Path) -> int:
    found = re.search(r"^totals: (\d+)", profile.read_text(), re.MULTILINE)
    return int(found[1]) if found else 0


def _control(under: Running, order: str) -> None:
    subprocess.run(["callgrind_control", order, str(under.process.pid)], check=True, capture_output=True)


def table(whole: float, without: Sequence[tuple[Part, float]]) -> str:
    """The parts, dearest first."""
    lines = ["| part | thousand instructions | share |", "|---|---|---|", f"| a request, in all | {whole:.1f} | |"]
    for part, rest_of_it in sorted(without, key=lambda each: each[1]):
        spared = whole - rest_of_it
        lines.append(f"| {part.name} | {spared:.1f} | {spared / whole:.1%} |")
    return "\n".join([*lines, ""])


def main() -> None:
    """Measures, and writes the page."""
    peers = build()
    product = PRODUCT.SerializeToString().hex()
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "backend.log"
        with running([str(peers.backend), product], LOAD_CORE, log) as backend:
            whole = _counted(None, backend.port)
            without = [(part, _counted(part, backend.port)) for part in PARTS]
    PAGE.write_text(_TABLE.replaced(PAGE.read_text(), table(whole, without)))


def _counted(part: Part | None, backend: int) -> float:
    settings = environment(backend)
    configuration = generated(settings)
    if part:
        part.leave_out(configuration)
    with tempfile.TemporaryDirectory() as folder:
        counted = count(configuration, int(settings["PORT"]), Path(folder))
    print(f"{part.name if part else 'whole':50} {counted:8.2f}", flush=True)
    return counted


if __name__ == "__main__":
    main()
