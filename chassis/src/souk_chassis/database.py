"""One database, SQLite or PostgreSQL, and its transactions."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from types import TracebackType
from typing import Self

import grpc
import structlog
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlmodel import Session

from souk_chassis.deadline import remaining
from souk_chassis.engine import LOCK_SECONDS, connect, reading
from souk_chassis.errors import Refused

Transaction = Session
"""What `Database.begin` yields."""

# PostgreSQL's codes for: lock not available, deadlock, serialization failure, cancelled by statement_timeout.
_CONFLICTS = {"55P03", "40P01", "40001", "57014"}
# And for: disk full.
_FULL = "53100"
# What SQLite says of its file, with or without a suffix that tells what it was at: `SQLITE_IOERR_WRITE`.
_LOST = ("SQLITE_CANTOPEN", "SQLITE_IOERR")
_log = structlog.get_logger(__name__)


class Database:
    """The database at a URL. Opens connections when they are needed, so making one does not need the server."""

    def __init__(self, url: str) -> None:
        self._engine = connect(url)
        sqlite = self._engine.dialect.name == "sqlite"
        # SQLite's busy handler polls, unfairly; threads of one process queue here instead.
        self._turn = Lock() if sqlite else None
        self._reading = reading(self._engine)

    @contextmanager
    def begin(self) -> Iterator[Session]:
        """One write transaction: committed at the end, rolled back when something is raised.

        Objects that it loaded stay readable afterwards. Don't nest: the second would wait for the first.

        Raises:
            Refused: DATABASE_BUSY (another transaction is in the way), DATABASE_FULL, DATABASE_UNAVAILABLE.
        """
        with _translated(), self._my_turn(), Session(self._engine, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def read(self) -> Iterator[Session]:
        """One read-only transaction; all its queries see the same writers' work on SQLite, each its own on PostgreSQL.

        Raises:
            Refused: DATABASE_BUSY or DATABASE_UNAVAILABLE.
        """
        with _translated(), Session(self._reading, expire_on_commit=False) as session, session.begin():
            yield session

    def reachable(self) -> bool:
        """Whether the database answers."""
        try:
            # Reading, so that it need not wait for the one who writes.
            with self._reading.connect() as connection:
                connection.execute(text("SELECT 1"))
        except (DBAPIError, PoolTimeoutError) as error:
            _log.warning("database unreachable", error=type(error).__name__)
            return False
        return True

    @property
    def engine(self) -> Engine:
        """The engine behind it, for what transactions don't offer."""
        return self._engine

    def close(self) -> None:
        """Closes all connections."""
        for engine in (self._reading, self._engine):
            engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def _my_turn(self) -> Iterator[None]:
        if self._turn is None:
            yield
            return
        left = remaining()
        if not self._turn.acquire(timeout=LOCK_SECONDS if left is None else min(left, LOCK_SECONDS)):
            raise _busy(grpc.StatusCode.UNAVAILABLE)
        try:
            yield
        finally:
            self._turn.release()


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except PoolTimeoutError as error:
        raise _busy(grpc.StatusCode.UNAVAILABLE) from error
    except DBAPIError as error:
        if error.orig is None:
            raise
        state, name = getattr(error.orig, "sqlstate", None), getattr(error.orig, "sqlite_errorname", "")
        if state in _CONFLICTS:
            raise _busy(grpc.StatusCode.ABORTED) from error
        if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            raise _busy(grpc.StatusCode.UNAVAILABLE) from error
        if state == _FULL or name == "SQLITE_FULL":
            message = "the database has no room left"
            # UNAVAILABLE, so that the mesh turns to another replica, whose disk may not be full.
            raise Refused("DATABASE_FULL", message, code=grpc.StatusCode.UNAVAILABLE) from error
        if error.connection_invalidated or _is_lost(error):
            message = "the database can't be reached"
            raise Refused("DATABASE_UNAVAILABLE", message, code=grpc.StatusCode.UNAVAILABLE) from error
        raise


def _is_lost(error: DBAPIError) -> bool:
    # A connection that could not even be made has no SQLSTATE, and SQLite says that it can't open the file.
    name = getattr(error.orig, "sqlite_errorname", "")
    return name.startswith(_LOST) if name else type(error.orig).__name__ == "OperationalError"


def _busy(code: grpc.StatusCode) -> Refused:
    return Refused("DATABASE_BUSY", "another transaction is in the way; try again", code=code)
