"""Fixtures for the tests of services; a pytest plugin that is there wherever this package is installed.

Everything heavy is imported by the fixture that needs it, so that other test runs don't pay for the plugin.
"""
# ruff: noqa: PLC0415

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import grpc
    from sqlalchemy import Table

    from souk_chassis.database import Database
    from souk_chassis.errors import Refused
    from souk_chassis.server import Server
    from souk_chassis.settings import ServiceSettings

Registration = tuple[Callable[[Any, "grpc.Server"], None], object, str]
"""What `Server.add` takes: the generated function, the servicer, the full name of the service."""


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """One PostgreSQL server for the session; its URL, without a database."""
    from souk_chassis.postgres import postgres_server

    with postgres_server() as url:
        yield url


@pytest.fixture
def postgres_url(postgres: str) -> Iterator[str]:
    """A fresh database on PostgreSQL."""
    from souk_chassis.postgres import fresh_database

    with fresh_database(postgres) as url:
        yield url


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """A fresh database in a file."""
    return f"sqlite:///{tmp_path}/test.db"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A fresh database, once on each engine."""
    url: str = request.getfixturevalue({"sqlite": "sqlite_url", "postgresql": "postgres_url"}[request.param])
    return url


@pytest.fixture
def databases() -> Iterator[Callable[..., Any]]:
    """Opens databases and closes them after the test: `databases(url)`."""
    from souk_chassis.database import Database

    with ExitStack() as stack:
        yield lambda url: stack.enter_context(Database(url))


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def migrated(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Any]]:
    """Opens fresh databases with the schema of a package, for all tests of a module: `migrated("souk_catalog")`.

    Everything that rests on it happens once on each engine.
    """
    from souk_chassis.database import Database
    from souk_chassis.migration import migrate
    from souk_chassis.postgres import fresh_database

    with ExitStack() as stack:

        def make(package: str) -> Database:
            if request.param == "sqlite":
                url = f"sqlite:///{tmp_path_factory.mktemp(package)}/test.db"
            else:
                url = stack.enter_context(fresh_database(request.getfixturevalue("postgres")))
            migrate(url, package)
            return stack.enter_context(Database(url))

        yield make


@contextmanager
def emptied(database: "Database") -> Iterator[None]:
    """Whatever is done inside, the next test begins with nothing; the tables stay."""
    from sqlalchemy import delete, inspect
    from sqlmodel import SQLModel

    try:
        yield
    finally:
        there = set(inspect(database.engine).get_table_names())
        with database.begin() as session:
            for table in reversed(SQLModel.metadata.sorted_tables):  # first those that refer to others
                if table.name in there:
                    session.execute(delete(table))


def differences(database: "Database", *tables: "Table") -> list[Any]:
    """What the migrations made otherwise than these tables, which the code uses, say."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext
    from sqlalchemy import MetaData

    ours = MetaData()  # the shared one has the tables of every stall that this process has imported
    for table in tables:
        table.to_metadata(ours)
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return [change for change in compare_metadata(context, ours) if "alembic_version" not in str(change)]


def local_settings(**values: Any) -> "ServiceSettings":  # noqa: ANN401 - fields of any type
    """Settings for an in-process server: loopback, free ports, no time to drain."""
    from souk_chassis.settings import ServiceSettings

    free: dict[str, Any] = {"listen_host": "127.0.0.1", "grpc_port": 0, "health_port": 0, "metrics_port": 0}
    return ServiceSettings(**{**free, "database_url": "sqlite:///unused.db", "drain_seconds": 1, **values})


@contextmanager
def serving(
    registrations: Sequence[Registration],
    settings: "ServiceSettings | None" = None,
    ready_when: Sequence[Callable[[], bool]] = (),
) -> Iterator["Server"]:
    """A real server in this process, on free loopback ports, with everything that stands around a handler."""
    from souk_chassis.server import Server

    server = Server(settings or local_settings(), ready_when)
    for register, servicer, service in registrations:
        server.add(register, servicer, service)
    server.start()
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def client_of(server: "Server") -> Iterator["grpc.Channel"]:
    """A channel to an in-process server, as services open them to each other."""
    from souk_chassis.client import channel

    with channel(f"127.0.0.1:{server.port}") as opened:
        yield opened


@contextmanager
def refused(reason: str, code: "grpc.StatusCode | None" = None, **metadata: str) -> Iterator["list[Refused]"]:
    """The call inside is refused for this reason; what it was refused with is put on the list."""
    from grpc import RpcError

    from souk_chassis.errors import refusal

    found: list[Refused] = []
    with pytest.raises(RpcError) as caught:
        yield found
    error = refusal(caught.value)
    assert (error.reason, error.code) == (reason, code or error.code), error.message
    assert metadata.items() <= error.metadata.items()
    found.append(error)


@contextmanager
def invalid(*fields: str) -> Iterator[None]:
    """The call inside breaks a rule of these fields."""
    from grpc import StatusCode

    with refused("INVALID_ARGUMENT", StatusCode.INVALID_ARGUMENT) as found:
        yield
    assert [violation.field for violation in found[0].violations] == list(fields)
