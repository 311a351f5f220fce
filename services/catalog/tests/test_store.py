"""The table, on both databases."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from souk_catalog.store import ProductRow
from souk_chassis.database import Database
from souk_chassis.idempotency import TABLE
from sqlalchemy import MetaData


def test_the_migrations_make_the_tables_that_the_code_uses(database: Database) -> None:
    ours = MetaData()  # the shared one has the tables of every stall that this process has imported
    for table in (ProductRow.metadata.tables["product"], TABLE):
        table.to_metadata(ours)
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert [change for change in compare_metadata(context, ours) if "alembic_version" not in str(change)] == []
