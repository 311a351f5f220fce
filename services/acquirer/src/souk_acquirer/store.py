"""The ledger: charges as they are, and every movement that made them so, under its idempotency key."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import grpc
from souk_chassis.database import Database, Transaction
from souk_chassis.errors import Refused
from souk_chassis.money import Money
from souk_chassis.rows import Moment, added, table_of
from sqlalchemy import BigInteger, Column, LargeBinary, bindparam, update
from sqlmodel import Field, SQLModel, col, select

from souk_acquirer.domain import Charge, State

Rule = Callable[[Charge | None], Charge]


class ChargeRow(SQLModel, table=True):
    """One charge as it is now."""

    __tablename__ = "charge"
    reference: str = Field(primary_key=True, max_length=100)
    state: str = Field(max_length=20)
    currency_code: str = Field(default="", max_length=3)
    units: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    nanos: int = 0
    card_token: str = Field(default="", max_length=64)
    decline_reason: str = Field(default="", max_length=200)


class MovementRow(SQLModel, table=True):
    """One thing that was done, and what the charge was after it. Never changed, never deleted."""

    __tablename__ = "movement"
    idempotency_key: str = Field(primary_key=True, max_length=200)
    fingerprint: bytes = Field(sa_column=Column(LargeBinary(32), nullable=False))
    reference: str = Field(index=True, max_length=100)
    operation: str = Field(max_length=20)
    state: str = Field(max_length=20)
    made_at: datetime = Field(sa_column=Column(Moment, nullable=False))


class AttemptRow(SQLModel, table=True):
    """How often something was tried, whether it worked or not; for the cards that fail at first."""

    __tablename__ = "attempt"
    reference: str = Field(primary_key=True, max_length=100)
    operation: str = Field(primary_key=True, max_length=20)
    count: int


_CHARGES, _MOVEMENTS = table_of(ChargeRow), table_of(MovementRow)
_LOCK = select(ChargeRow).where(ChargeRow.reference == bindparam("reference")).with_for_update()
_SAVE_CHARGE = update(_CHARGES).where(_CHARGES.c.reference == bindparam("of_reference"))
_SAVE_MOVEMENT = update(_MOVEMENTS).where(_MOVEMENTS.c.idempotency_key == bindparam("of_key"))


class Ledger:
    """Charges and movements in one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, reference: str) -> Charge | None:
        """The charge of a reference."""
        with self._database.read() as session:
            row = session.get(ChargeRow, reference)
            return None if row is None else _charge(row)

    def movements(self, reference: str) -> tuple[str, ...]:
        """The operations that were done on a charge, in order."""
        with self._database.read() as session:
            of = select(MovementRow.operation).where(MovementRow.reference == reference)
            return tuple(session.exec(of.order_by(col(MovementRow.made_at))))

    def move(self, key: str, fingerprint: bytes, operation: str, reference: str, rule: Rule) -> Charge:
        """Does what the rule says once per key, and gives the same answer each time.

        Nothing is kept when the rule refuses: the key may be tried again.

        Raises:
            Refused: IDEMPOTENCY_KEY_REUSED, or what the rule raises.
        """
        with self._database.begin() as session:
            movement = MovementRow(
                idempotency_key=key,
                fingerprint=fingerprint,
                reference=reference,
                operation=operation,
                state="",
                made_at=datetime.now(UTC),
            )
            # The key comes first: it makes a twin wait here until this transaction has ended.
            if not added(session, movement):
                return _answer_of(session, key, fingerprint)
            charge = _change(session, reference, rule)
            session.execute(_SAVE_MOVEMENT, {"of_key": key, "state": charge.state.value})
            return charge

    def attempt(self, reference: str, operation: str) -> int:
        """Counts one more attempt and says the how manieth it is."""
        with self._database.begin() as session:
            if added(session, AttemptRow(reference=reference, operation=operation, count=1)):
                return 1
            row = session.exec(
                select(AttemptRow)
                .where(AttemptRow.reference == reference, AttemptRow.operation == operation)
                .with_for_update()
            ).one()
            row.count += 1
            return row.count


def _change(session: Transaction, reference: str, rule: Rule) -> Charge:
    while True:
        row = session.exec(_LOCK, params={"reference": reference}).first()
        charge = rule(None if row is None else _charge(row))
        if row is not None:
            session.execute(_SAVE_CHARGE, {"of_reference": reference, "state": charge.state.value})
            return charge
        if added(session, _row(charge)):
            return charge
        # Another key made the charge since we looked: look again, and let the rule judge what is there now.


def _answer_of(session: Transaction, key: str, fingerprint: bytes) -> Charge:
    movement = session.get_one(MovementRow, key)
    if movement.fingerprint != fingerprint:
        raise Refused(
            "IDEMPOTENCY_KEY_REUSED",
            f"idempotency_key {key} was used before with another payload; choose a new one",
            code=grpc.StatusCode.ALREADY_EXISTS,
        )
    return replace(_charge(session.get_one(ChargeRow, movement.reference)), state=State(movement.state))


def _charge(row: ChargeRow) -> Charge:
    amount = Money(row.currency_code, row.units, row.nanos) if row.currency_code else None
    return Charge(row.reference, State(row.state), amount, row.card_token, row.decline_reason)


def _row(charge: Charge) -> ChargeRow:
    amount = charge.amount
    return ChargeRow(
        reference=charge.reference,
        state=charge.state.value,
        currency_code=amount.currency_code if amount else "",
        units=amount.units if amount else 0,
        nanos=amount.nanos if amount else 0,
        card_token=charge.card_token,
        decline_reason=charge.decline_reason,
    )
