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
message Named {
  string name = 1;
  bool flag = 2;
  repeated string names = 3;
  google.protobuf.Timestamp at = 4;
  string etag = 5;
  string request_id = 6;
  Kind kind = 7;
}
enum Kind { KIND_UNSPECIFIED = 0; }
message Bare { string name = 1; string request_id = 2; }
message BareUpdate { Bare bare = 1; google.protobuf.FieldMask update_mask = 2; string request_id = 3; }
message Sound { string name = 1; string etag = 2; string request_id = 3; }
message SoundUpdate { Sound sound = 1; google.protobuf.FieldMask update_mask = 2; string request_id = 3; }
message Ask { int32 page_size = 1; string page_token = 2; }
message Page { repeated Named things = 1; string next_page_token = 2; }
message Filter { Thing thing = 1; }
message Listed { repeated Named many = 1; }
message Update { Named thing = 1; google.protobuf.FieldMask update_mask = 2; string request_id = 3; }
message Event { oneof event { Named thing = 1; google.rpc.Status error = 2; } }
"""
INCLUDES = [Path(grpc_tools.__file__).parent / "_proto", Path(google.api.__path__[0]).parents[1]]


def compiled(folder: Path, methods: str, details: str = "google/rpc/error_details.proto") -> Path:
    (folder / "bad.proto").write_text(f"{HEAD}\nservice Shop {{\n{methods}\n}}")
    includes = [f"-I{one}" for one in (folder, *INCLUDES)]
    output = folder / "set.binpb"
    files = ["bad.proto", *([details] if details else [])]
    options = ["--include_imports", "--include_source_info", f"--descriptor_set_out={output}"]
    assert protoc.main(["protoc", *includes, *options, *files]) == 0
    return output


def rpc(name: str, signature: str, option: str) -> str:
    return f"rpc {name}{signature} {{ option (google.api.http) = {{{option}}}; }}"


GOOD = [
    rpc("GetOne", "(Named) returns (Thing)", 'get: "/v1/{name=things/*}"'),
    rpc("UpdateOne", "(Update) returns (Named)", 'patch: "/v1/{thing.name=things/*}" body: "thing"'),
    rpc("UpdateSound", "(SoundUpdate) returns (Sound)", 'patch: "/v1/{sound.name=sounds/*}" body: "sound"'),
    rpc("DeleteSound", "(Sound) returns (Sound)", 'delete: "/v1/{name=sounds/*}"'),
    rpc("ListAll", "(Ask) returns (Page)", 'get: "/v1/things"'),
    rpc("SearchAll", "(Bare) returns (Page)", 'post: "/v1/things:search" body: "*"'),
    rpc("WatchOne", "(Named) returns (stream Event)", 'get: "/v1/{name=things/*}:watch"'),
]
BAD = {
    "takes the same calls as bad.shop.v1.Shop.GetOne": rpc(
        "A", "(Named) returns (Named)", 'get: "/v1/{name=things/*}"'
    ),
    "takes some of the calls of bad.shop.v1.Shop.GetOne at GET /v1/{name=things/*}": rpc(
        "A", "(Named) returns (Named)", 'get: "/v1/things/special"'
    ),
    "takes some of the calls of bad.shop.v1.Shop.WatchOne": rpc(
        "A", "(Named) returns (Named)", 'get: "/v1/{name=**}:watch"'
    ),
    "* /v1/things takes the same calls as bad.shop.v1.Shop.ListAll": rpc(
        "SearchOther", "(Named) returns (Named)", 'custom: {kind: "*" path: "/v1/things"}'
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
    "{kind} in GET /v1/{kind} is neither": rpc("A", "(Named) returns (Named)", 'get: "/v1/{kind}"'),
    "{names} in GET /v1/{names} is neither": rpc("A", "(Named) returns (Named)", 'get: "/v1/{names}"'),
    "{thing} in GET /v1/{thing} is no field": rpc("A", "(Named) returns (Named)", 'get: "/v1/{thing}"'),
    "bad.shop.v1.Named can't carry an error": rpc("A", "(Named) returns (stream Named)", 'get: "/v1/a"'),
    "only the first message": rpc("A", "(stream Named) returns (Named)", 'post: "/v1/{name=a/*}" body: "*"'),
    "PATCH without an update mask": rpc("A", "(Named) returns (Named)", 'patch: "/v1/{name=a/*}" body: "*"'),
    "an update that is no PATCH": rpc("UpdateTwo", "(Update) returns (Named)", 'put: "/v1/two" body: "thing"'),
    "bad.shop.v1.Bare can be updated, but has no etag": rpc(
        "UpdateBare", "(BareUpdate) returns (Bare)", 'patch: "/v1/{bare.name=bares/*}" body: "bare"'
    ),
    "deletes a Named that somebody may just have changed": rpc(
        "DeleteNamed", "(Bare) returns (Named)", 'delete: "/v1/{name=things/*}"'
    ),
    "changes something, but can't be repeated": rpc("A", "(Ask) returns (Page)", 'post: "/v1/a" body: "*"'),
    "a list without page_size": rpc("ListA", "(Named) returns (Page)", 'get: "/v1/a"'),
    "a list without page_token": rpc("ListA", "(Named) returns (Page)", 'get: "/v1/a"'),
    "a list without next_page_token": rpc("ListA", "(Ask) returns (Named)", 'get: "/v1/a"'),
    "has no google.api.http, though its service is public": "rpc A(Named) returns (Named);",
    "a path can't be read": rpc("A", "(Named) returns (Named)", 'get: "v1/a"'),
}


def test_the_protos_of_the_platform_are_well() -> None:
    assert list(lint.check(load(COMMITTED))) == []


def test_good_protos_pass(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert lint.report(compiled(tmp_path, "\n".join(GOOD)), "protos/") == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("what", BAD)
def test_a_bad_proto_is_refused_with_where_what_and_fix(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], what: str
) -> None:
    assert lint.report(compiled(tmp_path, "\n".join([*GOOD, BAD[what]])), "protos/") == 1
    said = capsys.readouterr().err.splitlines()
    line = (tmp_path / "bad.proto").read_text().splitlines().index(BAD[what]) + 1
    place = f"error: protos/bad.proto:{line}: bad.shop.v1.Shop."
    about = next(index for index, one in enumerate(said) if what in one)
    assert said[about].startswith(place)
    assert said[about + 1].startswith("  ")


def test_without_source_info_a_problem_is_told_by_name_only(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = compiled(tmp_path, "rpc A(Named) returns (Named);\n" + "\n".join(GOOD))
    path.write_bytes(load(path).serialized())
    assert lint.report(path, "protos/") == 1
    assert capsys.readouterr().err.startswith("error: bad.shop.v1.Shop.A: has no google.api.http")


def test_a_set_without_the_details_of_errors_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert lint.report(compiled(tmp_path, "\n".join(GOOD), details=""), "") == 1
    assert "google.rpc.ErrorInfo is missing" in capsys.readouterr().err


def test_a_set_that_fits_into_no_config_map_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = compiled(tmp_path, "\n".join(GOOD))
    fillers = "\n".join(f"message Filler{i:05} {{ string {'x' * 60} = 1; }}" for i in range(9000))
    (tmp_path / "filler.proto").write_text(f'syntax = "proto3";\npackage filler.v1;\n{fillers}')
    output = f"--descriptor_set_out={path}"
    includes = [f"-I{one}" for one in (tmp_path, *INCLUDES)]
    files = ["bad.proto", "filler.proto", "google/rpc/error_details.proto"]
    assert protoc.main(["protoc", *includes, "--include_imports", output, *files]) == 0
    assert lint.report(path, "") == 1
    assert "more than the 921,600 that leave room in a ConfigMap" in capsys.readouterr().err
