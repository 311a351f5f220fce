"""The table, on both databases."""

from souk_chassis.database import Database
from souk_chassis.idempotency import TABLE
from souk_chassis.testing import differences
from souk_payment.store import PaymentRow


def test_the_migrations_make_the_tables_that_the_code_uses(database: Database) -> None:
    assert differences(database, PaymentRow.metadata.tables["payment"], TABLE) == []
