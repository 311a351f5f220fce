"""What a read costs: GetProduct of the catalog, against the same query on bare grpcio + SQLModel.

Ours is the real catalog service, `python -m souk_catalog`, with all that stands around a handler, and traces sampled at
1 % and exported. Theirs is grpcio and SQLModel as their manuals have them: an engine, a session for each call, the same
mapped table, the same SELECT and message. Both read the same SQLite file of 1,000 products, whose pages lie in the
cache, from as many threads; one core for the server, the other for the load; in turns.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

from souk_catalog.store import ProductRow
from souk_chassis.database import Database
from souk_chassis.migration import migrate
from sqlalchemy import insert

from bench.chassis_vs_bare import traced
from bench.processes import LOAD_CORE, SERVER_CORE, running
from bench.product import PRODUCT, REQUEST, answered, load
from bench.results import Figures
from bench.rounds import Contender, race

PRODUCTS = 1000
_NOW = datetime(2026, 1, 1, tzinfo=UTC)


def measure(folder: Path) -> Figures:
    """Fills a database, serves it twice, and loads both in turns."""
    url = f"sqlite:///{folder}/catalog.db"
    migrate(url, "souk_catalog")
    _fill(url)
    environment = {"DATABASE_URL": url, "LISTEN_HOST": "127.0.0.1"} | dict.fromkeys(
        ("GRPC_PORT", "HEALTH_PORT", "METRICS_PORT"), "0"
    )
    with (
        running([sys.executable, "-m", "bench.programs.otlp_sink"], LOAD_CORE, folder / "sink.log") as sink,
        running(
            [sys.executable, "-m", "souk_catalog"],
            SERVER_CORE,
            folder / "ours.log",
            {**environment, **traced(sink, "0.01")},
        ) as ours,
        running(
            [sys.executable, "-m", "bench.programs.bare_catalog"], SERVER_CORE, folder / "bare.log", environment
        ) as bare,
    ):
        assert answered(ours.port, REQUEST) == answered(bare.port, REQUEST)
        raced = race(Contender(ours, load(ours.port, folder)), Contender(bare, load(bare.port, folder)))
    return raced.figures("read_vs_bare")


def _fill(url: str) -> None:
    names = [PRODUCT.name, *(f"products/p{number:07}" for number in range(PRODUCTS - 1))]
    rows = [row(name) for name in names]
    with Database(url) as database, database.begin() as session:
        session.execute(insert(ProductRow), rows)


def row(name: str) -> dict[str, object]:
    """A product's row."""
    return {
        "name": name,
        "display_name": PRODUCT.display_name,
        "description": PRODUCT.description,
        "currency_code": PRODUCT.price.currency_code,
        "price_units": PRODUCT.price.units,
        "price_nanos": PRODUCT.price.nanos,
        "create_time": _NOW,
        "update_time": _NOW,
        "revision": 1,
    }
