"""The tables, on both databases."""

from souk_acquirer.store import ChargeRow
from souk_chassis.database import Database
from souk_chassis.testing import differences


def test_the_migrations_make_the_tables_that_the_code_uses(database: Database) -> None:
    names = ("charge", "movement", "attempt")
    assert differences(database, *(ChargeRow.metadata.tables[name] for name in names)) == []
