"""Brings a database to the schema of this version, inside this process; one at a time per database.

Alembic and SQLAlchemy are imported when there is something to do: they take ten times longer than to see, by the
driver alone, that there is nothing. At most starts there is nothing.
"""
# ruff: noqa: PLC0415

import sqlite3
import time
from contextlib import closing
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import structlog

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

# Another version may be migrating at the same time; this is how long it may take before we give up.
WAIT_SECONDS = 120.0
STATEMENT_SECONDS = 600.0

# Any number does, as long as nothing else in the database locks the same one.
_LOCK = 0x736F756B
_SQLITE = "sqlite:///"
_REVISION = "SELECT version_num FROM alembic_version"
_log = structlog.get_logger(__name__)


class MigrationError(Exception):
    """The migrations of a package are not as they must be."""


def migrate(url: str, package: str, wait_seconds: float = 0) -> None:
    """Runs the migrations in `<package>/migrations/versions`, all in one transaction: all are done, or none.

    A database that is ahead of this version (a newer one has started meanwhile) is left as it is: migrations keep
    the schema usable for the version before.

    Raises:
        MigrationError: the migrations' files are not named after their revisions.
        SystemExit: the database could not be opened for so long; one line says why, without the URL.
    """
    if at_head(url, package):
        _log.info("database has the schema of this version, or of a newer one")
        return
    from sqlalchemy import text

    from souk_chassis.engine import connect

    engine = connect(url, lock_seconds=WAIT_SECONDS, statement_seconds=STATEMENT_SECONDS)
    try:
        # On SQLite, the transaction itself is the lock: it begins with BEGIN IMMEDIATE.
        with _opened(engine, wait_seconds) as connection, connection.begin():
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            _upgrade(connection, package)
    finally:
        engine.dispose()


def _opened(engine: "Engine", wait_seconds: float) -> "Connection":
    from sqlalchemy.exc import OperationalError

    deadline = time.monotonic() + wait_seconds
    while True:
        try:
            return engine.connect()
        except OperationalError as error:
            why = " ".join(str(error.orig).split())
        if time.monotonic() >= deadline:
            raise SystemExit(f"error: the database at DATABASE_URL can't be opened: {why}")
        _log.warning("database can't be opened yet", error=why)
        time.sleep(1)


def at_head(url: str, package: str) -> bool:
    """Whether the database has the schema of this version, or of a newer one; not if it can't be asked."""
    found = _revision_in_file(url.removeprefix(_SQLITE)) if url.startswith(_SQLITE) else _revision_on_server(url)
    return found is not None and _is_done(found, _known(package))


def _revision_in_file(path: str) -> str | None:
    try:
        with closing(sqlite3.connect(f"file:{quote(path)}?mode=ro", uri=True)) as connection:
            row = connection.execute(_REVISION).fetchone()
    except sqlite3.OperationalError:  # no file, or no such table
        return None
    return None if row is None else str(row[0])


def _revision_on_server(url: str) -> str | None:
    import psycopg

    try:
        with psycopg.connect(url.replace("+psycopg", "", 1), connect_timeout=3) as connection:
            row = connection.execute(_REVISION).fetchone()
    except (psycopg.OperationalError, psycopg.errors.UndefinedTable):
        return None
    return None if row is None else str(row[0])


def _upgrade(connection: "Connection", package: str) -> None:
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext
    from alembic.script import ScriptDirectory

    before, known = _revision(connection), _known(package)
    if before is not None and _is_done(before, known):  # another process was here first
        return
    scripts = ScriptDirectory(str(files(package) / "migrations"))
    in_order = [script.revision for script in scripts.walk_revisions()][::-1]
    if in_order != known:
        msg = f"{package}/migrations/versions has files for {known}, and revisions {in_order}: name each file "
        raise MigrationError(msg + "<revision>_<subject>.py, so that the names sort as the revisions follow each other")

    def steps(revision: Any, _context: object) -> Any:  # noqa: ANN401 - Alembic's own
        return scripts._upgrade_revs("head", revision)  # as `alembic upgrade` does it

    with EnvironmentContext(Config(), scripts, fn=steps) as environment:
        environment.configure(connection=connection, transactional_ddl=True)
        environment.run_migrations()
    _log.info("database migrated", before=before, after=_revision(connection))


def _known(package: str) -> list[str]:
    """The revisions of this version, oldest first, without loading them or Alembic: as the files are named."""
    versions = (files(package) / "migrations" / "versions").iterdir()
    return sorted(file.name.removesuffix(".py").partition("_")[0] for file in versions if file.name.endswith(".py"))


def _revision(connection: "Connection") -> str | None:
    from sqlalchemy import inspect, text

    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text(_REVISION)).scalar()


def _is_done(found: str, known: list[str]) -> bool:
    return found not in known[:-1]
