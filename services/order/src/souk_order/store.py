"""The orders in the database, and what is asked of them. A saga is written only under a lease that is checked."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import grpc
from souk_chassis.database import Database
from souk_chassis.errors import Refused
from souk_chassis.money import Money
from souk_chassis.rows import Moment, table_of
from sqlalchemy import bindparam, insert, literal, tuple_, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, or_, select

from souk_order.domain import Line, Order
from souk_order.saga import Funds, Progress, Step
from souk_order.tables import LineRow, OrderRow


class LeaseLostError(Exception):
    """Somebody else has taken the saga over: whoever sees this must stop at once."""


@dataclass(frozen=True)
class Lease:
    """Who is at a saga. Taking it over raises the epoch, so that a write of the one before is refused."""

    order: str
    holder: str
    epoch: int


@dataclass(frozen=True)
class Work:
    """An order whose saga is ours to drive."""

    lease: Lease
    order: Order
    card_token: str = field(repr=False)


@dataclass(frozen=True)
class Placing:
    """What came with a new order besides itself."""

    request_id: str
    fingerprint: bytes
    card_token: str = field(repr=False)


_ORDERS = table_of(OrderRow)
# SQLite has locked the whole database already.
_LOCK = select(OrderRow).where(OrderRow.name == bindparam("name")).with_for_update()
_LINES = (
    select(LineRow)
    .where(col(LineRow.order_name).in_(bindparam("orders", expanding=True)))
    .order_by(col(LineRow.position))
)
_MINE = (_ORDERS.c.name == bindparam("of_order"), _ORDERS.c.lease_epoch == bindparam("of_epoch"))
_ADD, _ADD_LINES = insert(_ORDERS), insert(table_of(LineRow))
_WRITE = update(_ORDERS).where(*_MINE)

Cursor = tuple[datetime, str]
Rule = Callable[[Progress], Progress]


class OrderStore:
    """The orders of one database."""

    def __init__(self, database: Database, *, lease: timedelta = timedelta(seconds=15)) -> None:
        self._database = database
        # Longer than any single step may take: a living holder never loses it.
        self._lease = lease

    def begin(self) -> AbstractContextManager[Session]:
        """One write transaction, for what is done together with `cancel`."""
        return self._database.begin()

    def placed(self, placing: Placing) -> Order | None:
        """The order that was placed before with this request id.

        Raises:
            Refused: REQUEST_ID_REUSED, if that was with another payload.
        """
        if not placing.request_id:
            return None
        with self._database.read() as session:
            row = session.exec(select(OrderRow).where(OrderRow.request_id == placing.request_id)).one_or_none()
            if row is None:
                return None
            if row.fingerprint != placing.fingerprint:
                raise Refused(
                    "REQUEST_ID_REUSED",
                    f"request_id {placing.request_id} was used before with another payload; choose a new one",
                    code=grpc.StatusCode.ALREADY_EXISTS,
                    metadata={"request_id": placing.request_id},
                )
            return _orders(session, [row])[0]

    def place(self, order: Order, placing: Placing, holder: str) -> Work | None:
        """Keeps a new order, its saga ours; None if another with the same request id came first.

        The saga's progress says that the first step has begun.
        """
        row = {
            "name": order.name,
            "customer": order.customer,
            "created_at": order.created_at,
            "updated_at": order.updated_at,
            "request_id": placing.request_id or None,
            "fingerprint": placing.fingerprint,
            "card_token": placing.card_token,
            "lease_holder": holder,
            "lease_epoch": 1,
            "lease_expires_at": order.created_at + self._lease,
            **_columns(order.progress),
        }
        lines = [_line_columns(order.name, position, line) for position, line in enumerate(order.lines)]
        try:
            with self._database.begin() as session:
                session.execute(_ADD, row)
                session.execute(_ADD_LINES, lines)
        except IntegrityError:
            if self.placed(placing) is None:
                raise
            return None
        return Work(Lease(order.name, holder, 1), order, placing.card_token)

    def get(self, name: str) -> Order:
        """One order.

        Raises:
            Refused: ORDER_NOT_FOUND.
        """
        with self._database.read() as session:
            row = session.get(OrderRow, name)
            if row is None:
                raise _not_found(name)
            return _orders(session, [row])[0]

    def list(self, customer: str, after: Cursor | None, limit: int) -> Sequence[Order]:
        """A customer's orders, the newest first, going on after a cursor."""
        created_at, name = col(OrderRow.created_at), col(OrderRow.name)
        query = select(OrderRow).where(OrderRow.customer == customer)
        if after is not None:
            # As a row of values: for an OR, a database would read all that comes before, too.
            key = (literal(after[0], Moment), literal(after[1]))
            query = query.where(tuple_(created_at, name) < tuple_(*key))
        with self._database.read() as session:
            rows = session.exec(query.order_by(created_at.desc(), name.desc()).limit(limit)).all()
            return _orders(session, rows)

    def cancel(self, session: Session, name: str, rule: Rule, now: datetime) -> Order:
        """Applies a customer's wish, whoever is at the saga. That its row is locked decides the race with a capture.

        Raises:
            Refused: ORDER_NOT_FOUND.
        """
        row = _locked(session, name)
        if row is None:
            raise _not_found(name)
        return _write(session, row, _lines(session, [row])[name], rule, now, lease={})

    def due(self, now: datetime, limit: int) -> Sequence[str]:
        """Orders whose saga is to go on, and that nobody is at, the longest waiting first."""
        due_at = col(OrderRow.due_at)
        query = select(OrderRow.name).where(due_at <= now, _is_free(now)).order_by(due_at).limit(limit)
        with self._database.read() as session:
            return session.exec(query).all()

    def take(self, name: str, holder: str, rule: Rule, now: datetime) -> Work | None:
        """Takes the lease and applies a rule; None if the saga is not due, is over, or somebody else is at it."""
        query = select(OrderRow).where(OrderRow.name == name, col(OrderRow.due_at) <= now, _is_free(now))
        with self._database.begin() as session:
            row = session.exec(query.with_for_update()).one_or_none()
            if row is None:
                return None
            lease = Lease(name, holder, row.lease_epoch + 1)
            taken = {"lease_holder": holder, "lease_epoch": lease.epoch, "lease_expires_at": now + self._lease}
            order = _write(session, row, _lines(session, [row])[name], rule, now, lease=taken)
            return Work(lease, order, row.card_token)

    def advance(self, work: Work, rule: Rule, now: datetime) -> Work:
        """Applies a rule to the progress of a saga that is ours, and renews the lease or, at the end, gives it back.

        Raises:
            LeaseLostError: it is no longer ours; nothing was written.
        """
        with self._database.begin() as session:
            row = _locked(session, work.lease.order)
            if row is None or row.lease_epoch != work.lease.epoch:
                raise LeaseLostError(work.lease)
            renewed = {"lease_expires_at": now + self._lease}
            return replace(work, order=_write(session, row, work.order.lines, rule, now, lease=renewed))

    def give_up(self, lease: Lease) -> None:
        """Lets somebody else go on at once; no matter if they already do."""
        free = {"lease_holder": None, "lease_expires_at": None}
        with self._database.begin() as session:
            session.execute(_WRITE, {"of_order": lease.order, "of_epoch": lease.epoch, **free})


def _write(
    session: Session, row: OrderRow, lines: Sequence[Line], rule: Rule, now: datetime, *, lease: Mapping[str, object]
) -> Order:
    before = _order(row, lines)
    after = replace(before, progress=rule(before.progress))
    if _visible(after) != _visible(before):
        after = replace(after, updated_at=now)
    values = {**_columns(after.progress), "updated_at": after.updated_at, **lease}
    if after.settled:
        values |= {"lease_holder": None, "lease_expires_at": None}
    if not after.progress.needs_card:
        values["card_token"] = ""
    mine = {"of_order": row.name, "of_epoch": row.lease_epoch}
    written: CursorResult[Any] = session.execute(_WRITE, {**mine, **values})  # type: ignore[assignment]
    if written.rowcount != 1:
        raise LeaseLostError(row.name)
    return after


def _visible(order: Order) -> tuple[object, ...]:
    progress = order.progress
    return (order.state, progress.cancel_reason, order.was_charged, progress.statement_descriptor)


def _is_free(now: datetime) -> Any:  # noqa: ANN401 - SQLAlchemy's expression
    return or_(col(OrderRow.lease_expires_at).is_(None), col(OrderRow.lease_expires_at) <= now)


def _locked(session: Session, name: str) -> OrderRow | None:
    return session.exec(_LOCK, params={"name": name}).one_or_none()


def _columns(progress: Progress) -> dict[str, Any]:
    return {
        "step": progress.step.value if progress.step else None,
        "attempt": progress.attempt,
        "due_at": progress.due_at,
        "funds": progress.funds.value,
        "cancel_reason": progress.cancel_reason[:100],
        "cancel_message": progress.cancel_message[:500],
        "renew_at": progress.renew_at,
        "statement_descriptor": progress.statement_descriptor[:200],
    }


def _line_columns(order: str, position: int, line: Line) -> dict[str, object]:
    price = line.unit_price
    return {
        "order_name": order,
        "position": position,
        "product": line.product,
        "quantity": line.quantity,
        "currency_code": price.currency_code,
        "units": price.units,
        "nanos": price.nanos,
    }


def _orders(session: Session, rows: Sequence[OrderRow]) -> Sequence[Order]:
    lines = _lines(session, rows)
    return [_order(row, lines[row.name]) for row in rows]


def _lines(session: Session, rows: Sequence[OrderRow]) -> Mapping[str, Sequence[Line]]:
    lines: defaultdict[str, list[Line]] = defaultdict(list)
    for line in session.exec(_LINES, params={"orders": [row.name for row in rows]}):
        price = Money(line.currency_code, line.units, line.nanos)
        lines[line.order_name].append(Line(line.product, line.quantity, price))
    return lines


def _order(row: OrderRow, lines: Sequence[Line]) -> Order:
    return Order(row.name, tuple(lines), row.created_at, row.updated_at, _progress(row))


def _progress(row: OrderRow) -> Progress:
    return Progress(
        step=Step(row.step) if row.step else None,
        attempt=row.attempt,
        due_at=row.due_at,
        funds=Funds(row.funds),
        cancel_reason=row.cancel_reason,
        cancel_message=row.cancel_message,
        renew_at=row.renew_at,
        statement_descriptor=row.statement_descriptor,
    )


def _not_found(name: str) -> Refused:
    return Refused(
        "ORDER_NOT_FOUND", f"{name} does not exist", code=grpc.StatusCode.NOT_FOUND, metadata={"order": name}
    )
