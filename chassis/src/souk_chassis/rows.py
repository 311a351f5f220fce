"""What the stores of all stalls need: rows that may be there already, and moments that are UTC on every engine."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from importlib import import_module
from typing import Any

from sqlalchemy import DateTime, Dialect, Table, TypeDecorator
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


def table_of(model: type[SQLModel]) -> Table:
    """The table of a model, for statements that are built once.

    To build a statement takes longer than to run it, and an update through the model's objects longer still.
    """
    return model.metadata.tables[str(model.__tablename__)]


def added(session: Session, row: SQLModel) -> bool:
    """Inserts a row; if its key is there, says no. Waits for another transaction that is just inserting the same."""
    return inserted(session, table_of(type(row)), row.model_dump())


def inserted(session: Session, table: Table, values: Mapping[str, object]) -> bool:
    """The same for a table that has no model."""
    return session.execute(_insert(table, session.get_bind().dialect.name), values).first() is not None


@cache
def _insert(table: Table, dialect: str) -> Any:  # noqa: ANN401 - each dialect has a type of its own
    # Both engines spell it alike, but in SQLAlchemy it belongs to the dialect; the engine has imported its own already.
    insert = import_module(f"sqlalchemy.dialects.{dialect}").insert
    return insert(table).on_conflict_do_nothing().returning(*table.primary_key)
