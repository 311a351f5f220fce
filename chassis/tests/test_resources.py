"""What HTTP clients rely on: conditions in a header, and headers that tell of the answer."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import grpc
import pytest
from souk_chassis.answer_headers import cacheable
from souk_chassis.testing import invalid, refused, serving

from .world import EchoModules

Generated: TypeAlias = Any
"""What protoc generates, once the tests run."""


@dataclass
class Things:
    """Answers with what it was asked."""

    pb2: Generated

    def Make(self, request: Generated, context: grpc.ServicerContext) -> object:
        return self.pb2.SayResponse(text=request.text)

    @cacheable("public, max-age=5")
    def Get(self, request: Generated, context: grpc.ServicerContext) -> object:
        if not request.name:
            context.abort(grpc.StatusCode.NOT_FOUND, "no such thing")
        return self.pb2.Thing(name=request.name, etag='"quoted"')

    def Update(self, request: Generated, context: grpc.ServicerContext) -> object:
        return request.thing

    def Delete(self, request: Generated, context: grpc.ServicerContext) -> object:
        return self.pb2.Thing(name=request.name, etag=request.etag)

    def List(self, request: Generated, context: grpc.ServicerContext) -> object:
        return self.pb2.ListResponse(next_page_token=request.name)


@pytest.fixture(scope="module")
def stub(echo_modules: EchoModules) -> Iterator[Generated]:
    add = echo_modules.grpc.add_ThingServiceServicer_to_server
    things = (add, Things(echo_modules.pb2), "echo.v1.ThingService")
    # A plain channel: that of the services keeps only one of two headers of the same name.
    with serving([things]) as server, grpc.insecure_channel(f"127.0.0.1:{server.port}") as opened:
        yield echo_modules.grpc.ThingServiceStub(opened)


@pytest.fixture
def pb(echo_modules: EchoModules) -> Generated:
    return echo_modules.pb2


CONDITIONS = [
    ('"a-1"', '"a-1"'),
    ('W/"a-1"', '"a-1"'),
    ("a-1", '"a-1"'),
    (' "a-1" ', '"a-1"'),
    ('"a,1"', '"a,1"'),
    ("*", ""),
    ("", ""),
]


@pytest.mark.parametrize(("header", "etag"), CONDITIONS)
def test_if_match_becomes_the_etag_of_a_deletion_and_of_what_is_updated(
    stub: Generated, pb: Generated, header: str, etag: str
) -> None:
    said = [("if-match", header)]
    assert stub.Delete(pb.DeleteRequest(name="a"), metadata=said, timeout=5).etag == etag
    updated = stub.Update(pb.UpdateRequest(thing=pb.Thing(name="a")), metadata=said, timeout=5)
    assert (updated.name, updated.etag) == ("a", etag)


def test_an_etag_in_the_message_comes_before_the_header(stub: Generated, pb: Generated) -> None:
    said = [("if-match", '"header"')]
    assert stub.Delete(pb.DeleteRequest(etag='"mine"'), metadata=said, timeout=5).etag == '"mine"'


@pytest.mark.parametrize("header", ['"a", "b"', 'a"b', "a b", '"a', 'W/W/"a"'])
def test_a_condition_that_is_not_one_etag_is_refused(stub: Generated, pb: Generated, header: str) -> None:
    with invalid("etag"):
        stub.Delete(pb.DeleteRequest(name="a"), metadata=[("if-match", header)], timeout=5)
    with invalid("thing.etag"):
        stub.Update(pb.UpdateRequest(), metadata=[("if-match", header)], timeout=5)
    with invalid("etag"):
        stub.Delete(pb.DeleteRequest(), metadata=[("if-match", '"a"'), ("if-match", '"b"')], timeout=5)


def test_an_etag_from_a_header_is_held_against_the_rules_too(stub: Generated, pb: Generated) -> None:
    with invalid("thing.etag"):
        stub.Update(pb.UpdateRequest(), metadata=[("if-match", '"longer-than-twenty-characters"')], timeout=5)


def test_a_change_that_can_not_be_conditional_is_not_made_as_if_it_were_not(stub: Generated, pb: Generated) -> None:
    with invalid("etag"):
        stub.Make(pb.SayRequest(text="hi"), metadata=[("if-match", '"a"')], timeout=5)
    assert stub.Make(pb.SayRequest(text="hi"), metadata=[("if-match", "*")], timeout=5).text == "hi"
    assert stub.Get(pb.GetRequest(name="a"), metadata=[("if-match", '"a"')], timeout=5).name == "a"


BY_REST = [("x-envoy-original-path", "/v1/things/a")]
"""What the gateway's transcoder adds."""


def headers(call: Generated, request: object, sent: Sequence[tuple[str, str]] = BY_REST) -> dict[str, str]:
    _, answered = call.with_call(request, metadata=sent, timeout=5)
    return {key: value for key, value in answered.initial_metadata() if not key.startswith("grpc-")}


def test_an_answer_tells_its_etag_and_how_long_it_may_be_kept(stub: Generated, pb: Generated) -> None:
    assert headers(stub.Get, pb.GetRequest(name="a")) == {"etag": '"quoted"', "cache-control": "public, max-age=5"}


def test_who_comes_by_grpc_finds_all_of_it_in_the_answer_itself(stub: Generated, pb: Generated) -> None:
    assert headers(stub.Get, pb.GetRequest(name="a"), sent=()) == {}


def test_an_etag_is_quoted_as_http_has_it(stub: Generated, pb: Generated) -> None:
    assert headers(stub.Delete, pb.DeleteRequest(etag="bare")) == {"etag": '"bare"'}
    assert headers(stub.Delete, pb.DeleteRequest(etag='W/"weak"')) == {"etag": 'W/"weak"'}


def test_a_page_tells_the_token_of_the_next_and_the_last_one_nothing(stub: Generated, pb: Generated) -> None:
    assert headers(stub.List, pb.GetRequest(name="more")) == {"next-page-token": "more"}
    assert headers(stub.List, pb.GetRequest()) == {}


def test_an_answer_without_such_fields_has_no_headers(stub: Generated, pb: Generated) -> None:
    assert headers(stub.Make, pb.SayRequest(text="hi")) == {}


def test_an_error_has_none_of_these_headers(stub: Generated, pb: Generated) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        stub.Get(pb.GetRequest(), timeout=5)
    assert isinstance(caught.value, grpc.Call)
    names = {key for key, _ in caught.value.initial_metadata() or ()}
    assert not names & {"etag", "cache-control", "next-page-token"}


def test_a_refused_condition_names_its_reason(stub: Generated, pb: Generated) -> None:
    with refused("INVALID_ARGUMENT", grpc.StatusCode.INVALID_ARGUMENT) as found:
        stub.Delete(pb.DeleteRequest(), metadata=[("if-match", '"a", "b"')], timeout=5)
    assert "one etag" in found[0].message
