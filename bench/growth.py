"""How the shop fares when much is stored. SQLite; nothing else differs within a series.

`list_products_ms_*`: a page of 50 products over gRPC from the real catalog service, the first, a middle and the last
page, with 1,000, 100,000 and 1,000,000 products; medians of 200 calls. The tokens are those that the service gave on
the way there.

`place_order_ms`: an order of 1, 10 and 100 lines through the whole shop, one customer at a time; medians of 60.

`orders_per_s`: orders of one line placed by 16 customers at once, after 0, 100,000 and 1,000,000 confirmed orders of
1,000 customers, copied by SQL from one that was placed: orders, lines, payments, charges, movements, reservations.
"""

from __future__ import annotations

import sqlite3
import sys
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import grpc
from google.type.money_pb2 import Money
from souk.catalog.v1.catalog_pb2 import CreateProductRequest, ListProductsRequest, Product
from souk.catalog.v1.catalog_pb2_grpc import CatalogServiceStub
from souk_chassis.migration import migrate

from bench.fill import multiply
from bench.orders import Orders, orders, stocked
from bench.processes import SERVER_CORE, running
from bench.results import Figures, Series
from bench.shop import shop
from tests.mesh import Mesh

PRODUCTS = (1_000, 100_000, 1_000_000)
LINES = (1, 10, 100)
ORDERS = (0, 100_000, 1_000_000)
PAGE = 50
_CALLS, _PLACED, _AT_ONCE, _CUSTOMERS = 200, 60, 400, 16


@dataclass(frozen=True)
class Growth:
    """Every series: what grows, and what it costs."""

    series: Mapping[str, Series]

    def figures(self) -> Figures:
        """For the results."""
        return {"growth": self.series}


def measure(folder: Path) -> Figures:
    """Pages first, then orders."""
    pages: dict[str, Series] = {f"list_products_ms_{which}": [] for which in ("first", "middle", "last")}
    for count in PRODUCTS:
        for which, took in _pages(folder / f"catalog-{count}.db", count).items():
            pages[f"list_products_ms_{which}"].append([float(count), took])
    with shop(folder) as mesh:
        lines = [[float(count), _ordered(mesh, count, folder)] for count in LINES]
        rates = _rates(mesh, folder)
    return Growth({**pages, "place_order_ms": lines, "orders_per_s": rates}).figures()


def _pages(file: Path, count: int) -> Mapping[str, float]:
    """What the pages take with so many products stored, ms."""
    url = f"sqlite:///{file}"
    migrate(url, "souk_catalog")
    ports = dict.fromkeys(("GRPC_PORT", "HEALTH_PORT", "METRICS_PORT"), "0")
    environment = {**ports, "DATABASE_URL": url, "LISTEN_HOST": "127.0.0.1"}
    command = [sys.executable, "-m", "souk_catalog"]
    with (
        running(command, SERVER_CORE, file.with_suffix(".log"), environment) as catalog,
        grpc.insecure_channel(f"127.0.0.1:{catalog.port}") as channel,
    ):
        stub = CatalogServiceStub(channel)
        product = Product(display_name="Saffron, 1 g", price=Money(currency_code="EUR", units=11))
        stub.CreateProduct(CreateProductRequest(product=product, product_id="p0000000"), timeout=10)
        name = "'products/p' || printf('%07d', n)"
        multiply(file, "product", "name = 'products/p0000000'", {"name": name}, range(1, count))
        tokens = _tokens(stub, count)
        return {which: _page_ms(stub, token) for which, token in tokens.items()}


def _tokens(stub: CatalogServiceStub, count: int) -> Mapping[str, str]:
    """The tokens of the first, a middle and the last page, as the service gives them."""
    tokens, token, seen = {"first": ""}, "", 0
    step = 1000  # the longest page there is, until the end is near
    while seen < count - PAGE:
        size = step if count - seen > step else PAGE
        page = stub.ListProducts(ListProductsRequest(page_size=size, page_token=token), timeout=60)
        seen, token = seen + len(page.products), page.next_page_token
        if seen >= count // 2:
            tokens.setdefault("middle", token)
    return {**tokens, "last": token}


def _page_ms(stub: CatalogServiceStub, token: str) -> float:
    request = ListProductsRequest(page_size=PAGE, page_token=token)
    took = []
    for _ in range(_CALLS + 20):
        begun = time.perf_counter()
        page = stub.ListProducts(request, timeout=60)
        took.append((time.perf_counter() - begun) * 1000)
        assert len(page.products) == PAGE, f"a page of {len(page.products)}"
    return median(took[20:])


def _ordered(mesh: Mesh, lines: int, folder: Path) -> float:
    """What an order of so many lines takes, ms."""
    ours = orders(mesh, stocked(mesh, lines), folder)
    ours.place(10, 1)
    return median(ours.place(_PLACED, 1, folder / "lines.log").milliseconds)


def _rates(mesh: Mesh, folder: Path) -> Series:
    """Orders per second as the databases fill."""
    ours = orders(mesh, stocked(mesh, 1), folder)
    ours.place(100, _CUSTOMERS)
    rates: Series = []
    stored = 0
    for count in ORDERS:
        _fill(mesh, ours, range(stored, count))
        stored = count
        rates.append([float(count), ours.place(_AT_ONCE, _CUSTOMERS).per_second])
    return rates


def _fill(mesh: Mesh, like: Orders, numbers: range) -> None:
    """So many confirmed orders more, copies of one that was placed."""
    if not numbers:
        return
    files = {
        service: mesh.home / f"volumes/souk/{service}-data/service.db"
        for service in ("acquirer", "inventory", "order", "payment")
    }
    with closing(sqlite3.connect(files["order"])) as connection:
        query = "SELECT name FROM orders WHERE customer = ? AND step IS NULL AND cancel_reason = '' LIMIT 1"
        name = str(connection.execute(query, [like.customer]).fetchone()[0])
    identifier = name.rsplit("/", 1)[1]
    payment, reservation = f"payments/{identifier}", f"reservations/{identifier}"
    customer = "'customers/c' || (n % 1000)"
    copy = f"{customer} || '/orders/o' || n"
    for service, table, where, keys in (
        ("order", "orders", f"name = '{name}'", {"name": copy, "customer": customer, "request_id": "NULL"}),
        ("order", "order_line", f"order_name = '{name}'", {"order_name": copy}),
        ("payment", "payment", f"name = '{payment}'", {"name": "'payments/o' || n", "order_name": copy}),
        ("inventory", "reservation", f"name = '{reservation}'", {"name": "'reservations/o' || n"}),
        ("inventory", "reservation_line", f"reservation = '{reservation}'", {"reservation": "'reservations/o' || n"}),
        ("acquirer", "charge", f"reference = '{payment}'", {"reference": "'payments/o' || n"}),
        (
            "acquirer",
            "movement",
            f"reference = '{payment}' AND operation = 'capture'",
            {"reference": "'payments/o' || n", "idempotency_key": "'payments/o' || n || '/capture'"},
        ),
    ):
        multiply(files[service], table, where, keys, numbers)
