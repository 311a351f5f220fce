"""What JSON really is for each kind of field, in the document."""

from pathlib import Path

import pytest
from souk_gateway.openapi import document, render
from souk_gateway.testing import Json

from .protos import compiled

LAB = """
syntax = "proto3";
// A lab.
package souk.lab.v1;
import "buf/validate/validate.proto";
import "google/api/annotations.proto";
import "google/api/httpbody.proto";
import "google/protobuf/any.proto";
import "google/protobuf/duration.proto";
import "google/protobuf/field_mask.proto";
import "google/protobuf/struct.proto";
import "google/protobuf/timestamp.proto";
import "google/protobuf/wrappers.proto";
// Tries things.
service Lab {
  // Tries all of them. And more.
  rpc Try(Thing) returns (Thing) { option (google.api.http) = {post: "/v1/things" body: "*"}; }
  // Finds.
  rpc Find(Query) returns (Thing) {
    option (google.api.http) = {get: "/v1/things" additional_bindings {get: "/v2/{place.shelf=shelves/*}/things"}};
  }
  // Reads as it is.
  rpc Download(Named) returns (google.api.HttpBody) { option (google.api.http) = {get: "/v1/files/{name=**}"}; }
  // Writes as it is.
  rpc Upload(Blob) returns (Thing) { option (google.api.http) = {post: "/v1/files/{name=**}" body: "blob"}; }
}
// A place.
message Place { string shelf = 1; int32 row = 2; }
// How.
enum Kind { KIND_UNSPECIFIED = 0; KIND_GOOD = 1; }
// What is looked for.
message Query { Place place = 1; repeated Kind kinds = 2; bytes hash = 3; uint64 least = 4; }
// Something named.
message Named { string name = 1; }
// Something raw.
message Blob { string name = 1; google.api.HttpBody blob = 2; }
// All kinds.
message Thing {
  int32 small = 1 [(buf.validate.field).int32 = {gt: 0 lt: 10}];
  int64 large = 2 [(buf.validate.field).int64.gte = 5];
  double real = 3;
  bytes raw = 4;
  map<string, Place> places = 5;
  google.protobuf.Duration wait = 6;
  google.protobuf.Timestamp at = 7;
  google.protobuf.FieldMask mask = 8;
  google.protobuf.Struct free = 9;
  google.protobuf.Any any = 10;
  google.protobuf.Int64Value wrapped = 11;
  oneof choice { string left = 12; Thing right = 13; }
  optional string maybe = 14;
  string color = 15 [(buf.validate.field).string = {in: ["red", "blue"]}];
  string mail = 16 [(buf.validate.field).string.email = true];
  repeated string tags = 17 [(buf.validate.field).repeated = {unique: true, items: {string: {max_bytes: 5}}}];
  bool required = 18 [(buf.validate.field).required = true];
}
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Json:
    return document(compiled(tmp_path_factory.mktemp("lab"), LAB))


@pytest.mark.parametrize(
    ("field", "schema"),
    [
        ("small", {"type": "integer", "format": "int32", "exclusiveMinimum": 0, "exclusiveMaximum": 10}),
        ("raw", {"type": "string", "format": "byte", "contentEncoding": "base64"}),
        (
            "places",
            {"type": "object", "additionalProperties": {"$ref": "#/components/schemas/souk.lab.v1.Place.Input"}},
        ),
        ("at", {"type": "string", "format": "date-time"}),
        ("free", {"type": "object", "additionalProperties": True}),
        ("left", {"type": "string"}),
        ("right", {"$ref": "#/components/schemas/souk.lab.v1.Thing.Input"}),
        ("color", {"type": "string", "enum": ["red", "blue"]}),
        ("mail", {"type": "string", "format": "email"}),
        ("tags", {"type": "array", "uniqueItems": True, "items": {"type": "string", "maxLength": 5}}),
    ],
)
def test_a_field_is_what_json_makes_of_it_within_its_rules(lab: Json, field: str, schema: dict[str, object]) -> None:
    described = sent(lab)["properties"][field]
    assert {**described, **schema} == described


@pytest.mark.parametrize(
    ("field", "kind"), [("wait", "string"), ("mask", "string"), ("wrapped", "string"), ("any", "object")]
)
def test_messages_that_json_writes_in_its_own_way_are_described_so(lab: Json, field: str, kind: str) -> None:
    assert sent(lab)["properties"][field]["type"] == kind


def test_a_number_of_64_bits_is_a_string_whose_bounds_are_a_pattern_and_words(lab: Json) -> None:
    large = sent(lab)["properties"]["large"]
    assert large["type"] == "string"
    assert large["pattern"].startswith("^([5-9]|[1-9][0-9]|")
    assert large["description"] == "Must be at least 5."


def test_only_what_a_rule_requires_must_be_sent_and_what_has_presence_may_be_missing_in_an_answer(lab: Json) -> None:
    assert sent(lab)["required"] == ["required"]
    given = lab["components"]["schemas"]["souk.lab.v1.Thing"]["required"]
    assert {"small", "raw", "places", "tags", "color"} <= {*given}
    assert {"wait", "left", "right", "maybe", "wrapped"}.isdisjoint(given)


def test_fields_of_messages_are_query_parameters_by_dots_less_what_the_path_gives(lab: Json) -> None:
    find = lab["paths"]["/v1/things"]["get"]
    assert [one["name"] for one in find["parameters"]] == ["place.shelf", "place.row", "kinds", "hash", "least"]
    second = lab["paths"]["/v2/shelves/{shelve}/things"]["get"]
    assert [one["name"] for one in second["parameters"]] == ["shelve", "place.row", "kinds", "hash", "least"]
    assert (find["operationId"], second["operationId"]) == ("Lab_Find", "Lab_Find_2")


def test_what_is_no_json_is_described_as_bytes(lab: Json) -> None:
    download = lab["paths"]["/v1/files/{file}"]["get"]
    assert download["parameters"][0]["schema"]["pattern"] == "^[^:]+$"
    assert download["responses"]["200"]["content"] == {"*/*": {"schema": {"type": "string", "format": "binary"}}}
    upload = lab["paths"]["/v1/files/{file}"]["post"]
    assert upload["requestBody"]["content"] == {"*/*": {"schema": {"type": "string", "format": "binary"}}}


def test_the_first_sentence_of_a_comment_is_the_summary(lab: Json) -> None:
    tried = lab["paths"]["/v1/things"]["post"]
    assert (tried["summary"], tried["description"]) == ("Tries all of them", "Tries all of them. And more.")


def test_the_same_protos_give_the_same_bytes(tmp_path: Path) -> None:
    assert render(compiled(tmp_path, LAB)) == render(compiled(tmp_path, LAB))


def sent(lab: Json) -> Json:
    return lab["paths"]["/v1/things"]["post"]["requestBody"]["content"]["application/json"]["schema"]
