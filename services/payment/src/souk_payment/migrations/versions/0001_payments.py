"""Payments, and the request ids that were used."""

import sqlalchemy as sa
from alembic import op
from souk_chassis.idempotency import create_table

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "payment",
        sa.Column("name", sa.String(70), primary_key=True),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("intent", sa.String(20), nullable=False),
        sa.Column("order_name", sa.String(100), nullable=False),
        sa.Column("currency_code", sa.String(3), nullable=False),
        sa.Column("units", sa.BigInteger, nullable=False),
        sa.Column("nanos", sa.Integer, nullable=False),
        sa.Column("payload", sa.String(64), nullable=False),
        sa.Column("decline_reason", sa.Text, nullable=False),
        sa.Column("statement_descriptor", sa.String(22), nullable=False),
        sa.Column("processed_by", sa.String(100), nullable=False),
        sa.Column("create_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("update_time", sa.DateTime(timezone=True), nullable=False),
    )
    create_table(op)
