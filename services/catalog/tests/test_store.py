"""The table, on both databases."""

from souk_catalog.store import ProductRow
from souk_chassis.database import Database
from souk_chassis.idempotency import TABLE
from souk_chassis.testing import differences


def test_the_migrations_make_the_tables_that_the_code_uses(database: Database) -> None:
    assert differences(database, ProductRow.metadata.tables["product"], TABLE) == []
