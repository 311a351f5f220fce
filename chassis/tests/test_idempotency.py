"""A request_id has one effect, however often and at what time it comes."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any, NoReturn
from uuid import uuid4

import grpc
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from souk_chassis import idempotency
from souk_chassis.database import Database
from souk_chassis.errors import Refused
from souk_chassis.idempotency import KEPT, fingerprint_of, forgetting, idempotent
from sqlmodel import SQLModel, text

from .world import EchoModules, Running

Say = Callable[..., str]
METHOD = "echo.v1.EchoService/Say"


@pytest.fixture
def database(database_url: str, databases: Callable[[str], Database]) -> Database:
    opened: Database = databases(database_url)
    SQLModel.metadata.create_all(opened.engine, tables=[idempotency.TABLE])
    with opened.begin() as session:
        session.execute(text("CREATE TABLE effects (request_id TEXT, payload TEXT)"))
    return opened


@pytest.fixture
def say(database: Database, echo_modules: EchoModules) -> Say:
    """Does the effect of a request once, and answers with a number of its own."""
    pb2 = echo_modules.pb2

    def call(request_id: str, payload: str = "", method: str = METHOD) -> str:
        with database.begin() as session:

            def run() -> Any:  # noqa: ANN401
                values = {"request_id": request_id, "payload": payload}
                session.execute(text("INSERT INTO effects VALUES (:request_id, :payload)"), values)
                return pb2.SayResponse(text=f"{payload} {uuid4()}")

            request = pb2.SayRequest(text=payload, request_id=request_id)
            answer: str = idempotent(
                session, method=method, request=request, response_type=pb2.SayResponse, run=run
            ).text
            return answer

    return call


def later() -> datetime:
    """When what is said now has become old."""
    return datetime.now(UTC) + KEPT + timedelta(hours=1)


def effects(database: Database) -> int:
    with database.read() as session:
        count: int = session.execute(text("SELECT count(*) FROM effects")).scalar_one()
        return count


def test_a_repetition_gets_the_same_answer_and_has_no_effect(say: Say, database: Database) -> None:
    assert say("a", "x") == say("a", "x")
    assert effects(database) == 1


def test_twins_at_the_same_time_have_one_effect_and_one_answer(say: Say, database: Database) -> None:
    together = Barrier(8)

    def twin(_: int) -> str:
        together.wait(10)
        answer: str = say("twin", "x")
        return answer

    with ThreadPoolExecutor(8) as pool:
        answers = set(pool.map(twin, range(8)))
    assert len(answers) == 1
    assert effects(database) == 1


def test_another_payload_is_refused(say: Say, database: Database) -> None:
    say("a", "x")
    with pytest.raises(Refused) as caught:
        say("a", "y")
    assert (caught.value.reason, caught.value.code) == ("REQUEST_ID_REUSED", grpc.StatusCode.ALREADY_EXISTS)
    assert effects(database) == 1


def test_one_id_may_serve_two_methods(say: Say, database: Database) -> None:
    say("a", "x")
    say("a", "x", method="echo.v1.EchoService/Shout")
    assert effects(database) == 2


def test_without_an_id_each_call_has_its_effect(say: Say, database: Database) -> None:
    assert say("", "x") != say("", "x")
    assert effects(database) == 2


def test_what_failed_may_be_tried_again_under_the_same_id(database: Database, echo_modules: EchoModules) -> None:
    pb2 = echo_modules.pb2
    request = pb2.SayRequest(request_id="a")
    refused = Refused("NO", "no")

    def no() -> NoReturn:
        raise refused

    with pytest.raises(Refused, match="NO"), database.begin() as session:
        idempotent(session, method=METHOD, request=request, response_type=pb2.SayResponse, run=no)
    with database.begin() as session:
        answer = idempotent(
            session,
            method=METHOD,
            request=request,
            response_type=pb2.SayResponse,
            run=lambda: pb2.SayResponse(text="ok"),
        )
    assert answer.text == "ok"


def test_what_is_forgotten_may_happen_again(say: Say, database: Database) -> None:
    say("a")
    assert forgetting(database).work() == 0
    say("a")
    assert effects(database) == 1
    assert forgetting(database, later).work() == 1
    say("a")
    assert effects(database) == 2


def test_what_is_old_is_forgotten_in_bounded_parts(
    say: Say, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idempotency, "BATCH", 2)
    for request_id in "abc":
        say(request_id)
    chore = forgetting(database, later)
    assert [chore.work(), chore.work(), chore.work()] == [2, 1, 0]


def test_replicas_that_forget_at_once_forget_each_row_once(say: Say, database: Database) -> None:
    for number in range(20):
        say(f"id-{number}")
    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(lambda _: forgetting(database, later).work(), range(4))) == 20


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(calls=st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xy")), max_size=12))
def test_whatever_the_history_an_id_has_the_effect_of_its_first_payload(
    say: Say, database: Database, calls: list[tuple[str, str]]
) -> None:
    with database.begin() as session:
        session.execute(text("DELETE FROM effects"))
    forgetting(database, later).work()
    first: dict[str, tuple[str, str]] = {}
    for request_id, payload in calls:
        if request_id not in first:
            first[request_id] = (payload, say(request_id, payload))
        elif first[request_id][0] == payload:
            assert say(request_id, payload) == first[request_id][1]
        else:
            with pytest.raises(Refused, match="REQUEST_ID_REUSED"):
                say(request_id, payload)
    assert effects(database) == len(first)


def test_the_order_of_a_map_is_no_other_payload(echo_modules: EchoModules) -> None:
    request = echo_modules.pb2.SayRequest
    one = request(request_id="1", labels={"a": "1", "b": "2", "c": "3"})
    other = request(request_id="2", labels={"c": "3", "b": "2", "a": "1"})
    assert fingerprint_of(one) == fingerprint_of(other)
    assert fingerprint_of(one) != fingerprint_of(request(labels={"a": "1"}))


@pytest.mark.parametrize(
    ("in_request", "in_metadata", "seen"),
    [
        ("", "0b1f7e0a-5d0c-4b1e-9e55-3f7d7f0f2a11", "0b1f7e0a-5d0c-4b1e-9e55-3f7d7f0f2a11"),
        (
            "7f0c1d38-55a0-4c6f-8d4b-1f9d1b0f8c22",
            "0b1f7e0a-5d0c-4b1e-9e55-3f7d7f0f2a11",
            "7f0c1d38-55a0-4c6f-8d4b-1f9d1b0f8c22",
        ),
        ("", None, ""),
    ],
)
def test_the_metadata_fills_an_empty_request_id(
    running: Running, echo_modules: EchoModules, in_request: str, in_metadata: str | None, seen: str
) -> None:
    metadata = [("idempotency-key", in_metadata)] if in_metadata else []
    running.stub.Say(echo_modules.pb2.SayRequest(request_id=in_request), metadata=metadata, timeout=5)
    assert running.echo.said[0].request_id == seen


@pytest.mark.parametrize("key", ["no uuid", ""])
@pytest.mark.parametrize("request_id", ["", str(uuid4())])
def test_a_malformed_key_in_the_metadata_is_an_invalid_request_id(
    running: Running, echo_modules: EchoModules, key: str, request_id: str
) -> None:
    request = echo_modules.pb2.SayRequest(request_id=request_id)
    with pytest.raises(grpc.RpcError) as caught:
        running.stub.Say(request, metadata=[("idempotency-key", key)], timeout=5)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
