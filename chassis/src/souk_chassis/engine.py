"""Connections to a database, SQLite or PostgreSQL, with the settings that this platform wants on every one."""

from typing import Any

from sqlalchemy import URL, Engine, event
from sqlalchemy.engine import Connection, create_engine, make_url

# How long a transaction waits for another one's lock, and how long one statement may take.
LOCK_SECONDS = 5.0
STATEMENT_SECONDS = 10.0


def connect(url: str, *, lock_seconds: float = LOCK_SECONDS, statement_seconds: float = STATEMENT_SECONDS) -> Engine:
    """An engine with the settings that this platform wants on every connection."""
    if make_url(url).get_backend_name() == "sqlite":
        return _connect_sqlite(url, lock_seconds)
    limits = {
        "statement_timeout": statement_seconds,
        "lock_timeout": lock_seconds,
        "idle_in_transaction_session_timeout": max(statement_seconds, lock_seconds) * 2,
    }
    options = " ".join(f"-c {name}={round(seconds * 1000)}" for name, seconds in limits.items())
    return create_engine(
        url,
        pool_pre_ping=True,
        pool_size=8,
        max_overflow=8,
        pool_timeout=LOCK_SECONDS,
        connect_args={"options": options, "connect_timeout": 3},
    )


def reading(engine: Engine) -> Engine:
    """The same database, for transactions that only read: on SQLite they don't wait for the one who writes."""
    if engine.dialect.name == "sqlite":
        return _reading_sqlite(engine)
    return engine.execution_options(postgresql_readonly=True)


def _connect_sqlite(url: URL | str, lock_seconds: float) -> Engine:
    engine = create_engine(url, connect_args={"timeout": lock_seconds})

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: object) -> None:  # noqa: ANN401 - sqlite3's, or a driver like it
        connection.isolation_level = None  # the driver would begin transactions by itself, and later than needed
        connection.execute("PRAGMA journal_mode = WAL")  # readers go on while one writes
        # Commits outlive a killed process. Only a power cut can take the last ones; FULL would cost an fsync each.
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA foreign_keys = ON")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A transaction that first reads and then writes could not get the lock any more without IMMEDIATE.
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _reading_sqlite(engine: Engine) -> Engine:
    # Connections of their own: to turn one from writing to reading would be a statement more for each transaction.
    reader = create_engine(engine.url, connect_args={"timeout": LOCK_SECONDS})

    @event.listens_for(reader, "connect")
    def configure(connection: Any, _record: object) -> None:  # noqa: ANN401 - sqlite3's, or a driver like it
        connection.isolation_level = None
        connection.execute("PRAGMA query_only = ON")

    @event.listens_for(reader, "begin")
    def begin(connection: Connection) -> None:
        # By the driver itself, which is quicker: it takes no lock yet, so there is nothing that could go wrong.
        connection.connection.cursor().execute("BEGIN")

    return reader
