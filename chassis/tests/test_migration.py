"""Migrations: once, whole, one at a time; and a database may be ahead of a program."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest
from souk_chassis.database import Database
from souk_chassis.migration import MigrationError, at_head, migrate
from sqlalchemy import inspect, text

FIRST = """
    revision = "0001"
    down_revision = None

    import sqlalchemy as sa
    from alembic import op
    from souk_chassis import idempotency

    def upgrade() -> None:
        op.create_table("runs", sa.Column("revision", sa.Text()))
        op.execute("INSERT INTO runs VALUES ('0001')")
        idempotency.create_table(op)
"""
SECOND = """
    revision = "0002"
    down_revision = "0001"

    from alembic import op

    def upgrade() -> None:
        op.execute("INSERT INTO runs VALUES ('0002')")
"""
BROKEN = """
    revision = "0002"
    down_revision = "0001"

    from alembic import op

    def upgrade() -> None:
        op.execute("INSERT INTO runs VALUES ('0002')")
        op.execute("INSERT INTO nowhere VALUES (1)")
"""
Package = Callable[..., str]
PROGRAM = (
    "import sys; sys.path.insert(0, sys.argv[1])\nfrom souk_chassis.migration import migrate; migrate(*sys.argv[2:])"
)


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Package:
    """Makes a package with these migrations and gives its name."""
    monkeypatch.syspath_prepend(str(tmp_path))
    made: list[str] = []

    def make(*scripts: str) -> str:
        name = f"{tmp_path.name.replace('-', '_')}_{len(made)}"
        made.append(name)
        versions = tmp_path / name / "migrations" / "versions"
        versions.mkdir(parents=True)
        (tmp_path / name / "__init__.py").touch()
        for number, script in enumerate(scripts, start=1):
            (versions / f"{number:04}.py").write_text(dedent(script))
        return name

    return make


def runs(url: str) -> list[str]:
    with Database(url) as database, database.read() as session:
        return [row.revision for row in session.execute(text("SELECT revision FROM runs"))]


def test_a_new_database_gets_every_migration_in_order_and_only_once(database_url: str, package: Package) -> None:
    name = package(FIRST, SECOND)
    migrate(database_url, name)
    migrate(database_url, name)
    assert runs(database_url) == ["0001", "0002"]
    assert at_head(database_url, name)
    with Database(database_url) as database:
        columns = {column["name"] for column in inspect(database.engine).get_columns("idempotency")}
    assert columns == {"method", "request_id", "fingerprint", "response_type", "response", "created_at"}


def test_a_database_behind_is_not_at_head_until_it_is_migrated(database_url: str, package: Package) -> None:
    old, new = package(FIRST), package(FIRST, SECOND)
    assert not at_head(database_url, old)
    migrate(database_url, old)
    assert at_head(database_url, old)
    assert not at_head(database_url, new)
    migrate(database_url, new)
    assert at_head(database_url, new)
    assert runs(database_url) == ["0001", "0002"]


def test_a_database_that_a_newer_version_has_migrated_is_left_as_it_is(database_url: str, package: Package) -> None:
    old, new = package(FIRST), package(FIRST, SECOND)
    migrate(database_url, new)
    migrate(database_url, old)
    assert runs(database_url) == ["0001", "0002"]
    assert at_head(database_url, old)


def test_to_see_that_nothing_is_to_be_done_takes_no_more_than_the_driver(
    database_url: str, package: Package, tmp_path: Path
) -> None:
    name = package(FIRST)
    migrate(database_url, name)
    looking = [sys.executable, "-c", f"{PROGRAM}; print(*sys.modules)", str(tmp_path), database_url, name]
    loaded = subprocess.run(looking, check=True, capture_output=True, text=True).stdout.split()
    assert "souk_chassis.migration" in loaded
    assert not {"sqlalchemy", "alembic"} & set(loaded)


def test_a_migration_that_fails_leaves_nothing_of_itself_nor_of_those_before_it(
    database_url: str, package: Package
) -> None:
    with pytest.raises(Exception, match="nowhere"):
        migrate(database_url, package(FIRST, BROKEN))
    migrate(database_url, package(FIRST, SECOND))
    assert runs(database_url) == ["0001", "0002"]


def test_two_versions_that_start_at_once_migrate_one_after_the_other(
    database_url: str, package: Package, tmp_path: Path
) -> None:
    old, new = package(FIRST), package(FIRST, SECOND)
    processes = [
        subprocess.Popen([sys.executable, "-c", PROGRAM, str(tmp_path), database_url, name], stderr=subprocess.PIPE)
        for name in (old, new, old, new)
    ]
    assert [(process.communicate(timeout=30)[1], process.returncode) for process in processes] == [(b"", 0)] * 4
    assert runs(database_url) == ["0001", "0002"]


def test_migrations_whose_files_are_not_named_after_their_revisions_are_refused(
    sqlite_url: str, package: Package
) -> None:
    with pytest.raises(MigrationError, match="name each file"):
        migrate(sqlite_url, package(FIRST, SECOND.replace('revision = "0002"', 'revision = "0009"', 1)))
