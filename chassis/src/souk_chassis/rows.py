"""What the stores of all stalls need: rows that may be there already, and moments that are UTC on every engine."""

from datetime import UTC, datetime

from sqlalchemy import DateTime, Dialect, TypeDecorator
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, SQLModel


class Moment(TypeDecorator[datetime]):
    """A column's type. SQLite keeps no time zone, and PostgreSQL answers in the connection's; ours is always UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """To the database."""
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """From the database."""
        if value is None:
            return None
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


def added(session: Session, row: SQLModel) -> bool:
    """Inserts a row; if its key is there, says no. Waits for another transaction that is just inserting the same."""
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        return False
    return True
