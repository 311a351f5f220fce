"""Orders and their lines, and the answers kept for repeated calls."""

import sqlalchemy as sa
from alembic import op
from souk_chassis import idempotency

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "orders",
        sa.Column("name", sa.String(110), primary_key=True),
        sa.Column("customer", sa.String(60), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("request_id", sa.String(100), unique=True),
        sa.Column("fingerprint", sa.LargeBinary(32), nullable=False),
        sa.Column("card_token", sa.String(70), nullable=False),
        sa.Column("step", sa.String(20)),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True)),
        sa.Column("funds", sa.String(20), nullable=False),
        sa.Column("cancel_reason", sa.String(100), nullable=False),
        sa.Column("cancel_message", sa.String(500), nullable=False),
        sa.Column("renew_at", sa.DateTime(timezone=True)),
        sa.Column("statement_descriptor", sa.String(200), nullable=False),
        sa.Column("lease_holder", sa.String(100)),
        sa.Column("lease_epoch", sa.Integer, nullable=False),
        sa.Column("lease_expires_at", sa.DateTime(timezone=True)),
    )
    op.create_index("ix_orders_due_at", "orders", ["due_at"])
    op.create_index("orders_of_customer", "orders", ["customer", "created_at", "name"])
    op.create_table(
        "order_line",
        sa.Column("order_name", sa.String(110), sa.ForeignKey("orders.name"), primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True),
        sa.Column("product", sa.String(60), nullable=False),
        sa.Column("quantity", sa.Integer, nullable=False),
        sa.Column("currency_code", sa.String(3), nullable=False),
        sa.Column("units", sa.BigInteger, nullable=False),
        sa.Column("nanos", sa.Integer, nullable=False),
    )
    idempotency.create_table(op)


def downgrade() -> None:
    for table in ("idempotency", "order_line", "orders"):
        op.drop_table(table)
