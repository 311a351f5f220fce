"""The tables of the inventory, and what is asked of them.

Locks are taken in one order everywhere, so that no two transactions wait for each other: first reservations by name,
then stocks by product.
"""

from collections.abc import Collection, Iterable
from dataclasses import asdict
from datetime import datetime
from typing import TypeVar

from souk_chassis.rows import Moment, added, table_of
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    bindparam,
    insert,
    update,
)
from sqlmodel import Field, Session, SQLModel, col, select
from sqlmodel.sql.expression import SelectOfScalar

from souk_inventory.domain import Line, Reservation, Shelf, State, Stock

Row = TypeVar("Row", bound=SQLModel)


class StockRow(SQLModel, table=True):
    """One product's stock."""

    __tablename__ = "stock"
    __table_args__ = (CheckConstraint("on_hand >= reserved AND reserved >= 0", name="stock_counts"),)

    product: str = Field(sa_column=Column(String(60), primary_key=True))
    on_hand: int = Field(sa_column=Column(BigInteger, nullable=False))
    reserved: int = Field(sa_column=Column(BigInteger, nullable=False))


class ReservationRow(SQLModel, table=True):
    """One reservation, or the tombstone of one."""

    __tablename__ = "reservation"

    name: str = Field(sa_column=Column(String(80), primary_key=True))
    state: str = Field(sa_column=Column(String(20), nullable=False))
    expires_at: datetime = Field(sa_column=Column(Moment, nullable=False))


class LineRow(SQLModel, table=True):
    """One line of a reservation."""

    __tablename__ = "reservation_line"

    reservation: str = Field(sa_column=Column(String(80), ForeignKey("reservation.name"), primary_key=True))
    product: str = Field(sa_column=Column(String(60), primary_key=True, index=True))
    quantity: int = Field(sa_column=Column(Integer, nullable=False))


# Only what is held can fall due, and that is the smallest part of the table.
_HELD = col(ReservationRow.state) == State.HELD.value
Index("reservation_due", col(ReservationRow.expires_at), postgresql_where=_HELD, sqlite_where=_HELD)


_STOCK, _RESERVATION, _LINE = table_of(StockRow), table_of(ReservationRow), table_of(LineRow)


class Stocks:
    """The stocks, inside one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get(self, product: str) -> Stock | None:
        """The stock of a product, as it is now."""
        row = self._session.get(StockRow, product)
        return None if row is None else _stock(row)

    def lock(self, products: Iterable[str]) -> Shelf:
        """The stocks of these products; nobody else changes them until this transaction has ended."""
        rows = self._session.exec(_LOCK_STOCKS, params={"products": list(products)})
        return Shelf({row.product: _stock(row) for row in rows})

    def lock_one(self, product: str) -> Stock:
        """The stock of a product, locked; an empty one is put there if there is none yet."""
        if self._session.get(StockRow, product) is None:
            added(self._session, StockRow(product=product, on_hand=0, reserved=0))
        return self.lock([product]).stocks[product]

    def save(self, stocks: Iterable[Stock]) -> None:
        """Keeps stocks that were locked before."""
        rows = [{"of_product": stock.product, **asdict(stock)} for stock in stocks]
        if rows:
            self._session.execute(_SAVE_STOCK, rows)


class Reservations:
    """The reservations, inside one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def lock(self, name: str) -> Reservation | None:
        """A reservation; nobody else changes it until this transaction has ended."""
        found = self.lock_all([name])
        return found[0] if found else None

    def add(self, reservation: Reservation) -> Reservation | None:
        """Puts a new reservation there, locked; if somebody else was faster, theirs is returned, locked."""
        row = ReservationRow(name=reservation.name, state=reservation.state.value, expires_at=reservation.expires_at)
        if not added(self._session, row):
            return self.lock(reservation.name)
        lines = [{"reservation": reservation.name, **asdict(line)} for line in reservation.lines]
        if lines:
            self._session.execute(insert(_LINE), lines)
        return None

    def save(self, reservation: Reservation) -> None:
        """Keeps a reservation that was locked before. Its lines never change."""
        values = {"state": reservation.state.value, "expires_at": reservation.expires_at}
        self._session.execute(_SAVE_RESERVATION, {"of_name": reservation.name, **values})

    def due(self, now: datetime, limit: int) -> tuple[str, ...]:
        """The names of some held reservations that nobody came for in time."""
        return tuple(self._session.exec(_due(now).limit(limit)))

    def due_of(self, product: str, now: datetime, limit: int) -> tuple[str, ...]:
        """The same, of those that are about a product."""
        about = select(LineRow.reservation).where(col(LineRow.product) == product)
        return tuple(self._session.exec(_due(now).where(col(ReservationRow.name).in_(about)).limit(limit)))

    def lock_all(self, names: Collection[str]) -> tuple[Reservation, ...]:
        """These reservations, locked."""
        rows = self._session.exec(_LOCK_RESERVATIONS, params={"names": list(names)}).all()
        lines: dict[str, list[Line]] = {}
        for line in self._session.exec(_LINES, params={"names": [row.name for row in rows]}) if rows else ():
            lines.setdefault(line.reservation, []).append(Line(line.product, line.quantity))
        return tuple(
            Reservation(row.name, tuple(lines.get(row.name, ())), row.expires_at, State(row.state)) for row in rows
        )


def _locking(query: SelectOfScalar[Row]) -> SelectOfScalar[Row]:
    # What this session has read before may have changed while it waited for the lock. SQLite locks the whole database.
    return query.with_for_update().execution_options(populate_existing=True)


_LOCK_STOCKS = _locking(
    select(StockRow)
    .where(col(StockRow.product).in_(bindparam("products", expanding=True)))
    .order_by(col(StockRow.product))
)
_LOCK_RESERVATIONS = _locking(
    select(ReservationRow)
    .where(col(ReservationRow.name).in_(bindparam("names", expanding=True)))
    .order_by(col(ReservationRow.name))
)
_LINES = (
    select(LineRow)
    .where(col(LineRow.reservation).in_(bindparam("names", expanding=True)))
    .order_by(col(LineRow.product))
)
_SAVE_STOCK = update(_STOCK).where(_STOCK.c.product == bindparam("of_product"))
_SAVE_RESERVATION = update(_RESERVATION).where(_RESERVATION.c.name == bindparam("of_name"))


def _due(now: datetime) -> SelectOfScalar[str]:
    return select(ReservationRow.name).where(_HELD, col(ReservationRow.expires_at) <= now)


def _stock(row: StockRow) -> Stock:
    return Stock(row.product, row.on_hand, row.reserved)
