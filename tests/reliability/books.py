"""What the five databases of the shop hold about orders, money and stock, wherever they are."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NANOS = 10**9
Row = Mapping[str, Any] | sqlite3.Row
Rows = Callable[[str, str], Iterable[Row]]
"""Puts a query to the database of a service."""


@dataclass(frozen=True)
class Amount:
    """Money, exactly."""

    currency: str
    nanos: int

    def __str__(self) -> str:
        return f"{self.nanos / NANOS:.2f} {self.currency}"


@dataclass(frozen=True)
class Piece:
    """So many of a product, at the price that the order says; a reservation has no prices."""

    product: str
    quantity: int
    price: Amount | None = None


@dataclass(frozen=True)
class OrderEntry:
    """One order. `step` is what its checkout would do next; it is empty once the order is settled."""

    name: str
    request_id: str
    step: str
    cancel_reason: str
    lines: tuple[Piece, ...]

    @property
    def identifier(self) -> str:
        """What the names of its payment and its reservation end with."""
        return self.name.rpartition("/")[2]

    @property
    def state(self) -> str:
        """As its customer sees it."""
        if self.cancel_reason:
            return "CANCELLING" if self.step else "CANCELLED"
        return "PENDING" if self.step else "CONFIRMED"

    @property
    def total(self) -> Amount:
        """The sum of its lines."""
        prices = [(line.price, line.quantity) for line in self.lines if line.price]
        return Amount(prices[0][0].currency, sum(price.nanos * quantity for price, quantity in prices))


@dataclass(frozen=True)
class PaymentEntry:
    """One payment. `intent` is what the acquirer is being asked for; it is empty once that is known."""

    name: str
    order: str
    state: str
    intent: str
    amount: Amount


@dataclass(frozen=True)
class ChargeEntry:
    """One charge in the acquirer's ledger, and what was done to it, in order."""

    reference: str
    state: str
    amount: Amount
    movements: tuple[str, ...]


@dataclass(frozen=True)
class StockEntry:
    """One product in the inventory."""

    product: str
    on_hand: int
    reserved: int


@dataclass(frozen=True)
class ReservationEntry:
    """One reservation, or the tombstone of one."""

    name: str
    state: str
    lines: tuple[Piece, ...]


@dataclass(frozen=True)
class Books:
    """All of it."""

    prices: Mapping[str, Amount]
    orders: tuple[OrderEntry, ...] = ()
    payments: tuple[PaymentEntry, ...] = ()
    charges: tuple[ChargeEntry, ...] = ()
    stocks: tuple[StockEntry, ...] = ()
    reservations: tuple[ReservationEntry, ...] = ()

    @property
    def on_hand(self) -> Mapping[str, int]:
        """The pieces of each product."""
        return {stock.product: stock.on_hand for stock in self.stocks}

    def about(self, customer: str, product: str) -> Books:
        """Those pages that are about the orders of one customer, who alone orders one product."""
        orders = tuple(order for order in self.orders if order.name.startswith(f"{customer}/"))
        payments = {f"payments/{order.identifier}" for order in orders}
        reservations = {f"reservations/{order.identifier}" for order in orders}
        return Books(
            prices=self.prices,
            orders=orders,
            payments=tuple(each for each in self.payments if each.name in payments),
            charges=tuple(each for each in self.charges if each.reference in payments),
            stocks=tuple(each for each in self.stocks if each.product == product),
            reservations=tuple(each for each in self.reservations if each.name in reservations),
        )


def read_books(home: Path) -> Books:
    """Reads the databases of a mesh on SQLite by its state folder. Nobody is disturbed: readers don't lock."""
    volumes = home / "volumes/souk"

    def rows(service: str, query: str) -> Iterator[Row]:
        file = volumes / f"{service}-data/service.db"
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=10)) as database:
            database.row_factory = sqlite3.Row
            yield from database.execute(query).fetchall()

    return gather(rows)


def gather(rows: Rows) -> Books:
    """Asks each database for its part."""
    ordered: defaultdict[str, list[Piece]] = defaultdict(list)
    for row in rows("order", "SELECT * FROM order_line ORDER BY order_name, position"):
        ordered[row["order_name"]].append(Piece(row["product"], row["quantity"], _amount(row, row["currency_code"])))
    reserved: defaultdict[str, list[Piece]] = defaultdict(list)
    for row in rows("inventory", "SELECT * FROM reservation_line ORDER BY reservation, product"):
        reserved[row["reservation"]].append(Piece(row["product"], row["quantity"]))
    moved: defaultdict[str, list[str]] = defaultdict(list)
    for row in rows("acquirer", "SELECT * FROM movement ORDER BY made_at"):
        moved[row["reference"]].append(row["operation"])
    return Books(
        prices={
            row["name"]: Amount(row["currency_code"], row["price_units"] * NANOS + row["price_nanos"])
            for row in rows("catalog", "SELECT * FROM product")
        },
        orders=tuple(
            OrderEntry(
                row["name"],
                row["request_id"] or "",
                row["step"] or "",
                row["cancel_reason"],
                tuple(ordered[row["name"]]),
            )
            for row in rows("order", "SELECT * FROM orders ORDER BY name")
        ),
        payments=tuple(
            PaymentEntry(
                row["name"], row["order_name"], row["state"], row["intent"], _amount(row, row["currency_code"])
            )
            for row in rows("payment", "SELECT * FROM payment ORDER BY name")
        ),
        charges=tuple(
            ChargeEntry(
                row["reference"], row["state"], _amount(row, row["currency_code"]), tuple(moved[row["reference"]])
            )
            for row in rows("acquirer", "SELECT * FROM charge ORDER BY reference")
        ),
        stocks=tuple(
            StockEntry(row["product"], row["on_hand"], row["reserved"])
            for row in rows("inventory", "SELECT * FROM stock ORDER BY product")
        ),
        reservations=tuple(
            ReservationEntry(row["name"], row["state"], tuple(reserved[row["name"]]))
            for row in rows("inventory", "SELECT * FROM reservation ORDER BY name")
        ),
    )


def _amount(row: Row, currency: str) -> Amount:
    return Amount(currency, row["units"] * NANOS + row["nanos"])
