"""A call carries its trace on, and its caller's own metadata stays what it was."""

import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from threading import Thread

import grpc
import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import RequestReceived
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind
from souk_chassis.client import channel
from souk_chassis.errors import Refused

from .world import EchoModules, Reply, Request, Serve

KEY = "7f1b6e0c-8a57-4a51-9a0d-3f1d6f2f4e11"


@pytest.fixture
def tracer() -> trace.Tracer:
    if not isinstance(trace.get_tracer_provider(), TracerProvider):
        trace.set_tracer_provider(TracerProvider())
    return trace.get_tracer("test")


@pytest.mark.parametrize("method", ["Say", "Count"])
def test_the_trace_goes_through_two_services(
    serve: Serve, echo_modules: EchoModules, tracer: trace.Tracer, method: str
) -> None:
    seen = []

    def inner(request: Request, context: grpc.ServicerContext) -> Reply:
        seen.append(trace.get_current_span().get_span_context().trace_id)
        return echo_modules.pb2.SayResponse()

    def outer(request: Request, context: grpc.ServicerContext) -> Reply:
        if method == "Say":
            return peer.stub.Say(request)
        return next(peer.stub.Count(request))

    with (
        serve(inner, count=lambda *call: iter([inner(*call)])) as peer,
        serve(outer) as running,
        tracer.start_as_current_span("test") as span,
    ):
        running.stub.Say(echo_modules.pb2.SayRequest(), timeout=5)
    assert seen == [span.get_span_context().trace_id]


def test_metadata_that_the_caller_gives_goes_along(serve: Serve, echo_modules: EchoModules) -> None:
    def say(request: Request, context: grpc.ServicerContext) -> Reply:
        return echo_modules.pb2.SayResponse(text=dict(context.invocation_metadata())["idempotency-key"])

    with serve(say) as running:
        request = echo_modules.pb2.SayRequest(request_id="0b1f7e0a-5d0c-4b1e-9e55-3f7d7f0f2a11")
        assert running.stub.Say(request, metadata=[("idempotency-key", KEY)], timeout=5).text == KEY


def test_a_stream_can_be_cancelled(serve: Serve, echo_modules: EchoModules) -> None:
    with serve() as running:
        stream = running.stub.Count(echo_modules.pb2.SayRequest(), timeout=5)
        assert next(stream).text == "0"
        assert stream.cancel()


def test_a_peer_that_comes_back_is_found_within_seconds(serve: Serve, echo_modules: EchoModules) -> None:
    with serve() as first:
        port = first.server.port
        stub, keep = first.stub, first
        stub.Say(echo_modules.pb2.SayRequest(), timeout=5)
        first.server.stop()
        with serve(grpc_port=port):
            answer = stub.Say(echo_modules.pb2.SayRequest(text="back"), timeout=5, wait_for_ready=True)
    assert answer.text == "back"
    assert keep


@pytest.fixture
def spans(tracer: trace.Tracer) -> Iterator[Callable[[], Mapping[tuple[SpanKind, str], ReadableSpan]]]:
    """What was traced, by kind and name."""
    exporter = InMemorySpanExporter()
    processor = SimpleSpanProcessor(exporter)
    provider = trace.get_tracer_provider()
    assert isinstance(provider, TracerProvider)
    provider.add_span_processor(processor)
    yield lambda: {(span.kind, span.name): span for span in exporter.get_finished_spans()}
    processor.shutdown()


def test_a_call_is_a_span_at_its_caller_and_one_at_its_callee_below_it(
    serve: Serve, echo_modules: EchoModules, spans: Callable[[], Mapping[tuple[SpanKind, str], ReadableSpan]]
) -> None:
    with serve(lambda *_: echo_modules.pb2.SayResponse()) as running:
        running.stub.Say(echo_modules.pb2.SayRequest(), timeout=5)
    client, server = (spans()[kind, "echo.v1.EchoService/Say"] for kind in (SpanKind.CLIENT, SpanKind.SERVER))
    assert server.parent is not None
    assert server.parent.span_id == client.context.span_id
    for span in (client, server):
        assert span.attributes == {
            "rpc.system": "grpc",
            "rpc.service": "echo.v1.EchoService",
            "rpc.method": "Say",
            "rpc.grpc.status_code": 0,
        }
        assert span.status.is_unset


def test_a_refused_call_says_so_in_both_spans(
    serve: Serve, echo_modules: EchoModules, spans: Callable[[], Mapping[tuple[SpanKind, str], ReadableSpan]]
) -> None:
    def say(request: Request, context: grpc.ServicerContext) -> Reply:
        raise Refused("SOLD_OUT", "nothing left")

    with serve(say) as running, pytest.raises(grpc.RpcError):
        running.stub.Say(echo_modules.pb2.SayRequest(), timeout=5)
    client, server = (spans()[kind, "echo.v1.EchoService/Say"] for kind in (SpanKind.CLIENT, SpanKind.SERVER))
    assert client.attributes
    assert server.attributes
    assert client.attributes["rpc.grpc.status_code"] == server.attributes["rpc.grpc.status_code"] == 9
    assert server.attributes["error.type"] == "SOLD_OUT"
    assert not client.status.is_ok


class Refusing(Thread):
    """A peer that takes no stream, as one that is full: REFUSED_STREAM says that nothing was done, so try again."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._socket.getsockname()[1])
        self.asked = 0
        self.start()

    def run(self) -> None:
        peer, _ = self._socket.accept()
        connection = H2Connection(H2Configuration(client_side=False))
        connection.initiate_connection()
        with peer, suppress(ConnectionError):
            peer.sendall(connection.data_to_send())
            while received := peer.recv(65536):
                for event in connection.receive_data(received):
                    if isinstance(event, RequestReceived):
                        self.asked += 1
                        connection.reset_stream(event.stream_id, ErrorCodes.REFUSED_STREAM)
                peer.sendall(connection.data_to_send())


def test_a_call_is_not_tried_again_by_the_client_since_the_mesh_does(echo_modules: EchoModules) -> None:
    peer = Refusing()
    with channel(f"127.0.0.1:{peer.port}") as to_peer, pytest.raises(grpc.RpcError) as caught:
        echo_modules.grpc.EchoServiceStub(to_peer).Say(echo_modules.pb2.SayRequest(), timeout=10)
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
    assert peer.asked == 1
