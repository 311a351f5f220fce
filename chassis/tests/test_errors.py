"""What a caller sees when a call goes wrong."""

from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import grpc
import pytest
from google.protobuf.any_pb2 import Any as AnyMessage
from souk_chassis.errors import Refused, Violation, refusal, to_status

from .world import EchoModules, Reply, Request, Running, Serve


def refused(call: Callable[[], object]) -> Refused:
    with pytest.raises(grpc.RpcError) as caught:
        call()
    return refusal(caught.value)


def test_a_refusal_reaches_the_caller_whole(serve: Serve, echo_modules: EchoModules) -> None:
    def say(request: Request, context: grpc.ServicerContext) -> Reply:
        raise Refused(
            "TOO_LOUD",
            "speak lower, 声",
            code=grpc.StatusCode.ABORTED,
            metadata={"limit": "3"},
            violations=[Violation("text", "too loud")],
            retry_after=timedelta(seconds=1.5),
        )

    with serve(say) as running:
        answer = refused(lambda: running.stub.Say(echo_modules.pb2.SayRequest(text="HEY"), timeout=5))
    assert (answer.reason, answer.message, answer.code) == ("TOO_LOUD", "speak lower, 声", grpc.StatusCode.ABORTED)
    assert answer.metadata == {"limit": "3"}
    assert answer.violations == (Violation("text", "too loud"),)
    assert answer.retry_after == timedelta(seconds=1.5)


def test_when_to_come_again_is_told_in_whole_seconds_too(serve: Serve, echo_modules: EchoModules) -> None:
    def say(request: Request, context: grpc.ServicerContext) -> Reply:
        raise Refused("FULL", "no room", retry_after=timedelta(seconds=1.5) if request.text else None)

    with serve(say) as running:
        for text, said in (("when?", {"retry-after": "2"}), ("", {})):
            with pytest.raises(grpc.RpcError) as caught:
                running.stub.Say(echo_modules.pb2.SayRequest(text=text), timeout=5)
            assert isinstance(caught.value, grpc.Call)
            trailers = caught.value.trailing_metadata() or ()
            assert {key: value for key, value in trailers if key == "retry-after"} == said


def test_a_refusal_in_a_stream_reaches_the_caller_after_what_was_sent(serve: Serve, echo_modules: EchoModules) -> None:
    def count(request: Request, context: grpc.ServicerContext) -> Iterator[Reply]:
        yield echo_modules.pb2.SayResponse(text="1")
        raise Refused("NO_MORE", "that was all")

    with serve(count=count) as running:
        stream = running.stub.Count(echo_modules.pb2.SayRequest(), timeout=5)
        assert next(stream).text == "1"
        answer = refused(lambda: next(stream))
    assert (answer.reason, answer.code) == ("NO_MORE", grpc.StatusCode.FAILED_PRECONDITION)


def test_the_text_of_an_unexpected_exception_stays_inside(
    serve: Serve, echo_modules: EchoModules, capsys: pytest.CaptureFixture[str]
) -> None:
    def say(request: Request, context: grpc.ServicerContext) -> Reply:
        raise RuntimeError("the password is 1234")

    with serve(say) as running:
        answer = refused(lambda: running.stub.Say(echo_modules.pb2.SayRequest(), timeout=5))
    assert (answer.reason, answer.message, answer.code) == ("INTERNAL", "internal error", grpc.StatusCode.INTERNAL)
    assert "the password is 1234" in capsys.readouterr().out  # in the log, with its traceback


def test_bytes_that_are_no_message_are_an_invalid_argument(running: Running) -> None:
    say: Any = running.raw.unary_unary("/echo.v1.EchoService/Say")
    answer = refused(lambda: say(b"\xff\xff\xff", timeout=5))
    assert (answer.reason, answer.code) == ("INVALID_ARGUMENT", grpc.StatusCode.INVALID_ARGUMENT)
    assert running.echo.said == []


def test_a_message_nested_too_deep_is_an_invalid_argument(running: Running, echo_modules: EchoModules) -> None:
    value = b""
    for _ in range(200):  # Value.list_value within ListValue.values, and so on
        value = field(6, field(1, value))
    bomb = field(3, field(1, field(1, b"k") + field(2, value)))
    for method in ("Say", "Count"):
        path = f"/echo.v1.EchoService/{method}"
        call: Any = running.raw.unary_unary(path) if method == "Say" else running.raw.unary_stream(path)
        answer = refused(partial(exhaust, call, bomb))
        assert (answer.reason, answer.code) == ("INVALID_ARGUMENT", grpc.StatusCode.INVALID_ARGUMENT)


def exhaust(call: Callable[..., Iterable[object]], request: bytes) -> list[object]:
    return list(call(request, timeout=5))


def field(number: int, content: bytes) -> bytes:
    length, size = len(content), b""
    while length > 127:
        size += bytes([length & 127 | 128])
        length >>= 7
    return bytes([number << 3 | 2]) + size + bytes([length]) + content


def test_a_request_that_breaks_rules_names_each_field(running: Running, echo_modules: EchoModules) -> None:
    request = echo_modules.pb2.SayRequest(text="x" * 21, request_id="no uuid", items=[{"quantity": 1}, {"quantity": 0}])
    answer = refused(lambda: running.stub.Say(request, timeout=5))
    assert (answer.reason, answer.code) == ("INVALID_ARGUMENT", grpc.StatusCode.INVALID_ARGUMENT)
    assert {each.field: each.description for each in answer.violations} == {
        "text": "must be at most 20 characters",
        "request_id": "must be a valid UUID",
        "items[1].quantity": "must be greater than 0",
    }
    assert running.echo.said == []


def test_an_error_with_more_to_say_than_fits_into_trailers_says_the_first_of_it(
    serve: Serve, echo_modules: EchoModules
) -> None:
    def say(request: Request, context: grpc.ServicerContext) -> Reply:
        violations = [Violation(f"items[{number}]", "\N{FIRE}" * 1000) for number in range(1000)]
        raise Refused("LONG", "\N{FIRE}" * 100_000, code=grpc.StatusCode.INVALID_ARGUMENT, violations=violations)

    with serve(say) as running:
        answer = refused(lambda: running.stub.Say(echo_modules.pb2.SayRequest(text="hi"), timeout=5))
    assert (answer.reason, answer.code) == ("LONG", grpc.StatusCode.INVALID_ARGUMENT)
    assert answer.message.startswith("\N{FIRE}" * 100)
    assert answer.message.endswith("…")
    assert [each.field for each in answer.violations[:2]] == ["items[0]", "items[1]"]


@pytest.mark.parametrize(
    ("said", "passed_on"),
    [
        (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.UNAVAILABLE),
        (grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.DEADLINE_EXCEEDED),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.UNAVAILABLE),
        (grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.INTERNAL),
    ],
)
def test_what_a_peer_could_not_do_this_service_could_not_do_either(
    serve: Serve, echo_modules: EchoModules, said: grpc.StatusCode, passed_on: grpc.StatusCode
) -> None:
    def fail(request: Request, context: grpc.ServicerContext) -> Reply:
        raise Refused("SECRET", "secret", code=said)

    with serve(fail) as peer, serve(lambda request, _: peer.stub.Say(request)) as running:
        answer = refused(lambda: running.stub.Say(echo_modules.pb2.SayRequest(), timeout=5))
    assert answer.code is passed_on
    assert "secret" not in answer.message


def test_an_unreachable_peer_is_a_refusal_without_reason(echo_modules: EchoModules) -> None:
    with grpc.insecure_channel("127.0.0.1:1") as nobody:
        answer = refused(
            lambda: echo_modules.grpc.EchoServiceStub(nobody).Say(echo_modules.pb2.SayRequest(), timeout=5)
        )
    assert (answer.reason, answer.code) == ("", grpc.StatusCode.UNAVAILABLE)


def test_every_refusal_carries_its_reason_and_the_domain() -> None:
    detail: AnyMessage = to_status(Refused("R", "m")).details[0]
    assert detail.type_url == "type.googleapis.com/google.rpc.ErrorInfo"
    assert b"souk.dev" in detail.value
