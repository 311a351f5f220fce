"""An index for each order in which products are listed."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    # One order of letters everywhere. The table is not rewritten for it; SQLite has no other.
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column("product", "display_name", type_=sa.String(200, collation="C"), existing_nullable=False)
    op.create_index("products_by_display_name", "product", ["display_name", "name"])
    op.create_index("products_by_create_time", "product", ["create_time", "name"])


def downgrade() -> None:
    op.drop_index("products_by_create_time", "product")
    op.drop_index("products_by_display_name", "product")
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column("product", "display_name", type_=sa.String(200), existing_nullable=False)
