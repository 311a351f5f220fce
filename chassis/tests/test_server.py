"""A served program, as a process of its own: its ports, its logs, and how it ends."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from threading import Event
from typing import Any
from urllib.request import urlopen

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from souk_chassis.server import Server, ServerError
from souk_chassis.testing import local_settings

from .world import EchoModules, Running

PROGRAM = """
import sys, threading
sys.path.insert(0, sys.argv[1])
from echo.v1 import echo_pb2, echo_pb2_grpc
from souk_chassis.server import Server
from souk_chassis.settings import ServiceSettings
from souk_chassis.telemetry import telemetry

class Echo:
    def Say(self, request, context):
        if request.text == "slow":
            print("slow begun", flush=True)
            threading.Event().wait(0.5)
        if request.text == "hang":
            print("hang begun", flush=True)
            threading.Event().wait(60)
        if request.text == "fail":
            raise RuntimeError("broken inside")
        return echo_pb2.SayResponse(text=request.text)

    def Count(self, request, context):
        while not server.stopping.wait(0.01):
            yield echo_pb2.SayResponse(text="tick")

settings = ServiceSettings(service_name="echo", version="v7")
with telemetry(settings):
    server = Server(settings)
    server.add(echo_pb2_grpc.add_EchoServiceServicer_to_server, Echo(), "echo.v1.EchoService")
    server.run()
print("left in peace", flush=True)
"""


class Program:
    """The running program and its log."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        assert process.stdout
        self.out = process.stdout
        self.serving = json.loads(self.line_with('"serving"'))
        self.channel = grpc.insecure_channel(f"127.0.0.1:{self.serving['port']}")

    def line_with(self, part: str) -> str:
        for line in self.out:
            if part in line:
                return line
        raise AssertionError(f"the program ended without saying {part}")


Start = Callable[..., AbstractContextManager[tuple[Program, Any]]]


@pytest.fixture
def program(echo_modules: EchoModules) -> Start:
    @contextmanager
    def start(**environment: str) -> Iterator[tuple[Program, Any]]:
        generated = str(Path(echo_modules.pb2.__file__).parents[2])
        free = {"LISTEN_HOST": "127.0.0.1", "GRPC_PORT": "0", "HEALTH_PORT": "0", "METRICS_PORT": "0"}
        with subprocess.Popen(
            [sys.executable, "-c", PROGRAM, generated],
            env={**os.environ, **free, "DATABASE_URL": "sqlite:///none.db", **environment},
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                running = Program(process)
                with running.channel:
                    yield running, echo_modules.grpc.EchoServiceStub(running.channel)
            finally:
                process.kill()

    return start


def test_sigterm_lets_running_calls_end_takes_no_more_and_exits_with_0(
    program: Start, echo_modules: EchoModules
) -> None:
    say = echo_modules.pb2.SayRequest
    with program() as (running, stub), ThreadPoolExecutor(1) as pool:
        health = health_pb2_grpc.HealthStub(grpc.insecure_channel(f"127.0.0.1:{running.serving['health_port']}"))
        assert health.Check(health_pb2.HealthCheckRequest(), timeout=5).status == 1
        first_tick = Event()

        def follow() -> Iterator[str]:
            for tick in stub.Count(say(), timeout=20):
                first_tick.set()
                yield tick.text

        ticks = pool.submit(lambda: set(follow()))
        assert first_tick.wait(10)
        slow = stub.Say.future(say(text="slow"), timeout=20)
        running.line_with("slow begun")
        running.process.send_signal(signal.SIGTERM)
        running.line_with('"draining"')
        assert health.Check(health_pb2.HealthCheckRequest(), timeout=5).status == 2
        with (
            grpc.insecure_channel(f"127.0.0.1:{running.serving['port']}") as late,
            pytest.raises(grpc.RpcError) as caught,
        ):
            echo_modules.grpc.EchoServiceStub(late).Say(say(), timeout=5)
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
        assert slow.result(10).text == "slow"
        assert ticks.result(10) == {"tick"}  # the stream has seen that the server is stopping
        assert running.process.wait(10) == 0
        assert "left in peace" in running.out.read()


def test_a_handler_that_hangs_does_not_keep_the_process(program: Start, echo_modules: EchoModules) -> None:
    with program(DRAIN_SECONDS="0.2") as (running, stub):
        hung = stub.Say.future(echo_modules.pb2.SayRequest(text="hang"), timeout=30)
        running.line_with("hang begun")
        started = time.monotonic()
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(15) == 0
        assert time.monotonic() - started < 10
        assert hung.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED)


def test_each_call_is_one_line_of_json_with_its_outcome_and_its_trace(
    program: Start, echo_modules: EchoModules
) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    with program(VERSION="v7") as (running, stub):
        stub.Say(
            echo_modules.pb2.SayRequest(), metadata=[("traceparent", f"00-{trace}-00f067aa0ba902b7-01")], timeout=5
        )
        entry = json.loads(running.line_with('"rpc"'))
        with pytest.raises(grpc.RpcError):
            stub.Say(echo_modules.pb2.SayRequest(text="fail"), timeout=5)
        traceback, failed = json.loads(running.line_with("broken inside")), json.loads(running.line_with('"rpc"'))
    assert {key: entry[key] for key in ("event", "level", "service", "version", "trace_id", "rpc", "code")} == {
        "event": "call",
        "level": "info",
        "service": "echo",
        "version": "v7",
        "trace_id": trace,
        "rpc": "echo.v1.EchoService/Say",
        "code": "OK",
    }
    assert len(entry["span_id"]) == 16
    assert entry["timestamp"].endswith("Z")
    assert 0 < entry["duration_ms"] < 5000
    assert "RuntimeError" in traceback["exception"]
    assert (failed["level"], failed["code"], failed["trace_id"]) == ("error", "INTERNAL", traceback["trace_id"])


def test_a_log_that_nobody_takes_any_more_costs_no_call(program: Start, echo_modules: EchoModules) -> None:
    with program() as (running, stub):
        running.out.close()
        assert [stub.Say(echo_modules.pb2.SayRequest(text="hi"), timeout=5).text for _ in range(3)] == ["hi"] * 3
        with pytest.raises(grpc.RpcError) as caught:
            stub.Say(echo_modules.pb2.SayRequest(text="fail"), timeout=5)
        assert caught.value.code() is grpc.StatusCode.INTERNAL


def test_metrics_have_the_names_that_the_field_uses(running: Running, echo_modules: EchoModules) -> None:
    running.stub.Say(echo_modules.pb2.SayRequest(), timeout=5)
    with urlopen(f"http://127.0.0.1:{running.server.metrics_port}/metrics", timeout=5) as answer:
        metrics = answer.read().decode()
    method = 'grpc_method="Say",grpc_service="echo.v1.EchoService",grpc_type="unary"'
    assert f"grpc_server_started_total{{{method}}} 1.0" in metrics
    assert f'grpc_server_handled_total{{grpc_code="OK",{method}}} 1.0' in metrics
    assert f"grpc_server_handling_seconds_count{{{method}}} 1.0" in metrics
    assert "process_resident_memory_bytes" in metrics


def test_reflection_lists_the_services(running: Running) -> None:
    stub = reflection_pb2_grpc.ServerReflectionStub(running.raw)
    ask = reflection_pb2.ServerReflectionRequest(list_services="")
    listed = next(stub.ServerReflectionInfo(iter([ask]), timeout=5)).list_services_response.service
    assert {each.name for each in listed} == {"echo.v1.EchoService", "grpc.reflection.v1alpha.ServerReflection"}


@pytest.mark.parametrize("variable", ["grpc_port", "health_port", "metrics_port"])
def test_a_port_that_is_taken_is_named_with_its_variable(variable: str) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        server = Server(local_settings(**{variable: port}))
        with pytest.raises(ServerError, match=f"127.0.0.1:{port}.*{variable.upper()}"):
            server.start()


def test_a_second_server_on_the_same_port_is_refused_instead_of_taking_half_the_calls() -> None:
    first = Server(local_settings())
    first.start()
    try:
        with pytest.raises(ServerError, match=f"127.0.0.1:{first.port}.*GRPC_PORT"):
            Server(local_settings(grpc_port=first.port)).start()
    finally:
        first.stop()


@pytest.mark.parametrize("method", ["Say", "Count"])
def test_a_refusal_is_one_frame_of_headers_that_ends_the_stream(
    running: Running, echo_modules: EchoModules, method: str
) -> None:
    body = echo_modules.pb2.SayRequest(text="x" * 21).SerializeToString()
    frames = exchange(running.server.port, f"/echo.v1.EchoService/{method}", body)
    assert [(kind, flags & 1) for kind, flags in frames] == [(1, 1)]


def exchange(port: int, path: str, body: bytes) -> list[tuple[int, int]]:
    """One call by hand over HTTP/2: the kinds and flags of the frames that answer it."""

    def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
        return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload

    headers = {":method": "POST", ":scheme": "http", ":path": path, ":authority": "echo", "te": "trailers"}
    block = b"".join(  # literal fields without indexing
        b"\0" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()
        for name, value in {**headers, "content-type": "application/grpc"}.items()
    )
    message = b"\0" + len(body).to_bytes(4, "big") + body
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0))
        connection.sendall(frame(1, 4, 1, block) + frame(0, 1, 1, message))
        stream = connection.makefile("rb")
        frames: list[tuple[int, int]] = []
        while not (frames and frames[-1][1] & 1):
            head = stream.read(9)
            stream.read(int.from_bytes(head[:3], "big"))
            if int.from_bytes(head[5:], "big") == 1 and head[3] in (0, 1):
                frames.append((head[3], head[4]))
    return frames
