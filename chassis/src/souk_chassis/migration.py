"""Brings a database to the schema of this version, inside this process; one at a time per database.

Alembic is imported when it is used: a program that serves need not load it.
"""
# ruff: noqa: PLC0415

from collections.abc import Sequence
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy import Connection, text

from souk_chassis.database import Database, connect

if TYPE_CHECKING:
    from alembic.script import ScriptDirectory

# Another version may be migrating at the same time; this is how long it may take before we give up.
WAIT_SECONDS = 120.0
STATEMENT_SECONDS = 600.0

# Any number does, as long as nothing else in the database locks the same one.
_LOCK = 0x736F756B
_log = structlog.get_logger(__name__)


def migrate(url: str, package: str) -> None:
    """Runs the migrations in `<package>/migrations/versions`, all in one transaction: all are done, or none.

    A database that is ahead of this version (a newer one has started meanwhile) is left as it is: migrations keep
    the schema usable for the version before.
    """
    scripts = _scripts(package)
    engine = connect(url, lock_seconds=WAIT_SECONDS, statement_seconds=STATEMENT_SECONDS)
    try:
        # On SQLite, the transaction itself is the lock: it begins with BEGIN IMMEDIATE.
        with engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            _upgrade(connection, scripts)
    finally:
        engine.dispose()


def at_head(database: Database, package: str) -> bool:
    """Whether the database has the schema of this version, or of a newer one."""
    scripts = _scripts(package)
    with database.engine.connect() as connection:
        found = _revisions(connection)
    return bool(found) and (_is_ahead(scripts, found) or set(found) == set(scripts.get_heads()))


def _upgrade(connection: Connection, scripts: "ScriptDirectory") -> None:
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext

    found = _revisions(connection)
    if _is_ahead(scripts, found):
        _log.info("database is ahead of this version", revision=found)
        return

    def steps(revision: Any, _context: object) -> Any:  # noqa: ANN401 - Alembic's own
        return scripts._upgrade_revs("head", revision)  # as `alembic upgrade` does it

    with EnvironmentContext(Config(), scripts, fn=steps) as environment:
        environment.configure(connection=connection, transactional_ddl=True)
        environment.run_migrations()
    _log.info("database migrated", before=found, after=_revisions(connection))


def _scripts(package: str) -> "ScriptDirectory":
    from alembic.script import ScriptDirectory

    return ScriptDirectory(str(files(package) / "migrations"))


def _revisions(connection: Connection) -> Sequence[str]:
    from alembic.runtime.migration import MigrationContext

    return MigrationContext.configure(connection).get_current_heads()


def _is_ahead(scripts: "ScriptDirectory", found: Sequence[str]) -> bool:
    known = {script.revision for script in scripts.walk_revisions()}
    return any(revision not in known for revision in found)
