"""Products, and the answers kept for repeated calls."""

import sqlalchemy as sa
from alembic import op
from souk_chassis import idempotency

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "product",
        # Names have one order everywhere; a server's own collation may skip hyphens.
        sa.Column("name", sa.String(60).with_variant(sa.String(60, collation="C"), "postgresql"), primary_key=True),
        sa.Column("display_name", sa.String(200), nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("currency_code", sa.String(3), nullable=False),
        sa.Column("price_units", sa.BigInteger, nullable=False),
        sa.Column("price_nanos", sa.Integer, nullable=False),
        sa.Column("create_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("update_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
    )
    idempotency.create_table(op)


def downgrade() -> None:
    for table in ("idempotency", "product"):
        op.drop_table(table)
