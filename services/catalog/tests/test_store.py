"""The table, on both databases."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from souk_catalog.store import ProductRow
from souk_chassis.database import Database
from sqlmodel import SQLModel

OURS = {"product", "idempotency"}


def test_the_migrations_make_the_tables_that_the_code_uses(database: Database) -> None:
    assert ProductRow.metadata is SQLModel.metadata
    with database.engine.connect() as connection:
        options = {"include_name": lambda name, kind, _: kind != "table" or name in OURS, "compare_type": True}
        context = MigrationContext.configure(connection, opts=options)
        differences = compare_metadata(context, SQLModel.metadata)
    # Other stalls, tested in the same process, share the metadata.
    assert [each for each in differences if not (each[0] == "add_table" and each[1].name not in OURS)] == []
