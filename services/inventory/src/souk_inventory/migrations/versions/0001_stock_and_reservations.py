"""Stock, reservations and their lines, and the answers kept for repeated calls."""

import sqlalchemy as sa
from alembic import op
from souk_chassis import idempotency

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "stock",
        sa.Column("product", sa.String(60), primary_key=True),
        sa.Column("on_hand", sa.BigInteger, nullable=False),
        sa.Column("reserved", sa.BigInteger, nullable=False),
        sa.CheckConstraint("on_hand >= reserved AND reserved >= 0", name="stock_counts"),
    )
    op.create_table(
        "reservation",
        sa.Column("name", sa.String(80), primary_key=True),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
    )
    held = sa.text("state = 'HELD'")
    op.create_index("reservation_due", "reservation", ["expires_at"], postgresql_where=held, sqlite_where=held)
    op.create_table(
        "reservation_line",
        sa.Column("reservation", sa.String(80), sa.ForeignKey("reservation.name"), primary_key=True),
        sa.Column("product", sa.String(60), primary_key=True),
        sa.Column("quantity", sa.Integer, nullable=False),
    )
    op.create_index("ix_reservation_line_product", "reservation_line", ["product"])
    idempotency.create_table(op)


def downgrade() -> None:
    for table in ("idempotency", "reservation_line", "reservation", "stock"):
        op.drop_table(table)
