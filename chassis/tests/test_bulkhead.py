"""What comes too many is refused at once; calls and streams don't take each other's place; health answers always."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from urllib.request import urlopen

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from souk_chassis.errors import refusal
from souk_chassis.server import Server

from .world import EchoModules, Reply, Request, Serve

SERVING, NOT_SERVING = health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING


def health(server: Server, service: str = "") -> int:
    with grpc.insecure_channel(f"127.0.0.1:{server.health_port}") as channel:
        request = health_pb2.HealthCheckRequest(service=service)
        status: int = health_pb2_grpc.HealthStub(channel).Check(request, timeout=5).status
        return status


class Held:
    """A handler that holds every call until it is told to let go."""

    def __init__(self, reply: Callable[..., Reply], expected: int) -> None:
        self._reply = reply
        self._free = threading.Event()
        self._inside = threading.Semaphore(0)
        self._expected = expected

    def say(self, request: Request, context: grpc.ServicerContext) -> Reply:
        self._inside.release()
        self._free.wait(20)
        return self._reply(text="done")

    def count(self, request: Request, context: grpc.ServicerContext) -> Iterator[Reply]:
        yield self.say(request, context)

    def wait_until_full(self) -> None:
        for _ in range(self._expected):
            assert self._inside.acquire(timeout=10)

    def let_go(self) -> None:
        self._free.set()


def test_a_call_too_many_is_refused_at_once_and_leaves_streams_and_health_alone(
    serve: Serve, echo_modules: EchoModules
) -> None:
    held = Held(echo_modules.pb2.SayResponse, expected=2)
    request = echo_modules.pb2.SayRequest()
    with serve(held.say, workers=2, streams=1) as running, ThreadPoolExecutor(2) as pool:
        calls = [pool.submit(running.stub.Say, request, timeout=10) for _ in range(2)]
        held.wait_until_full()
        for _ in range(20):
            with pytest.raises(grpc.RpcError) as caught:
                running.stub.Say(request, timeout=10)
            assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
            assert refusal(caught.value).reason == "OVERLOADED"
            assert refusal(caught.value).retry_after == timedelta(seconds=1)
        assert len(list(running.stub.Count(request, timeout=10))) == 3
        assert health(running.server) == SERVING
        with urlopen(f"http://127.0.0.1:{running.server.metrics_port}/metrics", timeout=5) as answer:
            metrics = answer.read().decode()
        held.let_go()
        assert [call.result(10).text for call in calls] == ["done", "done"]
        assert running.stub.Say(request, timeout=10).text == "done"
    labels = 'grpc_code="RESOURCE_EXHAUSTED",grpc_method="Say",grpc_service="echo.v1.EchoService",grpc_type="unary"'
    assert f"grpc_server_handled_total{{{labels}}} 20.0" in metrics


def test_a_full_server_says_so_before_it_looks_at_a_request(serve: Serve, echo_modules: EchoModules) -> None:
    held = Held(echo_modules.pb2.SayResponse, expected=1)
    wrong = echo_modules.pb2.SayRequest(items=[echo_modules.pb2.Item(quantity=-1)])
    with serve(held.say, workers=1) as running, ThreadPoolExecutor(1) as pool:
        call = pool.submit(running.stub.Say, echo_modules.pb2.SayRequest(), timeout=10)
        held.wait_until_full()
        with pytest.raises(grpc.RpcError) as caught:
            running.stub.Say(wrong, timeout=10)
        held.let_go()
        call.result()
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


def test_a_stream_too_many_is_refused_and_leaves_calls_alone(serve: Serve, echo_modules: EchoModules) -> None:
    held = Held(echo_modules.pb2.SayResponse, expected=1)
    request = echo_modules.pb2.SayRequest(text="hi")
    with serve(count=held.count, workers=1, streams=1) as running:
        open_one = running.stub.Count(request, timeout=10)
        held.wait_until_full()
        with pytest.raises(grpc.RpcError) as caught:
            next(running.stub.Count(request, timeout=10))
        assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert running.stub.Say(request, timeout=10).text == "hi"
        held.let_go()
        assert next(open_one).text == "done"


def test_a_stream_that_its_caller_leaves_gives_its_place_back(serve: Serve, echo_modules: EchoModules) -> None:
    ended = threading.Semaphore(0)

    def count(request: Request, context: grpc.ServicerContext) -> Iterator[Reply]:
        gone = threading.Event()
        context.add_callback(gone.set)
        try:
            while not gone.is_set():
                yield echo_modules.pb2.SayResponse(text="tick")
                gone.wait(0.02)
        finally:
            ended.release()

    with serve(count=count, workers=1, streams=1) as running:
        for _ in range(5):
            stream = running.stub.Count(echo_modules.pb2.SayRequest(), timeout=10)
            assert next(stream).text == "tick"
            stream.cancel()
            assert ended.acquire(timeout=5)


def test_a_flood_is_refused_and_the_server_goes_on(serve: Serve, echo_modules: EchoModules) -> None:
    held = Held(echo_modules.pb2.SayResponse, expected=1)
    request = echo_modules.pb2.SayRequest()
    with serve(held.say, workers=1, streams=1) as running:
        first = running.stub.Say.future(request, timeout=10)
        held.wait_until_full()
        flood = [running.stub.Say.future(request, timeout=10) for _ in range(300)]
        codes = {call.code() for call in flood}
        held.let_go()
        assert codes == {grpc.StatusCode.RESOURCE_EXHAUSTED}
        assert first.result(10).text == "done"
        assert running.stub.Say(request, timeout=10).text == "done"


def test_ready_is_what_the_checks_say_and_liveness_is_not(serve: Serve) -> None:
    for answer, status in ((True, SERVING), (False, NOT_SERVING)):
        with serve(ready_when=[lambda answer=answer: answer]) as running:
            assert health(running.server) == status
            assert health(running.server, "liveness") == SERVING


def test_a_check_that_raises_is_a_no(serve: Serve) -> None:
    with serve(ready_when=[lambda: 1 / 0]) as running:
        assert health(running.server) == NOT_SERVING


def test_a_check_that_hangs_is_a_no_in_time_and_liveness_still_answers(serve: Serve) -> None:
    free = threading.Event()
    with serve(ready_when=[lambda: free.wait(20)]) as running, ThreadPoolExecutor(2) as pool:
        ready = [pool.submit(health, running.server) for _ in range(2)]
        assert health(running.server, "liveness") == SERVING
        assert [each.result(5) for each in ready] == [NOT_SERVING, NOT_SERVING]
        free.set()


def test_health_of_an_unknown_service_is_not_found(serve: Serve) -> None:
    with serve() as running, pytest.raises(grpc.RpcError) as caught:
        health(running.server, "nobody")
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND
