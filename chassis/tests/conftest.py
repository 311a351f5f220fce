"""A tiny service, compiled from its proto when the tests begin, and a real server around it."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import grpc
import pytest
from buf.validate import validate_pb2
from google.api import field_behavior_pb2
from google.protobuf import descriptor_pb2, descriptor_pool, field_mask_pb2, struct_pb2, timestamp_pb2
from google.protobuf.descriptor import FileDescriptor
from grpc_tools import protoc
from souk_chassis.client import channel
from souk_chassis.testing import local_settings, serving

from .world import Echo, EchoModules, Running, Serve

HERE = Path(__file__).parent
PROTO = "echo/v1/echo.proto"
KNOWN = [module.DESCRIPTOR for module in (validate_pb2, field_behavior_pb2, field_mask_pb2, struct_pb2, timestamp_pb2)]


@pytest.fixture(scope="session")
def echo_modules(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EchoModules]:
    target = tmp_path_factory.mktemp("generated")
    known = descriptor_pb2.FileDescriptorSet()
    for name in dict.fromkeys(name for file in KNOWN for name in _imports(file)):
        descriptor_pool.Default().FindFileByName(name).CopyToProto(known.file.add())
    (target / "known.binpb").write_bytes(known.SerializeToString())
    arguments = [f"--python_out={target}", f"--grpc_python_out={target}", f"--descriptor_set_in={target}/known.binpb"]
    assert protoc.main(["protoc", f"-I{HERE}/protos", *arguments, PROTO]) == 0
    sys.path.insert(0, str(target))
    try:
        yield EchoModules(import_module("echo.v1.echo_pb2"), import_module("echo.v1.echo_pb2_grpc"))
    finally:
        sys.path.remove(str(target))


def _imports(file: FileDescriptor) -> list[str]:
    return [name for each in file.dependencies for name in _imports(each)] + [file.name]


@pytest.fixture
def serve(echo_modules: EchoModules) -> Serve:
    """Starts a server: `with serve(say=…, workers=1) as running`."""

    @contextmanager
    def start(
        say: Callable[..., Any] | None = None,
        count: Callable[..., Any] | None = None,
        ready_when: Sequence[Callable[[], bool]] = (),
        **values: object,
    ) -> Iterator[Running]:
        reply = echo_modules.pb2.SayResponse
        echo = Echo(
            say or (lambda request, _: reply(text=request.text)),
            count or (lambda request, _: (reply(text=f"{number}") for number in range(3))),
        )
        add = echo_modules.grpc.add_EchoServiceServicer_to_server
        with ExitStack() as stack:
            server = stack.enter_context(
                serving([(add, echo, "echo.v1.EchoService")], local_settings(**values), ready_when)
            )
            address = f"127.0.0.1:{server.port}"
            opened = stack.enter_context(channel(address))
            raw = stack.enter_context(grpc.insecure_channel(address))
            yield Running(server, echo_modules.grpc.EchoServiceStub(opened), raw, echo)

    return start


@pytest.fixture
def running(serve: Serve) -> Iterator[Running]:
    """A server that answers with the text of the request."""
    with serve() as started:
        yield started
