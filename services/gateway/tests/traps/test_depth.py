"""A body that nests deeper than Python's protobuf reads."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import grpc
import pytest
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message_factory import GetMessageClass
from souk_gateway.descriptors import load
from souk_gateway.testing import HOST, Backend, running

from ..protos import OURS, compile_all  # noqa: TID252 the tests are no package that could be named
from .plain import running_plain

TRAP = """
syntax = "proto3";
package souk.trap.v1;
import "google/api/annotations.proto";
import "google/protobuf/empty.proto";
import "google/protobuf/struct.proto";
service TrapService {
  rpc Keep(KeepRequest) returns (google.protobuf.Empty) {
    option (google.api.http) = {post: "/v1/things" body: "*"};
  }
}
message KeepRequest { google.protobuf.Struct thing = 1; }
"""


@pytest.fixture
def trap(tmp_path: Path) -> Path:
    """The descriptor set."""
    (tmp_path / "trap.proto").write_text(TRAP)
    return compile_all(tmp_path, OURS, ["trap.proto", "google/rpc/status.proto"])


@contextmanager
def keeping(trap: Path) -> Iterator[str]:
    """A service that takes whatever it can read; its address."""
    request = GetMessageClass(load(trap).message("souk.trap.v1.KeepRequest"))
    handler = grpc.unary_unary_rpc_method_handler(
        lambda _request, _context: Empty(), request.FromString, Empty.SerializeToString
    )
    server = grpc.server(ThreadPoolExecutor(2))
    server.add_generic_rpc_handlers(
        [grpc.method_handlers_generic_handler("souk.trap.v1.TrapService", {"Keep": handler})]
    )
    port = server.add_insecure_port(f"{HOST}:0")
    server.start()
    yield f"{HOST}:{port}"
    server.stop(0).wait()


def nested(levels: int) -> bytes:
    return b'{"thing": ' + b'{"a": ' * levels + b"1" + b"}" * levels + b"}"


def test_deep_json_reaches_python_which_fails(trap: Path, tmp_path: Path) -> None:
    with keeping(trap) as address:
        with running_plain(Backend(address=address), tmp_path, load(trap)) as plain:
            assert plain.gateway.call("POST", "/v1/things", nested(20)).status == 200
            failed = plain.gateway.call("POST", "/v1/things", nested(50))
            assert (failed.status, failed.json["message"]) == (500, "Exception deserializing request!")
        ours = {"TRAP_ADDRESS": address, "DESCRIPTOR_SET": str(trap)}
        with running(ours, tmp_path / "log") as gateway:
            assert gateway.call("POST", "/v1/things", nested(30)).status == 200
            refused = gateway.call("POST", "/v1/things", nested(50))
            assert (refused.status, refused.reason) == (400, "BODY_TOO_DEEP")
