"""Each call gets what is left, and nothing is begun that can't be answered in time."""

import threading
import time
from typing import cast

import grpc
import pytest
from souk_chassis import deadline as chassis_deadline
from souk_chassis.deadline import DEFAULT_SECONDS, RETURN_MARGIN_SECONDS, budget, deadline, remaining
from souk_chassis.errors import Refused
from souk_chassis.layers import Call

from .world import EchoModules, Reply, Request, Serve


def reply(echo_modules: EchoModules, value: object) -> Reply:
    return echo_modules.pb2.SayResponse(text=f"{value}")


def test_outside_of_a_call_there_is_no_deadline_and_peers_get_the_default() -> None:
    assert remaining() is None
    assert budget(None) == DEFAULT_SECONDS
    assert budget(60.0) == 60.0


def test_a_handler_knows_what_is_left(serve: Serve, echo_modules: EchoModules) -> None:
    with serve(lambda *_: reply(echo_modules, remaining())) as running:
        left = float(running.stub.Say(echo_modules.pb2.SayRequest(), timeout=3).text)
    assert 2.5 < left <= 3.01  # gRPC rounds up


def test_a_call_without_deadline_gets_the_default(serve: Serve, echo_modules: EchoModules) -> None:
    with serve(lambda *_: reply(echo_modules, remaining())) as running:
        bare = echo_modules.grpc.EchoServiceStub(running.raw)
        left = float(bare.Say(echo_modules.pb2.SayRequest()).text)
    assert DEFAULT_SECONDS - 0.5 < left <= DEFAULT_SECONDS


def test_a_stream_without_deadline_has_none(serve: Serve, echo_modules: EchoModules) -> None:
    with serve(count=lambda *_: iter([reply(echo_modules, remaining())])) as running:
        assert next(running.stub.Count(echo_modules.pb2.SayRequest())).text == "None"


@pytest.mark.parametrize("asked", [None, 60.0])
def test_a_peer_gets_what_is_left_less_the_margin(serve: Serve, echo_modules: EchoModules, asked: float | None) -> None:
    lefts = []

    def outer(request: Request, context: grpc.ServicerContext) -> Reply:
        lefts.append(context.time_remaining())
        return inner.stub.Say(request, timeout=asked)

    with serve(lambda *_: reply(echo_modules, remaining())) as inner, serve(outer) as running:
        left = float(running.stub.Say(echo_modules.pb2.SayRequest(), timeout=3).text)
    # gRPC reads its clock in coarse steps when it writes the header: most of the margin is left, not all of it.
    assert left <= lefts[0] - RETURN_MARGIN_SECONDS / 2
    assert left > 2


def test_a_peer_gets_less_if_the_handler_says_so(serve: Serve, echo_modules: EchoModules) -> None:
    with (
        serve(lambda *_: reply(echo_modules, remaining())) as inner,
        serve(lambda request, _: inner.stub.Say(request, timeout=0.5)) as running,
    ):
        assert float(running.stub.Say(echo_modules.pb2.SayRequest(), timeout=3).text) <= 0.5


def test_a_peer_that_is_too_slow_is_given_up_before_our_own_caller_gives_up(
    serve: Serve, echo_modules: EchoModules, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Enough for the way back on any machine: that the margin is kept is seen here, how long it is above.
    monkeypatch.setattr(chassis_deadline, "RETURN_MARGIN_SECONDS", 20.0)
    release = threading.Event()
    with (
        serve(lambda request, _: reply(echo_modules, release.wait(30))) as inner,
        serve(lambda request, _: inner.stub.Say(request)) as running,
    ):
        with pytest.raises(grpc.RpcError) as caught:
            running.stub.Say(echo_modules.pb2.SayRequest(), timeout=20.5)
        release.set()
    assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert "behind this one" in (caught.value.details() or "")  # the answer of the service, not of our own clock


def test_work_without_time_left_is_not_begun(echo_modules: EchoModules) -> None:
    class Waited:
        """The context of a call whose time passed in the queue."""

        def time_remaining(self) -> float:
            return 0.0

    context = cast(grpc.ServicerContext, Waited())
    call = Call("echo.v1.EchoService", "Say", False, echo_modules.pb2.SayRequest(), context)
    with pytest.raises(Refused) as caught:
        deadline(call)
    assert caught.value.code is grpc.StatusCode.DEADLINE_EXCEEDED


def test_work_that_nobody_waits_for_any_more_is_not_begun(echo_modules: EchoModules) -> None:
    class Gone:
        """The context of a call whose caller left while this process stood still."""

        def time_remaining(self) -> float:
            return 5.0

        def is_active(self) -> bool:
            return False

    context = cast(grpc.ServicerContext, Gone())
    call = Call("echo.v1.EchoService", "Say", False, echo_modules.pb2.SayRequest(), context)
    with pytest.raises(Refused, match="CALLER_GONE"):
        deadline(call)


def left() -> float:
    seconds = remaining()
    assert seconds is not None
    return seconds


def test_time_that_passes_is_taken_off(serve: Serve, echo_modules: EchoModules) -> None:
    def say(request: Request, context: grpc.ServicerContext) -> Reply:
        before, started = left(), time.monotonic()
        threading.Event().wait(0.05)
        return reply(echo_modules, before - left() - (time.monotonic() - started))

    with serve(say) as running:
        assert abs(float(running.stub.Say(echo_modules.pb2.SayRequest(), timeout=3).text)) < 0.01
