"""What an order costs: POST of an order through ingress and gateway, mTLS on every hop, until it is confirmed.

The shop of `overlays/local` with SQLite, and the same base with a Secret for each URL and a PostgreSQL on this
machine. That one is the tests': nothing is synced to disk (SQLite in WAL mode doesn't either). Every order is of one
piece of one product, the same for all, which is the worst case for the locks on its stock, and each must end confirmed.
`per_s` is the median of three times 400 orders by 16 customers at once; `p50` and `p99` are of 400 orders by one
customer after the other. Load, proxies, services and database share the machine.

Then a profile, `place_order.md`: the same with every trace exported to a sink, which shows how long each call took at
both of its ends; and what each process used of the processors while 16 customers ordered at once, without export.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import psutil
import psycopg
from souk_chassis.postgres import postgres_server

from bench import overlays
from bench.orders import orders, stocked
from bench.processes import LOAD_CORE, running
from bench.profile import Profile, Span, Step, steps
from bench.results import Figures, Value
from bench.shop import parts, shop
from bench.statistics import percentile
from tests.mesh import Mesh

REPORT = Path(__file__).with_name("place_order.md")
CUSTOMERS, AT_ONCE, ROUNDS, ONE_BY_ONE, TRACED = 16, 400, 3, 400, 200
_WARM_UP = 100
_ROOT = "souk.order.v1.OrderService/PlaceOrder"
_SERVICES = ("acquirer", "catalog", "inventory", "order", "payment")
Overlay = Callable[[str, Mapping[str, str]], Path]
"""Writes an overlay under a name, with these variables in every service."""


@dataclass(frozen=True)
class Placed:
    """One engine."""

    per_second: tuple[float, ...]
    milliseconds: tuple[float, ...]
    processor: Mapping[str, float]

    def figures(self, suffix: str) -> Figures:
        """For the results."""
        return {
            f"place_order_per_s{suffix}": median(self.per_second),
            f"place_order_per_s{suffix}_spread": [min(self.per_second), max(self.per_second)],
            f"place_order_p50_ms{suffix}": percentile(self.milliseconds, 0.5),
            f"place_order_p99_ms{suffix}": percentile(self.milliseconds, 0.99),
        }


def measure(folder: Path) -> Figures:
    """Both engines, one after the other; writes the profile."""
    figures: dict[str, Value] = {}
    profiles = []
    for engine, suffix, prepared in (("SQLite", "", _sqlite), ("PostgreSQL", "_postgresql", _postgresql)):
        with prepared(folder / engine) as overlay:
            placed = _placed(folder / engine, overlay("plain", {}))
            whole, found = _traced(folder / engine, overlay)
        figures |= placed.figures(suffix)
        profiles.append(Profile(engine, whole, found, placed.processor))
    REPORT.write_text("\n".join([_HEAD, *(each.markdown() for each in profiles)]))
    return figures


_HEAD = """# Where the time of an order goes

Written by `make bench ONLY=place_order`; what was done is told in [place_order.py](place_order.py).
"""


def _placed(folder: Path, overlay: Path) -> Placed:
    with shop(folder / "plain-mesh", overlay) as mesh:
        ours = orders(mesh, stocked(mesh, 1), folder)
        ours.place(_WARM_UP, CUSTOMERS)
        alone = ours.place(ONE_BY_ONE, 1, folder / "latencies.log").milliseconds
        before = _processor(mesh)
        rates = tuple(ours.place(AT_ONCE, CUSTOMERS).per_second for _ in range(ROUNDS))
        spent = {name: (used - before[name]) * 1000 / (AT_ONCE * ROUNDS) for name, used in _processor(mesh).items()}
        return Placed(rates, alone, spent)


def _processor(mesh: Mesh) -> Mapping[str, float]:
    """Seconds of processor time that each part of the mesh has used, and PostgreSQL, if there is one."""
    used: dict[str, float] = defaultdict(float)
    for part in parts(mesh):
        used[part.pod] += sum(part.process.cpu_times()[:2])
    for process in psutil.Process().children(recursive=True):
        if process.name() == "postgres":
            used["postgresql"] += sum(process.cpu_times()[:2])
    return used


def _traced(folder: Path, overlay: Overlay) -> tuple[float, Sequence[Step]]:
    spans = folder / "spans.jsonl"
    command = [sys.executable, "-m", "bench.programs.otlp_sink", str(spans)]
    with running(command, LOAD_CORE, folder / "sink.log") as sink:
        exporting = overlay("traced", {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{sink.port}"})
        with shop(folder / "traced-mesh", exporting) as mesh:
            ours = orders(mesh, stocked(mesh, 1), folder)
            ours.place(_WARM_UP, 1)
            took = ours.place(TRACED, 1, folder / "traced.log").milliseconds
        # When the services have ended, they have exported what was left.
        return median(took), steps(_last(_read(spans), TRACED), _ROOT)


def _read(file: Path) -> Sequence[Span]:
    return [Span(**json.loads(line)) for line in file.read_text().splitlines()]


def _last(spans: Sequence[Span], count: int) -> Iterator[Span]:
    """Those of the last traces of an order: not those of the warm-up."""
    roots = sorted((span for span in spans if span.name == _ROOT), key=lambda span: span.begin)
    wanted = {span.trace for span in roots[-count:]}
    return (span for span in spans if span.trace in wanted)


@contextmanager
def _sqlite(folder: Path) -> Iterator[Overlay]:
    folder.mkdir()
    yield lambda name, environment: overlays.sqlite(folder / name, environment)


@contextmanager
def _postgresql(folder: Path) -> Iterator[Overlay]:
    folder.mkdir()
    with postgres_server() as server:

        def written(name: str, environment: Mapping[str, str]) -> Path:
            databases = {service: f"{service}_{name}" for service in _SERVICES}
            with psycopg.connect(f"{server.replace('+psycopg', '')}/postgres", autocommit=True) as connection:
                for database in databases.values():
                    connection.execute(f"CREATE DATABASE {database}".encode())
            urls = {service: f"{server}/{database}" for service, database in databases.items()}
            return overlays.postgresql(folder / name, environment, urls)

        yield written
