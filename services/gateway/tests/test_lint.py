"""The lints, each against a proto that breaks it."""

from pathlib import Path

import google.api
import grpc_tools
import pytest
from grpc_tools import protoc
from souk_gateway import lint
from souk_gateway.descriptors import COMMITTED, load

HEAD = """
syntax = "proto3";
package bad.shop.v1;
import "google/api/annotations.proto";
import "google/protobuf/field_mask.proto";
import "google/protobuf/struct.proto";
import "google/protobuf/timestamp.proto";
import "google/rpc/status.proto";
message Thing { string name = 1; Thing parent = 2; map<string, string> labels = 3; google.protobuf.Struct extra = 4; }
message Named { string name = 1; bool flag = 2; repeated string names = 3; google.protobuf.Timestamp at = 4; }
message Filter { Thing thing = 1; }
message Listed { repeated Named many = 1; }
message Update { Named thing = 1; google.protobuf.FieldMask update_mask = 2; }
message Event { oneof event { Named thing = 1; google.rpc.Status error = 2; } }
"""
INCLUDES = [Path(grpc_tools.__file__).parent / "_proto", Path(google.api.__path__[0]).parents[1]]


def compiled(folder: Path, methods: str, details: str = "google/rpc/error_details.proto") -> Path:
    (folder / "bad.proto").write_text(f"{HEAD}\nservice Shop {{\n{methods}\n}}")
    includes = [f"-I{one}" for one in (folder, *INCLUDES)]
    output = folder / "set.binpb"
    files = ["bad.proto", *([details] if details else [])]
    assert protoc.main(["protoc", *includes, "--include_imports", f"--descriptor_set_out={output}", *files]) == 0
    return output


def rpc(name: str, signature: str, option: str) -> str:
    return f"rpc {name}{signature} {{ option (google.api.http) = {{{option}}}; }}"


GOOD = [
    rpc("GetOne", "(Named) returns (Thing)", 'get: "/v1/{name=things/*}"'),
    rpc("UpdateOne", "(Update) returns (Named)", 'patch: "/v1/{thing.name=things/*}" body: "thing"'),
    rpc("WatchOne", "(Named) returns (stream Event)", 'get: "/v1/{name=things/*}:watch"'),
]
BAD = {
    "takes the same calls as bad.shop.v1.Shop.GetOne": rpc(
        "A", "(Named) returns (Named)", 'get: "/v1/{name=things/*}"'
    ),
    "response_body 'name'": rpc("A", "(Named) returns (Named)", 'get: "/v1/a" response_body: "name"'),
    "has a body": rpc("A", "(Named) returns (Named)", 'delete: "/v1/a" body: "*"'),
    "body 'nothing' is no field": rpc("A", "(Named) returns (Named)", 'post: "/v1/a" body: "nothing"'),
    "parent is a query parameter of GET /v1/a, but bad.shop.v1.Thing contains itself": rpc(
        "A", "(Filter) returns (Named)", 'get: "/v1/a"'
    ),
    "labels is a query parameter of GET /v1/a, but a map": rpc("A", "(Thing) returns (Named)", 'get: "/v1/a"'),
    "extra is a query parameter of GET /v1/a, but a google.protobuf.Struct": rpc(
        "A", "(Thing) returns (Named)", 'get: "/v1/a"'
    ),
    "many is a query parameter of GET /v1/a, but a list of messages": rpc(
        "A", "(Listed) returns (Named)", 'get: "/v1/a"'
    ),
    "{flag} in GET /v1/{flag} is neither": rpc("A", "(Named) returns (Named)", 'get: "/v1/{flag}"'),
    "{names} in GET /v1/{names} is neither": rpc("A", "(Named) returns (Named)", 'get: "/v1/{names}"'),
    "{thing} in GET /v1/{thing} is no field": rpc("A", "(Named) returns (Named)", 'get: "/v1/{thing}"'),
    "bad.shop.v1.Named can't carry an error": rpc("A", "(Named) returns (stream Named)", 'get: "/v1/a"'),
    "only the first message": rpc("A", "(stream Named) returns (Named)", 'post: "/v1/{name=a/*}" body: "*"'),
    "PATCH without an update mask": rpc("A", "(Named) returns (Named)", 'patch: "/v1/{name=a/*}" body: "*"'),
    "has no google.api.http, though its service is public": "rpc A(Named) returns (Named);",
    "a path can't be read": rpc("A", "(Named) returns (Named)", 'get: "v1/a"'),
}


def test_the_protos_of_the_platform_are_well() -> None:
    assert list(lint.check(load(COMMITTED))) == []


def test_good_protos_pass(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert lint.report(compiled(tmp_path, "\n".join(GOOD))) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("what", BAD)
def test_a_bad_proto_is_refused_with_where_what_and_fix(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], what: str
) -> None:
    assert lint.report(compiled(tmp_path, "\n".join([*GOOD, BAD[what]]))) == 1
    said = capsys.readouterr().err
    assert what in said
    assert all(line.startswith(("error: ", "  ")) for line in said.splitlines())


def test_a_set_without_the_details_of_errors_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert lint.report(compiled(tmp_path, "\n".join(GOOD), details="")) == 1
    assert "google.rpc.ErrorInfo is missing" in capsys.readouterr().err


def test_a_set_that_fits_into_no_config_map_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = compiled(tmp_path, "\n".join(GOOD))
    fillers = "\n".join(f"message Filler{i:05} {{ string {'x' * 60} = 1; }}" for i in range(9000))
    (tmp_path / "filler.proto").write_text(f'syntax = "proto3";\npackage filler.v1;\n{fillers}')
    output = f"--descriptor_set_out={path}"
    includes = [f"-I{one}" for one in (tmp_path, *INCLUDES)]
    files = ["bad.proto", "filler.proto", "google/rpc/error_details.proto"]
    assert protoc.main(["protoc", *includes, "--include_imports", output, *files]) == 0
    assert lint.report(path) == 1
    assert "more than the 921,600 that leave room in a ConfigMap" in capsys.readouterr().err
