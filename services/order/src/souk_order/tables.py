"""The orders' tables."""

from datetime import datetime

from souk_chassis.rows import Moment
from sqlalchemy import BigInteger, Column, ForeignKey, Index, LargeBinary, String
from sqlmodel import Field, SQLModel, col


class OrderRow(SQLModel, table=True):
    """One order, how far its checkout has come, and who is at it."""

    __tablename__ = "orders"

    name: str = Field(sa_column=Column(String(110), primary_key=True))
    customer: str = Field(sa_column=Column(String(60), nullable=False))
    created_at: datetime = Field(sa_column=Column(Moment, nullable=False))
    updated_at: datetime = Field(sa_column=Column(Moment, nullable=False))
    request_id: str | None = Field(sa_column=Column(String(100), unique=True))
    fingerprint: bytes = Field(sa_column=Column(LargeBinary(32), nullable=False))
    card_token: str = Field(sa_column=Column(String(70), nullable=False))

    step: str | None = Field(sa_column=Column(String(20)))
    attempt: int
    due_at: datetime | None = Field(sa_column=Column(Moment, index=True))
    funds: str = Field(sa_column=Column(String(20), nullable=False))
    cancel_reason: str = Field(sa_column=Column(String(100), nullable=False))
    cancel_message: str = Field(sa_column=Column(String(500), nullable=False))
    renew_at: datetime | None = Field(sa_column=Column(Moment))
    statement_descriptor: str = Field(sa_column=Column(String(200), nullable=False))

    lease_holder: str | None = Field(sa_column=Column(String(100)))
    lease_epoch: int
    lease_expires_at: datetime | None = Field(sa_column=Column(Moment))


Index("orders_of_customer", col(OrderRow.customer), col(OrderRow.created_at), col(OrderRow.name))


class LineRow(SQLModel, table=True):
    """One line of an order; never changed."""

    __tablename__ = "order_line"

    order_name: str = Field(sa_column=Column(String(110), ForeignKey("orders.name"), primary_key=True))
    position: int = Field(primary_key=True)
    product: str = Field(sa_column=Column(String(60), nullable=False))
    quantity: int
    currency_code: str = Field(sa_column=Column(String(3), nullable=False))
    units: int = Field(sa_column=Column(BigInteger, nullable=False))
    nanos: int
