"""Transactions: whole or not at all, on both engines; what is in the way is said, and said in time."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from souk_chassis import database as module
from souk_chassis.database import Database, Transaction
from souk_chassis.engine import connect
from souk_chassis.errors import Refused
from sqlmodel import Field, SQLModel, select, text

from .world import EchoModules, Reply, Request, Serve


class Tally(SQLModel, table=True):
    id: int = Field(primary_key=True)
    count: int


@pytest.fixture
def database(database_url: str, databases: Callable[[str], Database]) -> Database:
    opened: Database = databases(database_url)
    SQLModel.metadata.create_all(opened.engine, tables=[SQLModel.metadata.tables["tally"]])
    with opened.begin() as session:
        session.add(Tally(id=1, count=0))
    return opened


def counted(database: Database) -> int:
    with database.read() as session:
        return session.get_one(Tally, 1).count


def test_what_a_transaction_did_is_there_afterwards(database: Database) -> None:
    with database.begin() as session:
        row = session.get_one(Tally, 1)
        row.count = 7
    assert row.count == 7  # readable after the end
    assert counted(database) == 7


def test_a_transaction_that_raises_leaves_nothing(database: Database) -> None:
    with pytest.raises(Refused, match="NO"), database.begin() as session:
        write_and_raise(session)
    assert counted(database) == 0


def write_and_raise(session: Transaction) -> None:
    session.get_one(Tally, 1).count = 7
    session.flush()
    raise Refused("NO", "no")


def test_a_reader_can_not_write(database: Database) -> None:
    with pytest.raises(Exception, match=r"read-?only"), database.read() as session:
        session.execute(text("UPDATE tally SET count = 7"))
    assert counted(database) == 0


def test_writers_on_eight_threads_lose_no_update(database: Database) -> None:
    def add(_: int) -> None:
        with database.begin() as session:
            row = session.exec(select(Tally).where(Tally.id == 1).with_for_update()).one()
            row.count += 1

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add, range(64)))
    assert counted(database) == 64


def test_a_reader_does_not_wait_for_a_writer(database: Database) -> None:
    with database.begin() as session:
        session.get_one(Tally, 1).count = 7
        session.flush()
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(counted, database).result(2) == 0


def test_a_lock_that_does_not_come_is_refused_and_may_be_tried_again(
    database_url: str, databases: Callable[[str], Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOCK_SECONDS", 0.2)
    ours, theirs = databases(database_url), Database(database_url)
    monkeypatch.setattr(ours, "_engine", connect(database_url, lock_seconds=0.2))
    SQLModel.metadata.create_all(ours.engine, tables=[SQLModel.metadata.tables["tally"]])
    with theirs.begin() as session:
        session.add(Tally(id=1, count=0))
    with theirs as other, other.begin() as session:
        session.execute(text("UPDATE tally SET count = 1"))
        started = time.monotonic()
        with pytest.raises(Refused) as caught, ours.begin() as mine:
            mine.execute(text("UPDATE tally SET count = 2"))
        assert time.monotonic() - started < 2
    assert caught.value.reason == "DATABASE_BUSY"
    assert caught.value.code in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.ABORTED)
    with ours.begin() as mine:
        mine.execute(text("UPDATE tally SET count = 2"))
    ours.engine.dispose()


def test_threads_of_one_process_take_turns_on_sqlite_and_one_that_waits_too_long_is_refused(
    sqlite_url: str, databases: Callable[[str], Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOCK_SECONDS", 0.1)
    opened = databases(sqlite_url)
    with opened.begin(), ThreadPoolExecutor(1) as pool, pytest.raises(Refused, match="DATABASE_BUSY"):
        pool.submit(lambda: opened.begin().__enter__()).result(5)


def test_a_database_that_answers_is_reachable_also_while_somebody_writes(database: Database) -> None:
    with database.begin() as session, ThreadPoolExecutor(1) as pool:
        session.get_one(Tally, 1).count = 7
        session.flush()
        assert pool.submit(database.reachable).result(2)
    assert database.reachable()


@pytest.mark.parametrize("url", ["postgresql+psycopg://nobody@127.0.0.1:1/none", "sqlite:////nowhere/at/all.db"])
def test_a_database_that_is_not_there_is_not_reachable_and_its_calls_are_refused(
    url: str, databases: Callable[[str], Database]
) -> None:
    opened = databases(url)
    assert not opened.reachable()
    with pytest.raises(Refused) as caught, opened.begin() as session:
        session.execute(text("SELECT 1"))
    assert (caught.value.reason, caught.value.code) == ("DATABASE_UNAVAILABLE", grpc.StatusCode.UNAVAILABLE)


def test_a_full_disk_is_said_and_loses_nothing(database_url: str, database: Database) -> None:
    with pytest.raises(Refused) as caught, database.begin() as session:
        write_and_fill_the_disk(session)
    assert (caught.value.reason, caught.value.code) == ("DATABASE_FULL", grpc.StatusCode.UNAVAILABLE)
    assert counted(database) == 0
    assert database.reachable()


def write_and_fill_the_disk(session: Transaction) -> None:
    session.get_one(Tally, 1).count = 7
    session.flush()
    if session.get_bind().dialect.name == "sqlite":
        session.execute(text("PRAGMA max_page_count = 1"))
        session.execute(text("CREATE TABLE more AS SELECT zeroblob(100000) AS blob"))
    session.execute(text("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'disk_full'; END $$"))


UNWRITABLE = """
import resource, sys
from souk_chassis.database import Database
from souk_chassis.errors import Refused
from sqlmodel import text
database = Database(sys.argv[1])
assert database.reachable()
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
try:
    with database.begin() as session:
        session.execute(text("UPDATE tally SET count = 7"))
except Refused as refused:
    sys.stderr.write(f"{refused.reason} {refused.code.name}")
"""


def test_a_file_that_can_not_be_written_is_an_outage(sqlite_url: str, databases: Callable[[str], Database]) -> None:
    ours = databases(sqlite_url)
    SQLModel.metadata.create_all(ours.engine, tables=[SQLModel.metadata.tables["tally"]])
    with ours.begin() as session:
        session.add(Tally(id=1, count=0))
    done = subprocess.run(
        [sys.executable, "-c", UNWRITABLE, sqlite_url], check=False, stderr=subprocess.PIPE, text=True
    )
    assert done.stderr == "DATABASE_UNAVAILABLE UNAVAILABLE"
    assert counted(ours) == 0


def test_a_bug_in_a_query_is_not_called_an_outage(database: Database) -> None:
    with pytest.raises(Exception, match="nonsense") as caught, database.begin() as session:
        session.execute(text("SELECT * FROM nonsense"))
    assert not isinstance(caught.value, Refused)


KILLED = """
import sys
from sqlmodel import text
from souk_chassis.database import Database
database = Database(sys.argv[1])
with database.begin() as session:
    session.execute(text("UPDATE tally SET count = 1"))
with database.begin() as session:
    session.execute(text("UPDATE tally SET count = 2"))
    print("committed one, in the middle of another", flush=True)
    sys.stdin.read()
"""


def test_a_killed_process_loses_no_commit_and_leaves_no_lock(database_url: str, database: Database) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, database_url], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout
        process.stdout.readline()
        os.kill(process.pid, signal.SIGKILL)
        process.wait(10)
    assert counted(database) == 1
    with database.begin() as session:
        session.get_one(Tally, 1).count = 3
    assert counted(database) == 3


def test_a_transaction_that_waits_for_its_turn_does_not_outlive_its_caller(
    serve: Serve, echo_modules: EchoModules, sqlite_url: str, databases: Callable[[str], Database]
) -> None:
    opened = databases(sqlite_url)

    def say(request: Request, context: grpc.ServicerContext) -> Reply:
        with opened.begin():
            return echo_modules.pb2.SayResponse()

    free = threading.Event()
    with serve(say) as running, opened.begin():
        with pytest.raises(grpc.RpcError):
            running.stub.Say(echo_modules.pb2.SayRequest(), timeout=0.2)
        free.set()
    with opened.begin():
        pass
