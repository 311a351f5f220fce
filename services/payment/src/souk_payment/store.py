"""Payments in the database. One change is one short transaction, and none is open while the acquirer is asked."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from google.protobuf.message import Message
from souk.payment.v1 import payment_pb2
from souk_chassis.database import Database, Transaction
from souk_chassis.idempotency import idempotent
from souk_chassis.money import Money
from souk_chassis.rows import Moment, added, table_of
from sqlalchemy import BigInteger, Column, Text, bindparam, update
from sqlmodel import Field, SQLModel, select

from souk_payment.domain import Intent, Payment, State

Rule = Callable[[Payment | None], Payment]


class PaymentRow(SQLModel, table=True):
    """One payment, with what the acquirer is being asked for."""

    __tablename__ = "payment"
    name: str = Field(primary_key=True, max_length=70)
    state: str = Field(max_length=20)
    intent: str = Field(max_length=20)
    order_name: str = Field(max_length=100)
    currency_code: str = Field(max_length=3)
    units: int = Field(sa_column=Column(BigInteger, nullable=False))
    nanos: int
    payload: str = Field(max_length=64)
    decline_reason: str = Field(sa_type=Text)
    statement_descriptor: str = Field(max_length=22)
    processed_by: str = Field(max_length=100)
    create_time: datetime = Field(sa_column=Column(Moment, nullable=False))
    update_time: datetime = Field(sa_column=Column(Moment, nullable=False))


_LOCK = select(PaymentRow).where(PaymentRow.name == bindparam("name")).with_for_update()
_SAVE = update(table_of(PaymentRow)).where(table_of(PaymentRow).c.name == bindparam("of_name"))


@dataclass(frozen=True)
class Claim:
    """A request with its request_id, for the method that it was sent to."""

    method: str
    request: Message

    def make(self, session: Transaction) -> None:
        """Refuses a request_id that came before with another payload.

        Nothing more: no stored answer is replayed here. The answer depends on the acquirer, which is asked after this
        transaction, so what makes a repetition safe is the payment's own state (keyed by its name) and the key that
        the acquirer gets. A repetition with the same payload goes through the rules again and finds them satisfied.
        """
        idempotent(
            session,
            method=self.method,
            request=self.request,
            response_type=payment_pb2.Payment,
            run=payment_pb2.Payment,
        )


class PaymentStore:
    """Payments in one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, name: str) -> Payment | None:
        """The payment of a name."""
        with self._database.read() as session:
            row = session.get(PaymentRow, name)
            return None if row is None else _payment(row)

    def begin(self, name: str, rule: Rule, claim: Claim) -> Payment:
        """Claims the request's id and writes what the rule makes of the payment, in one transaction."""
        with self._database.begin() as session:
            claim.make(session)
            return _change(session, name, rule)

    def settle(self, name: str, rule: Rule) -> Payment:
        """Writes what the rule makes of the payment as it is by now."""
        with self._database.begin() as session:
            return _change(session, name, rule)


def _change(session: Transaction, name: str, rule: Rule) -> Payment:
    while True:
        row = session.exec(_LOCK, params={"name": name}).first()
        payment = rule(None if row is None else _payment(row))
        if row is not None:
            session.execute(_SAVE, {"of_name": name, **_row(payment).model_dump()})
            return payment
        if added(session, _row(payment)):
            return payment
        # Another call made the payment since we looked: let the rule judge what is there now.


def _payment(row: PaymentRow) -> Payment:
    return Payment(
        name=row.name,
        state=State(row.state),
        create_time=row.create_time,
        update_time=row.update_time,
        intent=Intent(row.intent),
        order=row.order_name,
        amount=Money(row.currency_code, row.units, row.nanos) if row.currency_code else None,
        payload=row.payload,
        decline_reason=row.decline_reason,
        statement_descriptor=row.statement_descriptor,
        processed_by=row.processed_by,
    )


def _row(payment: Payment) -> PaymentRow:
    amount = payment.amount
    return PaymentRow(
        name=payment.name,
        state=payment.state.value,
        intent=payment.intent.value,
        order_name=payment.order,
        currency_code=amount.currency_code if amount else "",
        units=amount.units if amount else 0,
        nanos=amount.nanos if amount else 0,
        payload=payment.payload,
        decline_reason=payment.decline_reason,
        statement_descriptor=payment.statement_descriptor,
        processed_by=payment.processed_by,
        create_time=payment.create_time,
        update_time=payment.update_time,
    )
