"""What can't be served is refused by name before anything is generated from it."""

from __future__ import annotations

from pathlib import Path

import pytest
from souk_gateway.acceptance import accepted
from souk_gateway.descriptors import Refused

from .protos import OURS, compile_all

LAB = """
syntax = "proto3";
package souk.lab.v1;
import "google/api/annotations.proto";
import "google/rpc/status.proto";
message Inner { string text = 1; }
message Ask { string name = 1; Inner inner = 2; }
service LabService { rpc Do(Ask) returns (Ask) { option (google.api.http) = {%s}; } }
"""


@pytest.mark.parametrize(
    ("binding", "what"),
    [
        ('post: "/v1/things" body: "nothing"', "body 'nothing' is no field of souk.lab.v1.Ask"),
        ('post: "/v1/things" body: "inner.text"', "body 'inner.text' is no field of souk.lab.v1.Ask"),
        ('get: "/v1/{nothing}"', "{nothing} in GET /v1/{nothing} is no field of souk.lab.v1.Ask"),
    ],
)
def test_a_binding_that_names_no_field(tmp_path: Path, binding: str, what: str) -> None:
    (tmp_path / "lab.proto").write_text(LAB % binding)
    descriptors = compile_all(tmp_path, OURS, ["lab.proto"])
    with pytest.raises(Refused) as caught:
        accepted(descriptors)
    assert f"error: souk.lab.v1.LabService.Do: {what}: name one of: name, inner" in str(caught.value)
