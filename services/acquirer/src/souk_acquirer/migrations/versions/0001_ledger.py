"""Charges, movements and attempts."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "charge",
        sa.Column("reference", sa.String(100), primary_key=True),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("currency_code", sa.String(3), nullable=False),
        sa.Column("units", sa.BigInteger, nullable=False),
        sa.Column("nanos", sa.Integer, nullable=False),
        sa.Column("card_token", sa.String(64), nullable=False),
        sa.Column("decline_reason", sa.String(200), nullable=False),
    )
    op.create_table(
        "movement",
        sa.Column("idempotency_key", sa.String(200), primary_key=True),
        sa.Column("fingerprint", sa.LargeBinary(32), nullable=False),
        sa.Column("reference", sa.String(100), nullable=False, index=True),
        sa.Column("operation", sa.String(20), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "attempt",
        sa.Column("reference", sa.String(100), primary_key=True),
        sa.Column("operation", sa.String(20), primary_key=True),
        sa.Column("count", sa.Integer, nullable=False),
    )
